//! `kept.js`: what the service worker keeps, so that the page works without a network.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::wasm;

/// When a file is kept.
#[derive(Clone, Copy, PartialEq)]
enum When {
    /// At the first visit of any page.
    Always,
    /// Once a visitor has evaluated: the engine for it is as large as the rest of the page.
    Used,
}

/// When a file is kept; never those that the browser must always get from the network, and those
/// that a visit does without.
fn when(name: &str) -> Option<When> {
    let left = ["sw.js", "kept.js", "card.png"].contains(&name);
    if left || name.starts_with("about/") {
        return None;
    }
    Some(match name.starts_with(wasm::EVALUATE.name) {
        true => When::Used,
        false => When::Always,
    })
}

/// The script that lists the files of a page, given each one's SHA-256.
pub(super) fn script(hashes: &BTreeMap<String, String>) -> Result<String> {
    let of = |wanted: When| -> BTreeMap<&str, &str> {
        let files = hashes.iter().filter(|(name, _)| when(name) == Some(wanted));
        files.map(|(name, hash)| (name.as_str(), hash.as_str())).collect()
    };
    let (mut always, used) = (of(When::Always), of(When::Used));
    // The address that people use.
    if let Some(hash) = always.get("index.html").copied() {
        always.insert("./", hash);
    }
    let [always, used] = [always, used].map(|list| serde_json::to_string_pretty(&list));
    Ok(format!(
        "// Written by `cargo xtask page`.\nself.KEPT = {};\nself.KEPT_ONCE_USED = {};\n",
        always?, used?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workers_own_files_are_not_kept() -> Result<()> {
        let names = [
            "index.html",
            "sw.js",
            "kept.js",
            "about/models.html",
            "pictures/a.png",
            "sightline_web_evaluate.js",
        ];
        let hashes = names.map(|name| (name.to_owned(), format!("hash of {name}"))).into();
        let script = script(&hashes)?;
        for kept in ["\"./\": \"hash of index.html\"", "\"index.html\"", "\"pictures/a.png\""] {
            assert!(script.contains(kept), "{script}");
        }
        for other in ["sw.js", "kept.js", "about/"] {
            assert!(!script.contains(other), "{script}");
        }
        let (always, used) = script.split_once("self.KEPT_ONCE_USED").expect("two lists");
        assert!(
            !always.contains("evaluate") && used.contains("sightline_web_evaluate.js"),
            "{script}"
        );
        assert!(!used.contains("index.html"), "{script}");
        Ok(())
    }
}
