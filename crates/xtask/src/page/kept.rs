//! `kept.js`: what the service worker keeps, so that the page works without a network.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::wasm;

/// Files that the browser must always get from the network, and those that a visit does without.
fn is_kept(name: &str) -> bool {
    let left = ["sw.js", "kept.js", "card.png"].contains(&name);
    // The engine that evaluates is as large as the rest of the page.
    !left && !name.starts_with("about/") && !name.starts_with(wasm::EVALUATE.name)
}

/// The script that lists the files of a page, given each one's SHA-256.
pub(super) fn script(hashes: &BTreeMap<String, String>) -> Result<String> {
    let mut kept: BTreeMap<&str, &str> = hashes
        .iter()
        .filter(|(name, _)| is_kept(name))
        .map(|(name, hash)| (name.as_str(), hash.as_str()))
        .collect();
    // The address that people use.
    if let Some(hash) = kept.get("index.html").copied() {
        kept.insert("./", hash);
    }
    let list = serde_json::to_string_pretty(&kept)?;
    Ok(format!("// Written by `cargo xtask page`.\nself.KEPT = {list};\n"))
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
        for other in ["sw.js", "kept.js", "about/", "evaluate"] {
            assert!(!script.contains(other), "{script}");
        }
        Ok(())
    }
}
