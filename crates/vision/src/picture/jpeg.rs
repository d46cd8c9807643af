//! Pictures that are small enough to send along.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Rgb, RgbImage};

use super::Picture;

/// Longest sides, px, and qualities that are tried, from the best to the smallest.
const SIDES: [u32; 5] = [640, 512, 384, 256, 128];
const QUALITIES: [u8; 3] = [85, 70, 50];
/// What shines through transparent pixels: JPEG has none.
const GROUND: [u8; 3] = [255, 255, 255];

impl Picture {
    /// The picture as a JPEG file of at most `most` bytes, without what the first file said beside
    /// it, such as the place. Sides of more than 640 px are scaled down, and further until the file
    /// fits. None if it does not fit at 128 px either.
    pub fn to_jpeg(&self, most: usize) -> Option<Vec<u8>> {
        let whole: RgbImage = ImageBuffer::from_raw(self.width(), self.height(), self.over(GROUND).into_owned())?;
        let longest = self.width().max(self.height());
        SIDES.into_iter().find_map(|side| {
            let scaled = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longest)).max(1) as u32;
            let small = match longest <= side {
                true => whole.clone(),
                false => resize(
                    &whole,
                    scaled(self.width()),
                    scaled(self.height()),
                    FilterType::Lanczos3,
                ),
            };
            QUALITIES.into_iter().find_map(|quality| encoded(&small, quality, most))
        })
    }
}

fn encoded(picture: &ImageBuffer<Rgb<u8>, Vec<u8>>, quality: u8, most: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(picture)
        .ok()?;
    (bytes.len() <= most).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise, which is the worst that JPEG can get.
    fn noise(width: u32, height: u32) -> Picture {
        let mut state = 1_u32;
        let pixels = (0..width * height * 3).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        Picture::from_rgb(width, height, pixels.collect()).expect("a picture")
    }

    #[test]
    fn a_picture_fits_into_what_is_given() {
        for (width, height) in [(1300, 900), (200, 3000), (1, 1), (640, 480)] {
            let file = noise(width, height).to_jpeg(60_000).expect("fits");
            assert!(file.len() <= 60_000);
            let read = Picture::decode(&file).expect("a JPEG file");
            assert!(read.width().max(read.height()) <= 640);
            // The shape stays, to a px.
            let wanted = f64::from(width) / f64::from(height) * f64::from(read.height());
            assert!((wanted - f64::from(read.width())).abs() <= wanted / f64::from(read.height()) + 1.0);
        }
        assert_eq!(noise(300, 300).to_jpeg(100), None);
    }

    #[test]
    fn what_fits_keeps_its_size() {
        let plain = Picture::from_rgb(640, 400, vec![90; 640 * 400 * 3]).expect("a picture");
        let read = Picture::decode(&plain.to_jpeg(60_000).expect("fits")).expect("a JPEG file");
        assert_eq!((read.width(), read.height()), (640, 400));
    }
}
