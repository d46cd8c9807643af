//! `cargo xtask bench`.

use anyhow::Result;

use crate::cli::BenchArgs;
use crate::shell::{cargo, say, succeeds};

pub(crate) fn run(args: &BenchArgs) -> Result<bool> {
    say("building sightline (about 10 minutes on two cores when nothing is built yet)");
    let mut bench = cargo();
    bench.args(["run", "--release", "--package", "sightline", "--bin", "sightline"]);
    if args.cuda {
        bench.args(["--features", "cuda"]);
        // The bindings compile without a toolkit when they are told its version.
        if std::env::var_os("CUDARC_CUDA_VERSION").is_none() {
            bench.env("CUDARC_CUDA_VERSION", "13000");
        }
    }
    bench.args(["--", "bench"]).args(&args.args);
    succeeds(&mut bench)
}
