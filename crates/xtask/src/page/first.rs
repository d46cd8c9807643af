//! What the page shows before its program runs: the picture to begin with, and what was recorded
//! about it. `cargo xtask first` has the program itself draw it, and keeps it as `www/first.json`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::manifest::Manifest;

use crate::shell::say;

/// The file, below `www`. It is not part of the built page.
pub(crate) const FILE: &str = "first.json";
const COMMAND: &str = "cargo xtask first";

/// Elements of `index.html` with what the program draws into them, by their ids.
pub(super) type Elements = BTreeMap<String, String>;

/// What belongs into a page that answers with these models. It is empty for models whose answers
/// were not recorded: nothing is shown that they would not say.
pub(super) fn elements(www: &Path, models: &Manifest) -> Result<Elements> {
    let recorded = parsed(&www.join("recorded.json"))?;
    let rows = recorded["weights"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_recorded = |id: &str, sha256: &str| rows.iter().any(|row| row["model"] == id && row["sha256"] == sha256);
    let same = models.models.iter().all(|model| {
        let mut files = model.files.iter();
        files.next().is_some_and(|file| is_recorded(&model.id, &file.sha256))
    });
    if !same {
        return Ok(Elements::new());
    }
    let first = parsed(&www.join(FILE))?;
    if let Some((name, sha256)) = stale(www, &first)?.first() {
        say(format!(
            "{FILE} was made from another {name} ({sha256}): the page begins empty until `{COMMAND}` has run"
        ));
        return Ok(Elements::new());
    }
    let elements = first["elements"].clone();
    serde_json::from_value(elements).with_context(|| format!("www/{FILE} lists no elements: run `{COMMAND}`"))
}

/// The lists that the file was not made from, each with its hash.
fn stale(www: &Path, first: &Value) -> Result<Vec<(String, String)>> {
    let Some(sources) = first["sources"].as_object() else {
        bail!("www/{FILE} does not say what it was made from: run `{COMMAND}`");
    };
    let mut wrong = Vec::new();
    for (name, sha256) in sources {
        let path = www.join(name);
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let now = sha256_hex(&bytes);
        if sha256 != now.as_str() {
            wrong.push((name.clone(), now));
        }
    }
    Ok(wrong)
}

fn parsed(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::root;

    #[test]
    fn the_page_begins_with_what_is_recorded_of_the_shipped_models() -> Result<()> {
        let www = root().join("www");
        assert_eq!(stale(&www, &parsed(&www.join(FILE))?)?, [], "run `{COMMAND}`");
        let shipped = elements(&www, &Manifest::load(&root().join("weights"))?)?;
        let has = |id: &str, text: &str| shipped.get(id).is_some_and(|element| element.contains(text));
        assert!(has("view", "<image href=\"pictures/") && has("panes", "VMamba") && has("panes", "ViT"));
        assert!(has("recorded", "cargo xtask record"));
        // Markup alone: no script, and no style that the page's policy refuses.
        for (id, element) in &shipped {
            for banned in ["<script", " style", " on", "javascript:"] {
                assert!(
                    !element.contains(&format!("{banned}=")) && !element.contains("<script"),
                    "{id}: {banned}"
                );
            }
        }
        Ok(())
    }

    #[test]
    fn other_models_do_not_begin_with_answers_of_the_shipped_ones() -> Result<()> {
        let mut manifest = Manifest::load(&root().join("weights"))?;
        manifest.models[0].files[0].sha256 = "0".repeat(64);
        assert_eq!(elements(&root().join("www"), &manifest)?, Elements::new());
        Ok(())
    }
}
