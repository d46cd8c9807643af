//! What the pages are put together from: `<!-- shared: NAME -->` in a page stands for
//! `www/shared/NAME.html`, `{address}` for the address that the page will have.
//! `<!-- first: ID -->` has the line after it replaced by what the page begins with
//! ([`super::first`]), if it does.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::first::Elements;

/// Folder below `www` with what is shared. It is not part of the built page.
pub(super) const SHARED: &str = "shared";

/// What stands for the page's address, which ends in a slash, or is empty where it is not known.
const ADDRESS: &str = "{address}";

/// What the pages get.
#[derive(Default)]
pub(super) struct Shell {
    /// The folder with what they share.
    pub(super) shared: PathBuf,
    pub(super) address: String,
    /// What the first page begins with.
    pub(super) first: Elements,
}

impl Shell {
    /// The whole page.
    pub(super) fn assemble(&self, page: &str) -> Result<String> {
        let mut out = String::new();
        let mut lines = page.lines();
        while let Some(line) = lines.next() {
            if let Some(name) = named(line, "shared")? {
                out += &read(&self.shared.join(format!("{name}.html")))?;
            } else if let Some(id) = named(line, "first")? {
                let empty = lines
                    .next()
                    .with_context(|| format!("nothing follows `{}`", line.trim()))?;
                if !empty.contains(&format!("id=\"{id}\"")) {
                    bail!(
                        "no element `{id}` follows `{}`: it has to stand on one line",
                        line.trim()
                    );
                }
                out += self.first.get(id).map_or(empty, String::as_str);
                out.push('\n');
            } else {
                out += line;
                out.push('\n');
            }
        }
        Ok(out.replace(ADDRESS, &self.address))
    }
}

/// What a line that is such a comment names.
fn named<'a>(line: &'a str, what: &str) -> Result<Option<&'a str>> {
    let begin = format!("<!-- {what}: ");
    let Some(name) = line
        .trim()
        .strip_prefix(&begin)
        .and_then(|rest| rest.strip_suffix(" -->"))
    else {
        return Ok(None);
    };
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
        bail!("`{name}` is no name of a part: lower-case letters only");
    }
    Ok(Some(name))
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gets_what_it_shares() -> Result<()> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join("head.html"), "  <meta {address}a.png>\n")?;
        let shell = Shell {
            shared: dir.path().to_path_buf(),
            address: "https://example.org/".into(),
            first: [("b".to_owned(), "<b id=\"b\">both</b>".to_owned())].into(),
        };
        let page = shell.assemble("<head>\n  <!-- shared: head -->\n  <!-- a comment -->\n</head>\n")?;
        assert_eq!(
            page,
            "<head>\n  <meta https://example.org/a.png>\n  <!-- a comment -->\n</head>\n"
        );
        let begun = "<!-- first: a -->\n<i id=\"a\"></i>\n<!-- first: b -->\n<b id=\"b\"></b>\n";
        assert_eq!(shell.assemble(begun)?, "<i id=\"a\"></i>\n<b id=\"b\">both</b>\n");
        for wrong in [
            "<!-- shared: none -->",
            "<!-- shared: ../head -->",
            "<!-- first: b -->",
            "<!-- first: b -->\n<p>",
        ] {
            assert!(shell.assemble(wrong).is_err(), "{wrong}");
        }
        Ok(())
    }

    #[test]
    fn the_pages_name_every_id_once() -> Result<()> {
        let www = crate::repo::root().join("www");
        for name in ["index.html", "bench.html", "evaluate.html"] {
            let shell = Shell {
                shared: www.join(SHARED),
                ..Shell::default()
            };
            let page = shell.assemble(&std::fs::read_to_string(www.join(name))?)?;
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
