//! Kinds of TIFF that the `image` crate does not read, or reads otherwise than Pillow: palettes,
//! few bits, grey with alpha, alpha that the colours are multiplied with already, CMYK and YCbCr.
//! The `tiff` crate unpacks them; here samples become colours.
//!
//! Source of every rule: Pillow's unpackers and converters (`Unpack.c`, `Convert.c`,
//! `ConvertYCbCr.c`, `TiffImagePlugin.py`).

use std::io::{Cursor, ErrorKind};

use image::{DynamicImage, GrayAlphaImage, GrayImage, RgbImage, RgbaImage};
use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::{MAX_DECODE_BYTES, PictureError, check_size, decode_error, directory};

/// What the first samples of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ink {
    Grey,
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
}

/// What the sample behind the colours means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alpha {
    None,
    /// The colours are multiplied with it.
    Associated,
    Straight,
}

/// How a file stores its pixels.
#[derive(Clone, Copy, Debug)]
struct Kind {
    ink: Ink,
    alpha: Alpha,
    /// Bits of a sample.
    bits: u16,
}

/// Samples of a picture, one byte each.
struct Samples {
    width: u32,
    height: u32,
    /// Samples of a pixel, colours first.
    channels: usize,
    /// `[height, width, channels]`.
    values: Vec<u8>,
}

/// The picture as it is stored; none where the `image` crate reads it.
pub(super) fn decode(bytes: &[u8]) -> Result<Option<DynamicImage>, PictureError> {
    let Some(kind) = kind(bytes) else {
        return Ok(None);
    };
    let failed = |error: &TiffError| {
        let ended = matches!(error, TiffError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof);
        decode_error("TIFF", bytes.len(), ended, error.to_string())
    };
    let picture = match kind.ink {
        Ink::Palette => {
            let map = colour_map(bytes, kind.bits).map_err(|e| failed(&e))?;
            // The crate knows no palette: the indices are read as if they were grey.
            let grey = as_grey(bytes).unwrap_or_default();
            let samples = samples(&grey, kind, failed)?;
            let map = map.ok_or_else(|| damaged("its palette has not a colour for every index"))?;
            coloured(&samples, kind.alpha, |pixel| map[usize::from(pixel[0])])
        }
        Ink::Grey => grey(&samples(bytes, kind, failed)?, kind),
        Ink::Rgb => coloured(&samples(bytes, kind, failed)?, kind.alpha, |p| [p[0], p[1], p[2]]),
        Ink::Cmyk => coloured(&samples(bytes, kind, failed)?, Alpha::None, cmyk),
        Ink::YCbCr => coloured(&samples(bytes, kind, failed)?, Alpha::None, ycbcr),
    };
    picture
        .map(Some)
        .ok_or_else(|| damaged("it has fewer samples than it says"))
}

fn damaged(message: &str) -> PictureError {
    PictureError::Damaged {
        format: "TIFF",
        message: message.to_owned(),
    }
}

/// How the file stores its pixels; none for kinds that are not read here, and for files whose
/// directory cannot be read.
fn kind(bytes: &[u8]) -> Option<Kind> {
    let mut decoder = Decoder::new(Cursor::new(bytes)).ok()?;
    let mut numbers = |tag| {
        decoder
            .find_tag_unsigned_vec::<u16>(tag)
            .ok()
            .map(Option::unwrap_or_default)
    };
    let one = |list: Vec<u16>, other: u16| list.first().copied().unwrap_or(other);
    let ink = match one(numbers(Tag::PhotometricInterpretation)?, u16::MAX) {
        0 | 1 => Ink::Grey,
        2 => Ink::Rgb,
        3 => Ink::Palette,
        5 => Ink::Cmyk,
        6 => Ink::YCbCr,
        _ => return None,
    };
    let bits = one(numbers(Tag::BitsPerSample)?, 1);
    let samples = one(numbers(Tag::SamplesPerPixel)?, 1);
    let alpha = match numbers(Tag::ExtraSamples)?.first() {
        Some(1) => Alpha::Associated,
        Some(2) => Alpha::Straight,
        _ => Alpha::None,
    };
    // Signed and floating samples are not read here.
    if numbers(Tag::SampleFormat)?.iter().any(|format| *format != 1) {
        return None;
    }
    let here = match (ink, bits, samples) {
        (Ink::Palette, 1 | 2 | 4 | 8, 1) | (Ink::Palette, 8, 2) | (Ink::Grey, 2 | 4, 1) | (Ink::YCbCr, 8, 3) => true,
        (Ink::Grey, 8 | 16, 2..) | (Ink::Cmyk, 8 | 16, 4..) => true,
        (Ink::Rgb, 8 | 16, 4..) => alpha == Alpha::Associated,
        _ => false,
    };
    here.then_some(Kind { ink, alpha, bits })
}

/// Unpacks all samples, of 16 bits the upper byte as Pillow does.
fn samples(bytes: &[u8], kind: Kind, failed: impl Fn(&TiffError) -> PictureError) -> Result<Samples, PictureError> {
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(|e| failed(&e))?;
    let (width, height) = decoder.dimensions().map_err(|e| failed(&e))?;
    check_size("TIFF", width, height)?;
    let mut limits = Limits::default();
    limits.decoding_buffer_size = usize::try_from(MAX_DECODE_BYTES).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    let mut decoder = decoder.with_limits(limits);
    let channels = decoder.colortype().map_err(|e| failed(&e))?.num_samples();
    let mut buffer = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut buffer).map_err(|e| failed(&e))?;
    let values = match buffer {
        DecodingResult::U8(values) if kind.bits < 8 => unpacked(&values, width as usize, kind.bits),
        DecodingResult::U8(values) => values,
        DecodingResult::U16(values) => values.into_iter().map(super::upper).collect(),
        _ => return Err(damaged("its samples are neither of 8 nor of 16 bits")),
    };
    let pixels = width as usize * height as usize;
    let channels = usize::from(channels);
    let values = match layout.planes {
        0 | 1 => values,
        _ => interleaved(&values, pixels, channels),
    };
    if values.len() < pixels * channels {
        return Err(damaged("it has fewer samples than it says"));
    }
    Ok(Samples {
        width,
        height,
        channels,
        values,
    })
}

/// Planes one behind the other become pixels; empty where one is missing.
fn interleaved(planes: &[u8], pixels: usize, channels: usize) -> Vec<u8> {
    if planes.len() < pixels * channels {
        return Vec::new();
    }
    let pixel = |at: usize| (0..channels).map(move |channel| planes[channel * pixels + at]);
    (0..pixels).flat_map(pixel).collect()
}

/// Samples of 1, 2 or 4 bits, the first in the highest bits of a byte; a row begins with a new
/// byte.
fn unpacked(rows: &[u8], width: usize, bits: u16) -> Vec<u8> {
    let per_byte = 8 / usize::from(bits);
    let mask = (1 << bits) - 1;
    let row_bytes = width.div_ceil(per_byte);
    let value = |row: &[u8], x: usize| (row[x / per_byte] >> (8 - bits as usize * (x % per_byte + 1))) & mask;
    let rows = rows.chunks_exact(row_bytes);
    rows.flat_map(|row| (0..width).map(move |x| value(row, x))).collect()
}

/// Grey of few bits is spread over all of 0 to 255.
fn grey(samples: &Samples, kind: Kind) -> Option<DynamicImage> {
    let (width, height) = (samples.width, samples.height);
    let pixels = samples.values.chunks_exact(samples.channels);
    if samples.channels == 1 {
        let step = (255 / ((1u16 << kind.bits) - 1)) as u8;
        return Some(GrayImage::from_raw(width, height, pixels.map(|pixel| pixel[0] * step).collect())?.into());
    }
    if kind.alpha == Alpha::None {
        return Some(GrayImage::from_raw(width, height, pixels.map(|pixel| pixel[0]).collect())?.into());
    }
    let straight = |pixel: &[u8]| match kind.alpha {
        Alpha::Associated => [divided(pixel[0], pixel[1]), pixel[1]],
        _ => [pixel[0], pixel[1]],
    };
    Some(GrayAlphaImage::from_raw(width, height, pixels.flat_map(straight).collect())?.into())
}

/// Colours from samples, with the last of Pillow's alpha samples behind them where there is one.
fn coloured(samples: &Samples, alpha: Alpha, colour: impl Fn(&[u8]) -> [u8; 3]) -> Option<DynamicImage> {
    let (width, height) = (samples.width, samples.height);
    let pixels = samples.values.chunks_exact(samples.channels);
    // A palette's index takes one sample, every other colour here three.
    let behind = if samples.channels == 2 { 1 } else { 3 };
    if alpha == Alpha::None || samples.channels <= behind {
        return Some(RgbImage::from_raw(width, height, pixels.flat_map(colour).collect())?.into());
    }
    let with_alpha = |pixel: &[u8]| {
        let ([r, g, b], a) = (colour(pixel), pixel[behind]);
        match alpha {
            Alpha::Associated => [divided(r, a), divided(g, a), divided(b, a), a],
            _ => [r, g, b, a],
        }
    };
    Some(RgbaImage::from_raw(width, height, pixels.flat_map(with_alpha).collect())?.into())
}

/// A colour that was multiplied with its alpha, as it was before; rounded down, as Pillow has it.
fn divided(value: u8, alpha: u8) -> u8 {
    match alpha {
        0 => 0,
        alpha => (u32::from(value) * 255 / u32::from(alpha)).min(255) as u8,
    }
}

/// Ink on white: `nk - C nk / 255` with `nk = 255 - K`, rounded to nearest.
fn cmyk(pixel: &[u8]) -> [u8; 3] {
    let paper = 255 - u32::from(pixel[3]);
    [0, 1, 2].map(|at| {
        let product = u32::from(pixel[at]) * paper + 128;
        (paper - (((product >> 8) + product) >> 8)) as u8
    })
}

/// JFIF's conversion in 6-bit fixed point, products rounded as Pillow's tables are.
fn ycbcr(pixel: &[u8]) -> [u8; 3] {
    let product = |value: u8, factor: f64| ((f64::from(value) - 128.0) * factor * 64.0 + 0.5) as i32;
    let (y, blue, red) = (i32::from(pixel[0]), pixel[1], pixel[2]);
    [
        y + (product(red, 1.402) >> 6),
        y + ((product(blue, -0.34414) + product(red, -0.71414)) >> 6),
        y + (product(blue, 1.772) >> 6),
    ]
    .map(|value| value.clamp(0, 255) as u8)
}

/// The palette's colours, of 16 bits the upper byte; none where there are fewer or more than
/// indices.
fn colour_map(bytes: &[u8], bits: u16) -> Result<Option<Vec<[u8; 3]>>, TiffError> {
    let mut decoder = Decoder::new(Cursor::new(bytes))?;
    let map = decoder.find_tag_unsigned_vec::<u16>(Tag::ColorMap)?.unwrap_or_default();
    let count = 1 << bits;
    if map.len() != 3 * count {
        return Ok(None);
    }
    let colour = |at: usize| [map[at], map[count + at], map[2 * count + at]].map(super::upper);
    Ok(Some((0..count).map(colour).collect()))
}

/// The file with the kind «black is zero» in place of its own.
fn as_grey(bytes: &[u8]) -> Option<Vec<u8>> {
    let wanted = u64::from(Tag::PhotometricInterpretation.to_u16());
    let entry = directory::entries(bytes)?
        .into_iter()
        .find(|entry| entry.tag == wanted)?;
    let mut grey = bytes.to_vec();
    let value = grey.get_mut(entry.place..entry.place + entry.length)?;
    value.fill(0);
    let lowest = if directory::is_little(bytes)? {
        0
    } else {
        entry.length - 1
    };
    value[lowest] = 1;
    Some(grey)
}
