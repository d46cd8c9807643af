//! The folder of a built page: what belongs there is copied if it changed, what an earlier build
//! left is removed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sightline_checkpoint::file::write_whole;
use sightline_checkpoint::hash::sha256_hex;

use super::first;
use super::shell::{SHARED, Shell};
use crate::repo::scratch;

/// What the pages are put together from.
const NOT_SERVED: [&str; 2] = [SHARED, first::FILE];

/// A page being put together.
pub(super) struct Site {
    out: PathBuf,
    /// Each file's SHA-256.
    written: BTreeMap<String, String>,
}

impl Site {
    /// In the folder `out`, which need not exist.
    pub(super) fn at(out: &Path) -> Result<Self> {
        std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
        Ok(Self {
            out: out.to_path_buf(),
            written: BTreeMap::new(),
        })
    }

    /// Writes one file to the path `name`, unless it lies there already.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let to = self.out.join(name);
        // An unchanged file keeps its date, and with it what browsers have cached.
        if std::fs::read(&to).ok().as_deref() != Some(bytes) {
            write_whole(&to, bytes).with_context(|| format!("cannot write {}", to.display()))?;
        }
        self.written.insert(name.to_owned(), sha256_hex(bytes));
        Ok(())
    }

    /// Copies one file to the path `name`.
    pub(super) fn file(&mut self, from: &Path, name: &str) -> Result<()> {
        let bytes = std::fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        self.put(name, &bytes)
    }

    /// Copies everything below a folder, hidden files apart. Pages are put together ([`Shell`]).
    pub(super) fn folder(&mut self, from: &Path, shell: &Shell) -> Result<()> {
        self.below(from, "", shell)
    }

    fn below(&mut self, from: &Path, prefix: &str, shell: &Shell) -> Result<()> {
        let entries = std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
        let mut entries: Vec<_> = entries.flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let file = entry.file_name().to_string_lossy().into_owned();
            let (path, name) = (entry.path(), format!("{prefix}{file}"));
            if file.starts_with('.') || NOT_SERVED.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                self.below(&path, &format!("{name}/"), shell)?;
            } else if name.ends_with(".html") {
                let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                let page = shell
                    .assemble(&page)
                    .with_context(|| format!("cannot put {} together", path.display()))?;
                self.put(&name, page.as_bytes())?;
            } else {
                self.file(&path, &name)?;
            }
        }
        Ok(())
    }

    /// The SHA-256 of every file that was written.
    pub(super) fn hashes(&self) -> &BTreeMap<String, String> {
        &self.written
    }

    /// Removes what the last build put here and this one did not. Nothing else is touched: the
    /// folder may be anyone's.
    pub(super) fn finish(self) -> Result<()> {
        let key = sha256_hex(self.out.to_string_lossy().as_bytes());
        let list = scratch().join(format!("page-{}.txt", &key[..16]));
        let before = std::fs::read_to_string(&list).unwrap_or_default();
        for name in before.lines().filter(|name| !self.written.contains_key(*name)) {
            for path in [self.out.join(name), self.out.join(format!("{name}.br"))] {
                // One that is gone already is as it should be.
                let _ = std::fs::remove_file(path);
            }
        }
        let names: Vec<&str> = self.written.keys().map(String::as_str).collect();
        write_whole(&list, names.join("\n").as_bytes()).with_context(|| format!("cannot write {}", list.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vanished_from_the_source_vanishes_from_the_page() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let (www, out) = (dir.path().join("www"), dir.path().join("out"));
        std::fs::create_dir_all(www.join("pictures"))?;
        std::fs::write(www.join("index.html"), "page")?;
        std::fs::write(www.join("pictures/a.jpg"), "a")?;
        std::fs::create_dir_all(&out)?;
        std::fs::write(out.join("mine.txt"), "not ours")?;
        let mut site = Site::at(&out)?;
        site.folder(&www, &Shell::default())?;
        site.finish()?;
        assert!(out.join("pictures/a.jpg").is_file());

        std::fs::remove_file(www.join("pictures/a.jpg"))?;
        let mut site = Site::at(&out)?;
        site.folder(&www, &Shell::default())?;
        site.finish()?;
        assert!(!out.join("pictures/a.jpg").exists());
        assert!(out.join("index.html").is_file() && out.join("mine.txt").is_file());
        Ok(())
    }
}
