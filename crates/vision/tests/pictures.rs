//! Decoding, resampling and the letterbox against Pillow's bytes (`tests/goldens/pillow`), and
//! bytes that are no picture.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use sightline_checkpoint::hash::sha256_hex;
use sightline_vision::suite::picture;
use sightline_vision::{Filter, Picture, PictureError, Policy, Transform, resize};

const PAD: [u8; 3] = [127; 3];
const FILTERS: [(&str, Filter); 2] = [("bicubic", Filter::Bicubic), ("bilinear", Filter::Bilinear)];

/// How far a JPEG decoder may be from libjpeg-turbo: `(largest, mean)` difference of a byte
/// (`tests/goldens/README.md`).
fn jpeg_tolerance(name: &str) -> (i32, f64) {
    match name {
        "sampled420.jpg" => (24, 2.5),
        "cmyk.jpg" => (6, 2.5),
        _ => (3, 0.6),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens/pillow")
}

/// A golden file of bytes: `U8` tensors and the `about` JSON.
struct Golden {
    bytes: Vec<u8>,
}

impl Golden {
    fn open(name: &str) -> Self {
        let path = folder().join(name);
        let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self { bytes }
    }

    fn header(&self) -> serde_json::Value {
        let len = u64::from_le_bytes(self.bytes[..8].try_into().unwrap()) as usize;
        serde_json::from_slice(&self.bytes[8..8 + len]).unwrap()
    }

    fn about(&self) -> serde_json::Value {
        serde_json::from_str(self.header()["__metadata__"]["about"].as_str().unwrap()).unwrap()
    }

    fn keys(&self) -> Vec<String> {
        let header = self.header();
        header
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "__metadata__")
            .cloned()
            .collect()
    }

    fn tensor(&self, key: &str) -> (Vec<usize>, Vec<u8>) {
        let header = self.header();
        let (info, start) = (
            &header[key],
            8 + u64::from_le_bytes(self.bytes[..8].try_into().unwrap()) as usize,
        );
        let number = |v: &serde_json::Value| v.as_u64().unwrap() as usize;
        let shape = info["shape"].as_array().unwrap().iter().map(number).collect();
        let range = number(&info["data_offsets"][0])..number(&info["data_offsets"][1]);
        (shape, self.bytes[start..][range].to_vec())
    }
}

fn sides(text: &str) -> [usize; 2] {
    let (height, width) = text.split_once('x').unwrap();
    [height.parse().unwrap(), width.parse().unwrap()]
}

fn synthetic(height: usize, width: usize) -> Picture {
    Picture::from_rgb(width as u32, height as u32, picture("picture.a", height, width)).unwrap()
}

#[test]
fn resized_bytes_equal_pillows() {
    let golden = Golden::open("resize.safetensors");
    let mut compared = 0;
    for key in golden.keys() {
        let parts: Vec<&str> = key.split('.').collect();
        let (from, to) = (sides(parts[0]), sides(parts[1]));
        let filter = FILTERS.iter().find(|(name, _)| *name == parts[2]).unwrap().1;
        let found = resize(&synthetic(from[0], from[1]), PAD, to[1] as u32, to[0] as u32, filter);
        let (_, expected) = golden.tensor(&key);
        match parts.get(3) {
            None => assert!(found == expected, "{key} differs"),
            Some(_) => {
                let stride = to[1] * 3;
                let rows: Vec<u8> = [0, 57, 111, 223]
                    .iter()
                    .flat_map(|y| &found[y * stride..][..stride])
                    .copied()
                    .collect();
                assert!(rows == expected, "{key} differs");
                let whole = key.trim_end_matches(".rows");
                assert_eq!(
                    golden.about()["sha256"][whole].as_str().unwrap(),
                    sha256_hex(&found),
                    "{key}"
                );
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 30);
}

fn letterbox(size: u32, filter: Filter) -> Transform {
    Transform {
        policy: Policy::Letterbox,
        size: [size, size],
        pad: PAD,
        filter,
        mean: [127.0 / 255.0; 3],
        std: [128.0 / 255.0; 3],
    }
}

#[test]
fn files_equal_pillows() {
    let golden = Golden::open("files.safetensors");
    let about = golden.about();
    let mut names: Vec<_> = fs::read_dir(folder().join("inputs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    assert_eq!(names.len(), 32);
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        let found = Picture::decode(&fs::read(&path).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (shape, expected) = golden.tensor(&format!("{name}.rgb"));
        assert_eq!(
            [found.height() as usize, found.width() as usize, 3],
            shape[..],
            "{name}"
        );
        if name.ends_with(".jpg") {
            assert_close(&name, &found.over(PAD), &expected);
            continue;
        }
        assert!(*found.over(PAD) == expected, "{name} differs");
        for (label, filter) in FILTERS {
            let small = letterbox(16, filter).canvas(&found).unwrap();
            assert!(
                small.pixels == golden.tensor(&format!("{name}.{label}16")).1,
                "{name} {label} 16 px differs"
            );
            let large = letterbox(224, filter).canvas(&found).unwrap();
            let sum = about["sha256"][format!("{name}.{label}224")].as_str().unwrap();
            assert_eq!(sum, sha256_hex(&large.pixels), "{name} {label} 224 px");
        }
    }
}

/// Kinds of TIFF, and places where the orientation may stand.
#[test]
fn kinds_equal_pillows() {
    let golden = Golden::open("kinds.safetensors");
    let mut compared = 0;
    for key in golden.keys() {
        let name = key.trim_end_matches(".rgb");
        let bytes = fs::read(folder().join("kinds").join(name)).unwrap();
        let found = Picture::decode(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (shape, expected) = golden.tensor(&key);
        let size = [found.height() as usize, found.width() as usize, 3];
        assert_eq!(size, shape[..], "{name}");
        match name.ends_with(".jpg") {
            true => assert_close(name, &found.over(PAD), &expected),
            false => assert!(*found.over(PAD) == expected, "{name} differs"),
        }
        compared += 1;
    }
    assert_eq!(compared, 38);
}

/// Pillow reads no BigTIFF with the high byte first, which is no reason to refuse one.
#[test]
fn a_big_tiff_with_the_high_byte_first() {
    let rgb = Picture::decode(&fs::read(folder().join("kinds/rgb.tif")).unwrap()).unwrap();
    let (width, height) = (rgb.width() as u16, rgb.height() as u16);
    let entries: [(u16, u16, u64, u64); 9] = [
        (256, 3, 1, u64::from(width) << 48),
        (257, 3, 1, u64::from(height) << 48),
        (258, 3, 3, 0x0008_0008_0008_0000),
        (259, 3, 1, 1 << 48),
        (262, 3, 1, 2 << 48),
        (273, 16, 1, 16 + 8 + 9 * 20 + 8),
        (277, 3, 1, 3 << 48),
        (278, 3, 1, u64::from(height) << 48),
        (279, 16, 1, rgb.pixels().len() as u64),
    ];
    let mut file = b"MM\0\x2b\0\x08\0\0".to_vec();
    file.extend([16u64, 9].map(u64::to_be_bytes).concat());
    for (tag, kind, count, value) in entries {
        file.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
        file.extend([count, value].map(u64::to_be_bytes).concat());
    }
    file.extend([0; 8]);
    file.extend(rgb.pixels());
    assert_eq!(Picture::decode(&file), Ok(rgb));
}

fn assert_close(name: &str, found: &[u8], expected: &[u8]) {
    let difference = |(&a, &b): (&u8, &u8)| (i32::from(a) - i32::from(b)).abs();
    let differences: Vec<i32> = found.iter().zip(expected).map(difference).collect();
    let worst = differences.iter().copied().max().unwrap();
    let mean = f64::from(differences.iter().sum::<i32>()) / differences.len() as f64;
    let (most, most_mean) = jpeg_tolerance(name);
    println!("{name}: worst {worst}, mean {mean:.3}");
    assert!(
        worst <= most && mean <= most_mean,
        "{name}: worst {worst}, mean {mean:.3}"
    );
}

#[test]
fn normalisation_is_exact() {
    let bytes: Vec<u8> = (0..=255).flat_map(|v| [v; 3]).collect();
    let values = letterbox(16, Filter::Bicubic).normalise(&bytes);
    for (value, byte) in values.iter().zip(&bytes) {
        assert_eq!(*value, (f32::from(*byte) - 127.0) / 128.0);
    }
}

fn input(name: &str) -> Vec<u8> {
    fs::read(folder().join("inputs").join(name)).unwrap()
}

#[test]
fn every_orientation_shows_the_same_scene() {
    let upright = Picture::decode(&input("exif1.jpg")).unwrap();
    let (w, h) = (upright.width() as usize, upright.height() as usize);
    // what a viewer must undo: the stored picture is the same for all eight
    let stored = |x: usize, y: usize| upright.pixels()[(y * upright.width() as usize + x) * 3..][..3].to_vec();
    for orientation in 1..=8 {
        let found = Picture::decode(&input(&format!("exif{orientation}.jpg"))).unwrap();
        let turned = orientation >= 5;
        let size = if turned { (h, w) } else { (w, h) };
        assert_eq!(
            (found.width() as usize, found.height() as usize),
            size,
            "orientation {orientation}"
        );
        for y in 0..size.1 {
            for x in 0..size.0 {
                let (sx, sy) = match orientation {
                    1 => (x, y),
                    2 => (w - 1 - x, y),
                    3 => (w - 1 - x, h - 1 - y),
                    4 => (x, h - 1 - y),
                    5 => (y, x),
                    6 => (y, h - 1 - x),
                    7 => (w - 1 - y, h - 1 - x),
                    _ => (w - 1 - y, x),
                };
                assert_eq!(
                    found.pixels()[(y * found.width() as usize + x) * 3..][..3],
                    stored(sx, sy),
                    "orientation {orientation} at {x}, {y}"
                );
            }
        }
    }
}

#[test]
fn hostile_bytes_give_one_sentence() {
    assert_eq!(Picture::decode(&[]), Err(PictureError::Empty));
    assert_eq!(Picture::decode(&[0; 64]), Err(PictureError::UnknownFormat));
    assert_eq!(
        Picture::decode(b"GGUF not a picture at all, whatever its name"),
        Err(PictureError::UnknownFormat)
    );
    let entries = ["inputs", "kinds"].map(|name| fs::read_dir(folder().join(name)).unwrap());
    for entry in entries.into_iter().flatten() {
        let path = entry.unwrap().path();
        let (bytes, name) = (fs::read(&path).unwrap(), path.display().to_string());
        // A GIF may end early and a TIFF or PNG trailer carries no pixels; what decodes must be
        // whole, the rest one line.
        for sixteenth in 1..16 {
            let cut = &bytes[..bytes.len() * sixteenth / 16];
            match Picture::decode(cut) {
                Err(error) => assert!(!error.to_string().contains('\n'), "{name}: {error}"),
                // Metadata may stand behind the pixels.
                Ok(_)
                    if ["behind_pixels", "xmp_packed", "exif6.webp", "xmp8.webp"]
                        .iter()
                        .any(|it| name.contains(it)) => {}
                Ok(_) => panic!("{name} cut at {sixteenth}/16 still gives a picture"),
            }
        }
        for i in 0..bytes.len().min(600) {
            for flip in [0x01u8, 0x80, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[i] ^= flip;
                // any answer will do, but an answer
                let _ = Picture::decode(&damaged);
            }
        }
    }
}

/// Pillow's goldens hold no TIFF; `image` writes what it must read again.
#[test]
fn tiff_is_read_whole_or_refused() {
    use image::{DynamicImage, ImageFormat};
    let pixels = picture("picture.a", 22, 31);
    let rgb = image::RgbImage::from_raw(31, 22, pixels.clone()).unwrap();
    let deep = DynamicImage::from(rgb.clone()).into_rgb16();
    for source in [DynamicImage::from(rgb), DynamicImage::from(deep)] {
        let mut file = Cursor::new(Vec::new());
        source.write_to(&mut file, ImageFormat::Tiff).unwrap();
        let bytes = file.into_inner();
        assert_eq!(Picture::decode(&bytes).unwrap().pixels(), pixels);
        for sixteenth in 1..16 {
            assert!(
                Picture::decode(&bytes[..bytes.len() * sixteenth / 16]).is_err(),
                "cut at {sixteenth}/16"
            );
        }
        for i in 0..bytes.len() {
            for flip in [0x01u8, 0x80, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[i] ^= flip;
                let _ = Picture::decode(&damaged);
            }
        }
    }
}

#[test]
fn a_wrong_name_does_not_matter() {
    // nothing but the content is looked at: a JPEG called .png is a JPEG
    let jpeg = Picture::decode(&input("plain.jpg")).unwrap();
    assert_eq!((jpeg.width(), jpeg.height()), (28, 20));
    let text = Picture::decode(b"<html><body>404 Not Found</body></html>").unwrap_err();
    assert!(text.to_string().contains("PNG, JPEG"), "{text}");
}

#[test]
fn huge_sizes_are_refused_before_memory_is_asked_for() {
    let mut png = input("rgb.png");
    png[16..24].copy_from_slice(&[0, 0, 0xF0, 0, 0, 0, 0xF0, 0]);
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    match Picture::decode(&png) {
        Err(PictureError::TooLarge {
            width: 61440,
            height: 61440,
            ..
        }) => {}
        other => panic!("{other:?}"),
    }
    let mut bmp = input("rgb.bmp");
    bmp[18..26].copy_from_slice(&[0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0]);
    let error = Picture::decode(&bmp).unwrap_err();
    assert!(matches!(error, PictureError::TooLarge { .. }), "{error}");
    png[16..24].copy_from_slice(&[0; 8]);
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    assert!(Picture::decode(&png).is_err());
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn extreme_shapes_fit_the_canvas() {
    for (width, height) in [(65_535, 1), (1, 65_535), (1, 1), (3, 40_000)] {
        let strip = Picture::from_rgb(width, height, vec![200; (width * height * 3) as usize]).unwrap();
        for (name, policy) in Policy::NAMES {
            let size = match policy {
                Policy::ShrinkUnder => [800, 1333],
                _ => [224, 224],
            };
            let transform = Transform {
                policy,
                size,
                ..letterbox(224, Filter::Bicubic)
            };
            let canvas = transform.canvas(&strip).unwrap();
            assert_eq!(
                canvas.pixels.len(),
                canvas.height * canvas.width * 3,
                "{name} {width} x {height}"
            );
            assert!(
                canvas.height <= 1344 && canvas.width <= 1344,
                "{name}: {} x {}",
                canvas.width,
                canvas.height
            );
        }
    }
}

#[test]
fn bad_transforms_name_the_field() {
    let picture = Picture::from_rgb(2, 2, vec![0; 12]).unwrap();
    let good = letterbox(224, Filter::Bicubic);
    let cases = [
        (
            "size",
            Transform {
                size: [0, 224],
                ..good.clone()
            },
        ),
        (
            "size",
            Transform {
                size: [224, 1_000_000],
                ..good.clone()
            },
        ),
        (
            "mean",
            Transform {
                mean: [f64::NAN, 0.0, 0.0],
                ..good.clone()
            },
        ),
        (
            "std",
            Transform {
                std: [1.0, 0.0, 1.0],
                ..good.clone()
            },
        ),
    ];
    for (field, transform) in cases {
        assert_eq!(transform.apply(&picture).unwrap_err().field, field);
    }
    assert!(
        Policy::from_name("squash")
            .unwrap_err()
            .to_string()
            .contains("letterbox")
    );
    assert!(matches!(
        Picture::from_rgb(2, 2, vec![0; 11]),
        Err(PictureError::WrongLength { .. })
    ));
}

#[test]
fn what_shines_through_is_the_models_own_padding() {
    let picture = Picture::decode(&input("rgba.png")).unwrap();
    assert_eq!(picture.alpha().map(<[u8]>::len), Some(31 * 22));
    let opaque = Picture::decode(&input("rgb.png")).unwrap();
    assert!(opaque.alpha().is_none() && *opaque.over([1, 2, 3]) == *opaque.pixels());
    for pad in [[0; 3], [255, 0, 127]] {
        // The same as a picture that was composited before anything else looked at it.
        let flat = Picture::from_rgb(31, 22, picture.over(pad).into_owned()).unwrap();
        for (name, policy) in Policy::NAMES {
            for filter in [Filter::Bicubic, Filter::Bilinear] {
                let transform = Transform {
                    policy,
                    pad,
                    ..letterbox(64, filter)
                };
                assert_eq!(
                    transform.canvas(&picture).unwrap(),
                    transform.canvas(&flat).unwrap(),
                    "{name}"
                );
            }
        }
    }
}

/// The canvases that the code of the paper's release makes (`tests/goldens/transforms`), for rows
/// as a manifest has them.
#[test]
fn canvases_equal_the_papers_release() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens/transforms/transforms.json");
    let golden: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for entry in golden.as_array().unwrap() {
        let row: sightline_checkpoint::manifest::Transform = serde_json::from_value(entry["row"].clone()).unwrap();
        let transform = Transform::read(&row).unwrap();
        seen.insert(row.policy.clone());
        for case in entry["cases"].as_array().unwrap() {
            let side = |key: &str, at: usize| case[key][at].as_u64().unwrap() as usize;
            let [height, width] = [side("source", 0), side("source", 1)];
            let name = format!("{} {:?}: {height} x {width}", row.policy, row.size);
            // The release pads an odd rest by the same on both sides, so that its "square" lacks a
            // row or column; here it is a square, as the models were trained with.
            if row.policy == "letterbox" && height.abs_diff(width) % 2 == 1 {
                continue;
            }
            let canvas = transform.canvas(&synthetic(height, width)).unwrap();
            assert_eq!(
                [canvas.height, canvas.width],
                [side("canvas", 0), side("canvas", 1)],
                "{name}"
            );
            assert_eq!(sha256_hex(&canvas.pixels), case["sha256"].as_str().unwrap(), "{name}");
            let values = transform.normalise(&canvas.pixels);
            for probe in case["probes"].as_array().unwrap() {
                let (at, expected) = (probe[0].as_u64().unwrap() as usize, probe[1].as_f64().unwrap());
                assert!((f64::from(values[at]) - expected).abs() < 2e-6, "{name}: value {at}");
            }
        }
    }
    let known: std::collections::BTreeSet<String> = Policy::NAMES.map(|(name, _)| name.to_owned()).into();
    assert_eq!(seen, known);
}
