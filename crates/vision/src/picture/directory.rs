//! The first directory of a TIFF file, or of an EXIF block, which is laid out the same (TIFF 6.0,
//! section 2; BigTIFF has 64-bit offsets and counts).

/// An entry with one value of a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// What it is about.
    pub tag: u64,
    /// Place of the value, bytes from the beginning.
    pub place: usize,
    /// Bytes of the value.
    pub length: usize,
    /// The value.
    pub value: u64,
}

/// Whether numbers have their low byte first; none for bytes that begin otherwise than TIFF does.
pub(super) fn is_little(block: &[u8]) -> Option<bool> {
    match block.get(..2)? {
        b"II" => Some(true),
        b"MM" => Some(false),
        _ => None,
    }
}

/// Whether a file begins as a BigTIFF.
pub(super) fn is_big(block: &[u8]) -> bool {
    block.starts_with(b"II\x2b\0") || block.starts_with(b"MM\0\x2b")
}

/// Entries of whole numbers (BYTE, SHORT, LONG) in the file's order, as far as the bytes reach; of
/// a list the first value.
pub(super) fn entries(block: &[u8]) -> Option<Vec<Entry>> {
    let little = is_little(block)?;
    let number = |at: usize, length: usize| -> Option<u64> {
        let field = block.get(at..at.checked_add(length)?)?;
        let shifted = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        Some(match little {
            true => field.iter().rev().fold(0, shifted),
            false => field.iter().fold(0, shifted),
        })
    };
    // Offset of the directory; bytes of its count, of an entry, and before an entry's value.
    let (offset, count_bytes, entry_bytes, before) = match number(2, 2)? {
        42 => (number(4, 4)?, 2, 12, 8),
        43 => (number(8, 8)?, 8, 20, 12),
        _ => return None,
    };
    let start = usize::try_from(offset).ok()?;
    let count = number(start, count_bytes)?;
    let mut at = start.checked_add(count_bytes)?;
    let mut found = Vec::new();
    for _ in 0..count {
        let (Some(tag), Some(kind)) = (number(at, 2), number(at + 2, 2)) else {
            break;
        };
        let place = at + before;
        let length = match kind {
            1 => 1,
            3 => 2,
            4 => 4,
            _ => 0,
        };
        if let Some(value) = number(place, length).filter(|_| length > 0) {
            found.push(Entry {
                tag,
                place,
                length,
                value,
            });
        }
        at += entry_bytes;
    }
    Some(found)
}
