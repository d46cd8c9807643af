//! What the pages have in common: `<!-- shared: NAME -->` in a page stands for
//! `www/shared/NAME.html`, and `{address}` for the address that the page will have.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// Folder below `www` with what is shared. It is not part of the built page.
pub(super) const SHARED: &str = "shared";

/// What stands for the page's address, which ends in a slash, or is empty where it is not known.
const ADDRESS: &str = "{address}";

/// The page with everything that it shares, for that address.
pub(super) fn assemble(page: &str, shared: &Path, address: &str) -> Result<String> {
    const BEGIN: &str = "<!-- shared: ";
    const END: &str = " -->";
    let mut out = String::new();
    for line in page.lines() {
        let Some(name) = line.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)) else {
            out += line;
            out.push('\n');
            continue;
        };
        if !name.bytes().all(|byte| byte.is_ascii_lowercase()) {
            bail!("`{name}` is no name of a shared part: lower-case letters only");
        }
        let path = shared.join(format!("{name}.html"));
        out += &std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(out.replace(ADDRESS, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gets_what_it_shares() -> Result<()> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join("head.html"), "  <meta {address}a.png>\n")?;
        let page = assemble(
            "<head>\n  <!-- shared: head -->\n  <!-- a comment -->\n</head>\n",
            dir.path(),
            "https://example.org/",
        )?;
        assert_eq!(
            page,
            "<head>\n  <meta https://example.org/a.png>\n  <!-- a comment -->\n</head>\n"
        );
        assert!(assemble("<!-- shared: none -->", dir.path(), "").is_err());
        assert!(assemble("<!-- shared: ../head -->", dir.path(), "").is_err());
        Ok(())
    }

    #[test]
    fn the_pages_name_every_id_once() -> Result<()> {
        let www = crate::repo::root().join("www");
        for name in ["index.html", "bench.html", "evaluate.html"] {
            let page = assemble(&std::fs::read_to_string(www.join(name))?, &www.join(SHARED), "")?;
            let mut ids: Vec<&str> = page
                .split(" id=\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .collect();
            let all = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), all, "{name}");
            assert!(ids.contains(&"setup") && ids.contains(&"unstarted"), "{name}");
        }
        Ok(())
    }
}
