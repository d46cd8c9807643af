//! What a static Space of Hugging Face needs beside the page: a `README.md` that says what it is,
//! and which files its repository keeps as large ones.

use anyhow::Result;

use super::site::Site;

/// The lines at the top are the Space's settings.
const README: &str = "---
title: Sightline
emoji: 👁
colorFrom: blue
colorTo: yellow
sdk: static
app_file: index.html
pinned: false
license: mit
short_description: An SSM and a ViT answer the same question
---

# Sightline

A picture, a question, and two answers: a state space encoder and a vision transformer of the same size, each in front of the same small language
model. Both run in the browser; no picture and no question leaves it.

This folder was built by `cargo xtask page --space`. What is in it has its own terms: see `about/models.html` and `about/licences.html`.
";

/// Git LFS keeps what is larger than ten million bytes, and parts of models as large as that.
const ATTRIBUTES: &str = "*.part filter=lfs diff=lfs merge=lfs -text\n*.wasm filter=lfs diff=lfs merge=lfs -text\n";

/// Writes both.
pub(super) fn write(site: &mut Site) -> Result<()> {
    site.put("README.md", README.as_bytes())?;
    site.put(".gitattributes", ATTRIBUTES.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_stand_first_and_name_a_page_that_is_there() -> Result<()> {
        let dir = tempfile::tempdir()?;
        write(&mut Site::at(dir.path())?)?;
        let readme = std::fs::read_to_string(dir.path().join("README.md"))?;
        let settings = readme.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
        let settings: Vec<(&str, &str)> = settings
            .map_or("", |(settings, _)| settings)
            .lines()
            .filter_map(|line| line.split_once(": "))
            .collect();
        assert!(settings.contains(&("sdk", "static")), "{settings:?}");
        let page = settings
            .iter()
            .find(|(name, _)| *name == "app_file")
            .map(|(_, file)| *file);
        assert!(page.is_some_and(|page| crate::repo::root().join("www").join(page).is_file()));
        // What the Hub allows.
        let about = settings.iter().find(|(name, _)| *name == "short_description");
        assert!(about.is_some_and(|(_, about)| about.chars().count() <= 60), "{about:?}");
        Ok(())
    }
}
