//! Brotli beside what compresses well, so that a server need not.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sightline_checkpoint::file::write_whole;
use sightline_checkpoint::hash::sha256_hex;

use crate::repo::scratch;

/// Endings of files that compress well. Parts of models are left out: quantized weights are as good
/// as random.
const ENDINGS: &[&str] = &["wasm", "js", "css", "html", "json", "svg", "txt", "webmanifest"];

/// How hard to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// For a page that is built to be looked at.
    Quick,
    /// For a page that is published.
    Best,
}

impl Effort {
    fn quality(self) -> u32 {
        match self {
            Self::Quick => 5,
            Self::Best => 11,
        }
    }
}

/// A file that a browser downloads.
pub(super) struct Sent {
    /// Path below the page's folder.
    pub(super) name: String,
    /// Bytes as it is.
    pub(super) raw: usize,
    /// Bytes as brotli.
    pub(super) brotli: usize,
}

/// Writes a `.br` beside every file below `page` that compresses well; gives the files, sorted by
/// name.
pub(super) fn all(page: &Path, effort: Effort) -> Result<Vec<Sent>> {
    let mut names = Vec::new();
    collect(page, "", &mut names)?;
    names.sort();
    // Two at a time: the two modules take the longest, by far.
    let (even, odd): (Vec<_>, Vec<_>) = names.into_iter().enumerate().partition(|(i, _)| i % 2 == 0);
    let some = |list: Vec<(usize, String)>| -> Result<Vec<Sent>> {
        list.iter().map(|(_, name)| one(page, name, effort)).collect()
    };
    let mut sent = std::thread::scope(|scope| {
        let other = scope.spawn(|| some(odd));
        let mut sent = some(even)?;
        sent.extend(other.join().map_err(|_| anyhow::anyhow!("compressing panicked"))??);
        Ok::<_, anyhow::Error>(sent)
    })?;
    sent.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sent)
}

fn collect(folder: &Path, prefix: &str, names: &mut Vec<String>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), names)?;
        } else if path
            .extension()
            .is_some_and(|e| ENDINGS.iter().any(|ending| e == *ending))
        {
            names.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

fn one(page: &Path, name: &str, effort: Effort) -> Result<Sent> {
    let path = page.join(name);
    let raw = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let packed = packed(&raw, effort)?;
    let to = PathBuf::from(format!("{}.br", path.display()));
    if std::fs::read(&to).ok().as_deref() != Some(&packed[..]) {
        write_whole(&to, &packed).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(Sent {
        name: name.to_owned(),
        raw: raw.len(),
        brotli: packed.len(),
    })
}

/// The bytes as brotli. Large ones take half a minute and change rarely: results are kept by the
/// hash of what went in.
pub(super) fn packed(raw: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let kept = scratch().join(format!("brotli/{}-{}", effort.quality(), sha256_hex(raw)));
    if let Ok(packed) = std::fs::read(&kept) {
        return Ok(packed);
    }
    let params = brotli::enc::BrotliEncoderParams {
        quality: effort.quality() as i32,
        lgwin: 24,
        size_hint: raw.len(),
        ..Default::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &raw[..], &mut packed, &params).context("cannot compress")?;
    write_whole(&kept, &packed).with_context(|| format!("cannot write {}", kept.display()))?;
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_unpacks() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let text = "the same words again and again ".repeat(100);
        std::fs::create_dir(dir.path().join("sub"))?;
        std::fs::write(dir.path().join("sub/page.js"), &text)?;
        std::fs::write(dir.path().join("picture.jpg"), "not touched")?;
        let sent = all(dir.path(), Effort::Quick)?;
        assert_eq!(sent.len(), 1);
        assert!(sent[0].brotli < sent[0].raw / 10);
        let mut out = Vec::new();
        let packed = std::fs::read(dir.path().join("sub/page.js.br"))?;
        brotli::BrotliDecompress(&mut &packed[..], &mut out)?;
        assert_eq!(out, text.as_bytes());
        Ok(())
    }
}
