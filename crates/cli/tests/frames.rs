//! The frame in which boxes are scored is where a model's transform puts the picture.

use sightline_eval::rules::geometry::{self, CANVAS};
use sightline_vision::{Corners, Filter, Picture, Policy, Transform};

#[test]
fn scored_frames_are_the_transforms() {
    for (name, policy) in Policy::NAMES {
        for (size, pictures) in [
            ([224, 224], [(640, 480), (333, 501), (97, 131), (150, 300)]),
            ([800, 1333], [(640, 480), (1400, 900), (300, 1001), (224, 224)]),
        ] {
            let transform = Transform {
                policy,
                size,
                pad: [127; 3],
                filter: Filter::Bilinear,
                mean: [0.5; 3],
                std: [0.5; 3],
            };
            for (width, height) in pictures {
                let picture = Picture::from_rgb(width, height, vec![9; (width * height * 3) as usize]).unwrap();
                let frame = transform.canvas(&picture).unwrap().frame;
                let [w, h] = [width, height].map(f64::from);
                // In the middle, so that no policy cuts it off.
                let px = [0.42 * w, 0.45 * h, 0.55 * w, 0.57 * h];
                let there = frame.to_fractions(Corners::new(px[0], px[1], px[2], px[3]));
                let scored = geometry::Transform {
                    policy: Some(match name {
                        "letterbox" | "resize-naive" | "resize-crop" => name.to_owned(),
                        other => format!("{CANVAS}{other}"),
                    }),
                    target_resolution: Some(size.map(f64::from)),
                };
                let scored = scored.frame([w, h]);
                let found = scored.project(px, [w, h]).unwrap();
                // The paper's names follow its evaluation code, which rounds no side to whole px.
                let near = if name.starts_with("vmamba") || name == "letterbox-corner" {
                    1e-9
                } else {
                    7e-3
                };
                for (found, there) in found.iter().zip([there.x1, there.y1, there.x2, there.y2]) {
                    assert!(
                        (found - there).abs() < near,
                        "{name} {size:?} {width} x {height}: {found} and {there}"
                    );
                }
                let back = scored.unproject(found, [w, h]);
                for (back, px) in back.iter().zip(px) {
                    assert!(
                        (back - px).abs() < 1e-6,
                        "{name} {size:?} {width} x {height}: {back} and {px}"
                    );
                }
            }
        }
    }
}
