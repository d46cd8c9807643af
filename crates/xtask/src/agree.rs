//! `cargo xtask agree`: the same questions natively and in Chromium.

use anyhow::{Context, Result};

use crate::cli::AgreeArgs;
use crate::page_tests;
use crate::repo::root;
use crate::shell::{say, succeeds};

/// Where the result is kept, below the repository's root.
const RESULT: &str = "tests/page/agree/result.json";

pub(crate) fn run(args: &AgreeArgs) -> Result<bool> {
    let out = match &args.out {
        Some(out) => std::path::absolute(out).with_context(|| format!("no such path: {}", out.display()))?,
        None => root().join(RESULT),
    };
    page_tests::prepare()?;
    page_tests::shipped_page()?;
    let good = succeeds(page_tests::node("agree.js")?.env("AGREE_OUT", &out))?;
    say(format!("the answers are in {}", out.display()));
    Ok(good)
}
