//! From a result to the characters behind the `#`, and back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use crate::content::{MOST_PICTURE, Shared, Source};
use crate::error::LinkError;

/// The first byte of every link.
const VERSION: u8 = 1;
/// Most characters of a link without a picture. Mail programs and chats keep that many.
pub const MOST_CHARACTERS: usize = 2000;
/// Most bytes of the text of a link, unpacked: far above what fits into [`MOST_CHARACTERS`].
const MOST_TEXT: usize = 32_768;
/// Version and length of the packed text.
const HEAD: usize = 3;
/// Slowest and smallest.
const LEVEL: u8 = 10;

/// The fragment of a link, without `#`: letters, digits, `-` and `_`.
///
/// # Errors
/// A field outside its bounds, and a result with too much text for [`MOST_CHARACTERS`].
pub fn encode(shared: &Shared) -> Result<String, LinkError> {
    shared.check()?;
    let text = serde_json::to_vec(shared).map_err(|_| LinkError::Damaged("the text cannot be written"))?;
    let packed = compress_to_vec(&text, LEVEL);
    let characters = base64_len(HEAD + packed.len());
    if characters > MOST_CHARACTERS {
        return Err(LinkError::TooLong {
            found: characters,
            most: MOST_CHARACTERS,
        });
    }
    let [high, low] = (packed.len() as u16).to_be_bytes();
    let mut bytes = vec![VERSION, high, low];
    bytes.extend(packed);
    if let Source::File(picture) = &shared.picture.source {
        bytes.extend(picture);
    }
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Reads a link: a whole address, or what follows its `#`.
///
/// # Errors
/// [`LinkError`] says what is wrong with it.
pub fn decode(link: &str) -> Result<Shared, LinkError> {
    let fragment = link.split_once('#').map_or(link, |(_, fragment)| fragment);
    if fragment.is_empty() {
        return Err(LinkError::Empty);
    }
    let most = MOST_CHARACTERS + base64_len(MOST_PICTURE);
    if fragment.len() > most {
        return Err(LinkError::Endless {
            found: fragment.len(),
            most,
        });
    }
    let damaged = LinkError::Damaged;
    let bytes = URL_SAFE_NO_PAD
        .decode(fragment)
        .map_err(|_| damaged("it has characters that no link has, or too few"))?;
    let (head, rest) = bytes.split_first_chunk::<HEAD>().ok_or(damaged("it is too short"))?;
    if head[0] != VERSION {
        return Err(LinkError::Version(head[0]));
    }
    let length = usize::from(u16::from_be_bytes([head[1], head[2]]));
    let (packed, picture) = rest.split_at_checked(length).ok_or(damaged("its end is missing"))?;
    if base64_len(HEAD + packed.len()) > MOST_CHARACTERS {
        return Err(damaged("its text is too long"));
    }
    let text = unpack(packed).ok_or(damaged("its text cannot be unpacked"))?;
    let mut shared: Shared = serde_json::from_slice(&text).map_err(|_| damaged("its text is none that a link has"))?;
    match &mut shared.picture.source {
        Source::File(bytes) => *bytes = picture.to_vec(),
        _ if !picture.is_empty() => return Err(damaged("more follows its text")),
        _ => {}
    }
    shared.check()?;
    Ok(shared)
}

/// Unpacks a deflate stream that ends where its bytes end, of at most [`MOST_TEXT`].
fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut text = vec![0; MOST_TEXT];
    let mut state = Box::<DecompressorOxide>::default();
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, read, written) = decompress(&mut state, packed, &mut text, 0, flags);
    text.truncate(written);
    (status == TINFLStatus::Done && read == packed.len()).then_some(text)
}

/// Characters of so many bytes, without padding.
const fn base64_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Whether a file begins as a JPEG, PNG or WebP file does.
pub(crate) fn is_picture(bytes: &[u8]) -> bool {
    let webp = bytes.len() > 12 && bytes.starts_with(b"RIFF") && &bytes[8..12] == b"WEBP";
    bytes.starts_with(b"\xFF\xD8\xFF") || bytes.starts_with(b"\x89PNG\r\n\x1A\n") || webp
}
