//! Cards and codes, as drawings and as pictures.

use sightline_card::{CardError, HEIGHT, MOST_CODE, WIDTH, card, png, qr};
use sightline_link::{Milliseconds, Picture, Settings, Shared, SharedAnswer, SharedBox, Source};

fn shared() -> Shared {
    let answer = |model: &str, text: &str, px: [u32; 4], dense: bool| SharedAnswer {
        model: model.into(),
        weights: "a".repeat(64),
        text: text.into(),
        boxes: vec![SharedBox {
            dense,
            label: dense.then(|| "dog".into()),
            px,
            per_mille: dense.then_some(900),
        }],
        times: Milliseconds::from([10, 20, 30, 400, 5]),
        tokens: 12,
        ..SharedAnswer::default()
    };
    Shared {
        picture: Picture {
            source: Source::Gallery("dog".into()),
            size: [300, 200],
        },
        question: "Where is the <dog> & the \"cat\"?".into(),
        settings: Settings::default(),
        device: "NVIDIA H200".into(),
        answers: vec![
            answer(
                "sightline-vmamba-tiny",
                "[0.10, 0.20, 0.80, 0.90]",
                [30, 40, 240, 180],
                false,
            ),
            answer("sightline-vit-tiny", "on the <b>left</b>", [10, 20, 90, 180], true),
        ],
    }
}

/// A grey JPEG file of 300 x 200 px.
fn picture() -> Vec<u8> {
    let grey = image::RgbImage::from_pixel(300, 200, image::Rgb([120, 120, 120]));
    let mut file = std::io::Cursor::new(Vec::new());
    grey.write_to(&mut file, image::ImageFormat::Jpeg).expect("a JPEG file");
    file.into_inner()
}

#[test]
fn a_card_is_drawn_as_before() {
    let drawn = card(&shared(), None);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/card.svg");
    if std::env::var_os("SIGHTLINE_BLESS").is_some() {
        std::fs::write(path, &drawn).expect("the golden file is written");
    }
    let golden = std::fs::read_to_string(path).expect("the golden file");
    assert_eq!(drawn, golden, "SIGHTLINE_BLESS=1 writes it anew");
}

#[test]
fn nothing_of_a_result_is_markup() {
    let mut hostile = shared();
    let text = "\"/><script>alert(1)</script><image href='https://example.org/a.png'/>";
    hostile.question = text.into();
    hostile.device = text.into();
    hostile.answers[0].text = text.into();
    hostile.answers[0].boxes[0].label = Some(text.into());
    let drawn = card(&hostile, None);
    assert_eq!(drawn.matches("<script").count(), 0);
    assert_eq!(drawn.matches("<image").count(), 0);
    resvg::usvg::roxmltree::Document::parse(&drawn).expect("sound XML");
}

#[test]
fn every_shape_of_a_result_has_a_card() {
    for size in [[1, 65_535], [65_535, 1], [1, 1], [4000, 3000]] {
        for count in 1..=4 {
            let mut odd = shared();
            odd.picture.size = size;
            odd.question = "long words ".repeat(45).trim().into();
            let mut answer = odd.answers[0].clone();
            answer.text = "w".repeat(1000);
            answer.boxes[0].px = [0, 0, size[0], size[1]];
            odd.answers = (0..count)
                .map(|n| SharedAnswer {
                    model: format!("model-{n}"),
                    ..answer.clone()
                })
                .collect();
            let drawn = card(&odd, None);
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{size:?} {count}");
        }
    }
}

#[test]
fn a_card_is_a_picture() {
    let svg = card(&shared(), Some(&picture()));
    let file = match png(&svg, 1.0) {
        // A system without fonts gets the sentence, and nothing else.
        Err(error) => return assert_eq!(error, CardError::NoFonts),
        Ok(file) => file,
    };
    let drawn = image::load_from_memory(&file).expect("a PNG file").to_rgb8();
    assert_eq!(drawn.dimensions(), (WIDTH, HEIGHT));
    assert_eq!(drawn.get_pixel(2, 2).0, [255; 3]);
    // The middle of the picture, and the right side of the first box: 240 of 300 px.
    let middle = drawn.get_pixel(348, 356).0;
    assert!(middle.iter().all(|c| c.abs_diff(120) < 8), "{middle:?}");
    assert_eq!(drawn.get_pixel(48 + 480, 400).0, [0x39, 0xa0, 0xff]);
    let dark = |from: [u32; 2], to: [u32; 2]| {
        let all = (from[0]..to[0]).flat_map(|x| (from[1]..to[1]).map(move |y| (x, y)));
        all.filter(|(x, y)| drawn.get_pixel(*x, *y).0[1] < 90).count()
    };
    assert!(dark([48, 40], [700, 100]) > 500, "the question is written");
    assert!(dark([716, 156], [1150, 320]) > 300, "an answer is written");
}

#[test]
fn a_code_holds_a_link_and_no_picture() {
    let link = format!("https://example.org/sightline/#{}", "A".repeat(1960));
    let svg = qr(&link).expect("the longest link without a picture");
    let file = png(&svg, 1.0).expect("a code needs no fonts");
    let drawn = image::load_from_memory(&file).expect("a PNG file").to_luma8();
    assert_eq!(drawn.width(), drawn.height());
    // White around it, and the corner that readers look for.
    assert_eq!(drawn.get_pixel(0, 0).0, [255]);
    assert!(drawn.pixels().filter(|pixel| pixel.0[0] == 0).count() > 10_000);
    let found = MOST_CODE + 1;
    let error = CardError::TooLong { found, most: MOST_CODE };
    assert_eq!(qr(&"a".repeat(found)), Err(error));
}
