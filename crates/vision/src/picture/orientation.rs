//! Which way up a picture is shown, found as Pillow finds it (`Image.getexif`,
//! `ImageOps.exif_transpose`): the orientation of EXIF, and where EXIF has none, that of XMP.
//! Containers are walked from end to end, so that neither late blocks nor several of them change
//! what counts.

use std::borrow::Cow;
use std::io::Read;

use image::ImageFormat;
use image::metadata::Orientation;

use super::directory;

/// EXIF's number of the orientation.
const TAG: u64 = 0x0112;
/// Most bytes of a packed block of metadata. An EXIF block has some hundred, with a thumbnail some
/// thousand.
const MAX_BLOCK: u64 = 4 << 20;

const JPEG_EXIF: &[u8] = b"Exif\0\0";
const JPEG_XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const PNG_XMP: &[u8] = b"XML:com.adobe.xmp";
/// What ImageMagick writes in place of `eXIf`: hexadecimal digits in a text.
const PNG_RAW_EXIF: &[u8] = b"Raw profile type exif";

/// What a file says about itself.
#[derive(Default)]
struct Metadata<'a> {
    /// A TIFF block.
    exif: Option<Cow<'a, [u8]>>,
    /// XML.
    xmp: Option<Cow<'a, [u8]>>,
}

/// How the picture must be turned. A damaged block counts as none: it is no reason to refuse the
/// pixels.
pub(super) fn find(kind: ImageFormat, bytes: &[u8]) -> Orientation {
    let found = match kind {
        ImageFormat::Jpeg => jpeg(bytes),
        ImageFormat::Png => png(bytes),
        ImageFormat::WebP => webp(bytes),
        ImageFormat::Tiff => tiff(bytes),
        _ => Metadata::default(),
    };
    let number = found.exif.as_deref().and_then(of_exif);
    let number = number.or_else(|| found.xmp.as_deref().and_then(of_xmp));
    let orientation = number.and_then(|number| Orientation::from_exif(u8::try_from(number).ok()?));
    orientation.unwrap_or(Orientation::NoTransforms)
}

/// The segments before the scan. EXIF in several segments is one block, whose first part has the
/// directory.
fn jpeg(bytes: &[u8]) -> Metadata<'_> {
    let mut found = Metadata::default();
    let mut at = 2;
    while let Some(&[0xff, marker]) = bytes.get(at..at + 2) {
        match marker {
            0xda | 0xd9 => break,
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => {
                let length = bytes
                    .get(at + 2..at + 4)
                    .map_or(0, |l| usize::from(u16::from_be_bytes([l[0], l[1]])));
                let Some(body) = bytes.get(at + 4..at + 2 + length.max(2)) else {
                    break;
                };
                if let (0xe1, Some(exif)) = (marker, body.strip_prefix(JPEG_EXIF)) {
                    match &mut found.exif {
                        Some(before) => before.to_mut().extend_from_slice(exif),
                        None => found.exif = Some(exif.into()),
                    }
                } else if let (0xe1, Some(xmp)) = (marker, body.strip_prefix(JPEG_XMP)) {
                    found.xmp = Some(xmp.into());
                }
                at += 2 + length.max(2);
            }
        }
    }
    found
}

/// All chunks, those behind the pixels too.
fn png(bytes: &[u8]) -> Metadata<'_> {
    let mut found = Metadata::default();
    let mut raw = None;
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(body) = (at + 8).checked_add(length).and_then(|end| bytes.get(at + 8..end)) else {
            break;
        };
        let keyword = || body.splitn(2, |byte| *byte == 0);
        match &head[4..] {
            b"eXIf" => found.exif = Some(body.into()),
            b"iTXt" => {
                let mut parts = keyword();
                if let (Some(PNG_XMP), Some(rest)) = (parts.next(), parts.next()) {
                    found.xmp = international(rest).or(found.xmp);
                }
            }
            b"tEXt" | b"zTXt" => {
                let mut parts = keyword();
                if let (Some(PNG_RAW_EXIF), Some(rest)) = (parts.next(), parts.next()) {
                    let text = match (&head[4..], rest.split_first()) {
                        (b"zTXt", Some((0, packed))) => inflated(packed),
                        (b"tEXt", _) => Some(rest.into()),
                        _ => None,
                    };
                    raw = text.as_deref().and_then(hexadecimal).or(raw);
                }
            }
            b"IEND" => break,
            _ => {}
        }
        at += 12 + length;
    }
    found.exif = found.exif.or(raw.map(Cow::Owned));
    found
}

/// The text of an `iTXt` chunk behind its keyword: whether it is packed, the method, language,
/// translated keyword, text.
fn international(rest: &[u8]) -> Option<Cow<'_, [u8]>> {
    let (&packed, rest) = rest.split_first()?;
    let text = rest.get(1..)?.splitn(3, |byte| *byte == 0).nth(2)?;
    match packed {
        0 => Some(text.into()),
        _ => inflated(text),
    }
}

fn inflated(packed: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut out = Vec::new();
    let read = flate2::read::ZlibDecoder::new(packed)
        .take(MAX_BLOCK)
        .read_to_end(&mut out);
    read.ok().map(|_| out.into())
}

/// The bytes of a raw profile: a line feed, then its name, its length and the digits, each on a
/// line.
fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let lines = text.split(|byte| *byte == b'\n').skip(3);
    let digits: Vec<u8> = lines
        .flatten()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let value = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| Some(((value(pair[0])? << 4) | value(pair[1])?) as u8);
    digits.chunks_exact(2).map(byte).collect()
}

fn webp(bytes: &[u8]) -> Metadata<'_> {
    let mut found = Metadata::default();
    let mut at = 12;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let Some(body) = (at + 8).checked_add(length).and_then(|end| bytes.get(at + 8..end)) else {
            break;
        };
        match &head[..4] {
            b"EXIF" => found.exif = found.exif.or(Some(body.into())),
            b"XMP " => found.xmp = found.xmp.or(Some(body.into())),
            _ => {}
        }
        // Chunks begin at even places.
        at += 8 + length.next_multiple_of(2);
    }
    found
}

/// A TIFF file is its own EXIF block.
fn tiff(bytes: &[u8]) -> Metadata<'_> {
    let xmp = ::tiff::decoder::Decoder::new(std::io::Cursor::new(bytes))
        .and_then(|mut decoder| decoder.get_tag_u8_vec(::tiff::tags::Tag::Unknown(700)));
    Metadata {
        exif: Some(bytes.into()),
        xmp: xmp.ok().map(Cow::Owned),
    }
}

/// The orientation in the first directory of a TIFF block; of several entries the last counts.
fn of_exif(block: &[u8]) -> Option<u64> {
    let mut block = block;
    // Pillow passes over one or two of these.
    for _ in 0..2 {
        block = block.strip_prefix(JPEG_EXIF).unwrap_or(block);
    }
    let entries = directory::entries(block)?;
    let found = entries.iter().rfind(|entry| entry.tag == TAG);
    found.map(|entry| entry.value)
}

/// The first orientation in XML, as an attribute or as an element.
fn of_xmp(xml: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"tiff:Orientation";
    let places = xml
        .windows(NAME.len())
        .enumerate()
        .filter(|(_, window)| *window == NAME);
    for (at, _) in places {
        let rest = &xml[at + NAME.len()..];
        let value = rest.strip_prefix(b"=\"").or_else(|| rest.strip_prefix(b">"));
        if let Some(digit) = value.and_then(<[u8]>::first).filter(|byte| byte.is_ascii_digit()) {
            return Some(u64::from(digit - b'0'));
        }
    }
    None
}
