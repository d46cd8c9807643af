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
    let mut node = page_tests::node("agree.js")?;
    node.env("AGREE_OUT", &out);
    if let Some(questions) = &args.questions {
        let questions =
            std::fs::canonicalize(questions).with_context(|| format!("no such file: {}", questions.display()))?;
        node.env("AGREE_QUESTIONS", questions);
    }
    if args.cpu {
        node.env("AGREE_DEVICE", "cpu");
    }
    let good = succeeds(&mut node)?;
    say(format!("the answers are in {}", out.display()));
    Ok(good)
}
