//! Which kind of file someone gave, by its first bytes.

/// What a file may be, as far as it matters who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The engine reads it, or says why not.
    Engines,
    /// The engine cannot and the browser may: its name for people.
    Browsers(&'static str),
}

/// Brands of ISO media files that are pictures.
const BRANDS: &[(&[u8], &str)] = &[
    (b"avif", "AVIF"),
    (b"avis", "AVIF"),
    (b"heic", "HEIC"),
    (b"heix", "HEIC"),
    (b"hevc", "HEIC"),
    (b"hevx", "HEIC"),
    (b"heim", "HEIC"),
    (b"heis", "HEIC"),
    (b"mif1", "HEIF"),
    (b"msf1", "HEIF"),
];

impl Format {
    /// The format of a file that begins so.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        // `size, "ftyp", brand, version, other brands`: of a general brand the others say more.
        if bytes.get(4..8) == Some(b"ftyp") {
            let length = bytes
                .first_chunk::<4>()
                .map_or(0, |size| u32::from_be_bytes(*size) as usize);
            let brands = bytes.get(8..length.clamp(8, 256).min(bytes.len())).unwrap_or_default();
            let named = |exact: bool| {
                brands.chunks_exact(4).find_map(|brand| {
                    BRANDS
                        .iter()
                        .find(|(known, name)| *known == brand && exact == (*name != "HEIF"))
                })
            };
            if let Some((_, name)) = named(true).or_else(|| named(false)) {
                return Self::Browsers(name);
            }
        }
        if bytes.starts_with(&[0xff, 0x0a]) || bytes.starts_with(b"\0\0\0\x0cJXL \r\n\x87\n") {
            return Self::Browsers("JPEG XL");
        }
        if bytes.starts_with(&[0, 0, 1, 0]) {
            return Self::Browsers("ICO");
        }
        match is_svg(bytes) {
            true => Self::Browsers("SVG"),
            false => Self::Engines,
        }
    }
}

/// Whether a text begins with an `svg` element, after what XML allows before it.
fn is_svg(bytes: &[u8]) -> bool {
    const FIRST: usize = 4096;
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(FIRST)]);
    let mut rest = start.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = match rest {
            _ if rest.starts_with("<svg") => return true,
            _ if rest.starts_with("<?") => "?>",
            _ if rest.starts_with("<!--") => "-->",
            _ if rest.starts_with("<!") => ">",
            _ => return false,
        };
        match rest.split_once(end) {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_browser_reads_is_known_by_its_first_bytes() {
        let named = |bytes: &[u8]| match Format::of(bytes) {
            Format::Browsers(name) => name,
            Format::Engines => "",
        };
        assert_eq!(named(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf"), "AVIF");
        assert_eq!(named(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic"), "HEIC");
        assert_eq!(named(b"\0\0\0\x10ftypmif1\0\0\0\0"), "HEIF");
        assert_eq!(
            named(b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x > y -->\n<svg xmlns='a'/>"),
            "SVG"
        );
        assert_eq!(named(b"<!DOCTYPE svg PUBLIC 'a' 'b'><svg/>"), "SVG");
        assert_eq!(named(&[0xff, 0x0a, 1]), "JPEG XL");
        for other in [
            &b""[..],
            b"\x89PNG\r\n\x1a\n",
            b"<!doctype html><script>",
            b"\0\0\0\x10ftypisom\0\0\0\0",
            b"\0\0\0\xffftyp",
            b"notes",
        ] {
            assert_eq!(Format::of(other), Format::Engines, "{other:?}");
        }
    }
}
