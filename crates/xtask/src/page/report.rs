//! `report.html`: the report of an evaluation, as `sightline report` writes it, without its data.
//! `evaluate.html` shows it in a frame and hands it the data. Style and script are files of their
//! own, because the page's policy runs nothing that stands in a page.

use anyhow::{Context, Result, bail};

use super::site::Site;
use crate::repo::root;

/// What stands in the file of the program, and what in the page.
const PARTS: [(&str, &str); 4] = [
    (
        "<style>/*STYLE*/</style>",
        "<link rel=\"stylesheet\" href=\"report.css\">",
    ),
    ("/*DATA*/", ""),
    ("<script>/*SCRIPT*/</script>", "<script src=\"report.js\"></script>"),
    (
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'",
        "style-src 'self'; script-src 'self'",
    ),
];

/// Writes page, style and script.
pub(super) fn write(site: &mut Site) -> Result<()> {
    let folder = root().join("crates/evaluation/src/report");
    for name in ["report.css", "report.js"] {
        site.file(&folder.join(name), name)?;
    }
    let path = folder.join("page.html");
    let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    site.put("report.html", split(&page)?.as_bytes())
}

fn split(page: &str) -> Result<String> {
    let mut out = page.to_owned();
    for (from, to) in PARTS {
        if out.matches(from).count() != 1 {
            bail!("the page of the report has not one `{from}`");
        }
        out = out.replace(from, to);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_that_stands_in_the_page() -> Result<()> {
        let page = std::fs::read_to_string(root().join("crates/evaluation/src/report/page.html"))?;
        let out = split(&page)?;
        assert!(!out.contains("unsafe-inline") && !out.contains("<style"), "{out}");
        assert!(
            out.contains("<script id=\"data\" type=\"application/json\"></script>"),
            "{out}"
        );
        assert!(split("<p>").is_err());
        Ok(())
    }
}
