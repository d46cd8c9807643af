//! Boxes between the original picture, the padded square and crops, both ways.

use sightline_vision::{Corners, Filter, Frame, Picture, Policy, Transform};

fn assert_near(a: Corners, b: Corners) {
    let far = [(a.x1, b.x1), (a.y1, b.y1), (a.x2, b.x2), (a.y2, b.y2)]
        .iter()
        .any(|(a, b)| (a - b).abs() > 1e-9);
    assert!(!far, "{a:?} instead of {b:?}");
}

#[test]
fn padded_square_puts_the_odd_pixel_below() {
    // 101 x 40: 61 px of padding, 30 above and 31 below
    let frame = Frame::padded_square(101, 40);
    let whole = frame.to_fractions(Corners::new(0.0, 0.0, 101.0, 40.0));
    assert_near(whole, Corners::new(0.0, 30.0 / 101.0, 1.0, 70.0 / 101.0));
    assert_near(frame.picture(), whole);
    let wide = Corners::new(0.0, 0.0, 1.0, 1.0);
    assert_near(frame.to_px(wide), Corners::new(0.0, -30.0, 101.0, 71.0));
    assert_near(frame.to_px_inside(wide).unwrap(), Corners::new(0.0, 0.0, 101.0, 40.0));
    assert_eq!(frame.to_px_inside(Corners::new(0.1, 0.0, 0.9, 0.2)), None);
}

#[test]
fn boxes_come_back_from_every_policy() {
    let px = Corners::new(12.5, 30.0, 200.25, 151.0);
    for (width, height) in [(640, 480), (333, 500), (224, 224), (301, 160)] {
        let picture = Picture::from_rgb(width, height, vec![9; (width * height * 3) as usize]).unwrap();
        let square = Frame::padded_square(width, height);
        for (name, policy) in Policy::NAMES {
            let transform = Transform {
                policy,
                size: [224, 320],
                pad: [0; 3],
                filter: Filter::Bilinear,
                mean: [0.5; 3],
                std: [0.5; 3],
            };
            let frame = transform.apply(&picture).unwrap().frame;
            let there = frame.to_fractions(px);
            assert_near(frame.to_px(there), px);
            assert_near(square.convert(square.to_fractions(px), &frame), there);
            assert_near(frame.convert(there, &square), square.to_fractions(px));
            if policy == Policy::Letterbox {
                assert_near(there, square.to_fractions(px));
            }
            assert!(there.x1 < there.x2 && there.y1 < there.y2, "{name}");
        }
    }
}

#[test]
fn a_white_mark_lies_where_its_box_says() {
    // a bright 40 x 20 px block in a dark picture, found again on every canvas
    let (width, height) = (400u32, 260u32);
    let mark = Corners::new(180.0, 110.0, 220.0, 130.0);
    let pixels = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            [if (180..220).contains(&x) && (110..130).contains(&y) {
                255
            } else {
                0
            }; 3]
        })
        .collect();
    let picture = Picture::from_rgb(width, height, pixels).unwrap();
    for (name, policy) in Policy::NAMES {
        let transform = Transform {
            policy,
            size: [224, 320],
            pad: [0; 3],
            filter: Filter::Bilinear,
            mean: [0.5; 3],
            std: [0.5; 3],
        };
        let canvas = transform.canvas(&picture).unwrap();
        let bright: Vec<(usize, usize)> = (0..canvas.pixels.len() / 3)
            .filter(|&i| canvas.pixels[i * 3] > 127)
            .map(|i| (i % canvas.width, i / canvas.width))
            .collect();
        let (left, right) = (
            bright.iter().map(|p| p.0).min().unwrap(),
            bright.iter().map(|p| p.0).max().unwrap() + 1,
        );
        let (top, bottom) = (
            bright.iter().map(|p| p.1).min().unwrap(),
            bright.iter().map(|p| p.1).max().unwrap() + 1,
        );
        let (w, h) = (canvas.width as f64, canvas.height as f64);
        let said = canvas.frame.to_fractions(mark);
        let seen = [left as f64 / w, top as f64 / h, right as f64 / w, bottom as f64 / h];
        for (said, seen) in [said.x1, said.y1, said.x2, said.y2].iter().zip(seen) {
            assert!((said - seen).abs() < 1.5 / w.min(h), "{name}: {said} said, {seen} seen");
        }
    }
}

#[test]
fn crops_have_frames_of_their_own() {
    let crop = Frame::crop(640, 480, Corners::new(100.0, 50.0, 300.0, 150.0)).unwrap();
    let px = Corners::new(150.0, 75.0, 250.0, 100.0);
    assert_near(crop.to_fractions(px), Corners::new(0.25, 0.25, 0.75, 0.5));
    let square = Frame::padded_square(640, 480);
    let there_and_back = square.convert(crop.convert(crop.to_fractions(px), &square), &crop);
    assert_near(there_and_back, crop.to_fractions(px));
    assert_eq!(Frame::crop(640, 480, Corners::new(5.0, 5.0, 5.0, 9.0)), None);
    assert_eq!(Frame::crop(640, 480, Corners::new(0.0, 0.0, f64::INFINITY, 9.0)), None);
}
