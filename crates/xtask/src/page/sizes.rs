//! What a visitor downloads, and what that may be at most.

use sightline_checkpoint::bundle::Bundle;

use super::compress::{Effort, Sent};
use crate::shell::say;
use crate::wasm;

/// Most bytes of the module of the first page, and of that of the other pages, as brotli.
const PAGE_BUDGET: usize = 150_000;
/// Most bytes of the module of a page in a frame as brotli.
const EMBED_BUDGET: usize = 60_000;
/// Most bytes of the module for links as brotli.
const LINK_BUDGET: usize = 85_000;
/// What has to be here before anything is seen, pictures apart. A browser test measures the same.
const FIRST: [&str; 3] = ["index.html", "style.css", "early.js"];
/// Most bytes of it as brotli.
const FIRST_BUDGET: usize = 100_000;
/// Most bytes of the engine's module as brotli.
const ENGINE_BUDGET: usize = 2_000_000;
/// The same with evaluations.
const EVALUATE_BUDGET: usize = 2_600_000;
/// Most bytes of everything: page, engine, encoders, language model.
const WHOLE_BUDGET: u64 = 150_000_000;

/// Prints the table; whether every budget is kept.
pub(super) fn tell(files: &[Sent], bundle: &Bundle, effort: Effort) -> bool {
    say(match effort {
        Effort::Best => "what a visitor downloads, bytes",
        Effort::Quick => "what a visitor downloads, bytes (compressed quickly: a published page is smaller)",
    });
    println!("    {:<44} {:>12} {:>12}", "", "raw", "brotli");
    // Cards and licences are there to be read by those who want to.
    let files: Vec<&Sent> = files.iter().filter(|file| !file.name.starts_with("about/")).collect();
    for file in files.iter().filter(|file| file.name != "bundle.json") {
        println!("    {:<44} {:>12} {:>12}", file.name, file.raw, file.brotli);
    }
    let mut whole = files.iter().map(|file| file.brotli as u64).sum::<u64>();
    for file in &bundle.files {
        let parts = format!("{} ({} parts)", file.name, file.parts.len());
        println!("    {parts:<44} {:>12} {:>12}", file.bytes, "as it is");
        whole += file.bytes;
    }
    println!("    {:<44} {:>12} {whole:>12}", "all of it, pictures apart", "");
    let mut good = true;
    let mut over = |what: &str, bytes: u64, budget: u64| {
        if bytes > budget {
            good = false;
            println!("    over budget: {what} has {bytes} bytes, at most {budget}");
        }
    };
    let first = files.iter().filter(|file| FIRST.contains(&&file.name[..]));
    let first = first.map(|file| file.brotli).sum::<usize>();
    println!("    {:<44} {:>12} {first:>12}", "the first paint, pictures apart", "");
    over("what the first paint needs", first as u64, FIRST_BUDGET as u64);
    let page = size_of(&files, &wasm::PAGE);
    let lab = size_of(&files, &wasm::LAB);
    let engine = size_of(&files, &wasm::ENGINE);
    over("the page's module", page as u64, PAGE_BUDGET as u64);
    over("the module of the other pages", lab as u64, PAGE_BUDGET as u64);
    let embed = size_of(&files, &wasm::EMBED);
    over("the module of a page in a frame", embed as u64, EMBED_BUDGET as u64);
    over(
        "the module for links",
        size_of(&files, &wasm::LINK) as u64,
        LINK_BUDGET as u64,
    );
    over(
        "the engine's module with evaluations",
        size_of(&files, &wasm::EVALUATE) as u64,
        EVALUATE_BUDGET as u64,
    );
    over("the engine's module", engine as u64, ENGINE_BUDGET as u64);
    over("everything together", whole, WHOLE_BUDGET);
    // A quick build is not what anyone publishes.
    good || effort == Effort::Quick
}

fn size_of(files: &[&Sent], module: &wasm::Module) -> usize {
    let [_, name] = module.files();
    files
        .iter()
        .find(|file| file.name == name)
        .map_or(0, |file| file.brotli)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sightline_checkpoint::manifest::Manifest;

    use super::*;

    fn sent(name: &str, brotli: usize) -> Sent {
        Sent {
            name: name.into(),
            raw: brotli * 4,
            brotli,
        }
    }

    #[test]
    fn a_module_over_its_budget_is_a_failure() {
        let manifest = Manifest::load(&crate::repo::root().join("weights")).expect("the shipped manifest");
        let bundle = Bundle {
            version: 1,
            manifest,
            classes: BTreeMap::new(),
            files: Vec::new(),
        };
        let files = |page, lab, engine| {
            [
                sent("sightline_page_bg.wasm", page),
                sent("sightline_lab_bg.wasm", lab),
                sent("sightline_web_bg.wasm", engine),
            ]
        };
        assert!(tell(&files(100_000, 100_000, 2_000_000), &bundle, Effort::Best));
        assert!(!tell(&files(200_000, 100_000, 2_000_000), &bundle, Effort::Best));
        assert!(!tell(&files(100_000, 200_000, 2_000_000), &bundle, Effort::Best));
        assert!(!tell(&files(100_000, 100_000, 4_000_000), &bundle, Effort::Best));
        assert!(tell(&files(100_000, 100_000, 4_000_000), &bundle, Effort::Quick));
    }
}
