//! Runs the suite on every backend that is present. An absent one shows as ignored, or fails if
//! `SIGHTLINE_REQUIRE` names it.

use libtest_mimic::{Arguments, Trial};
use sightline_kernels::suite::{Case, cases};
use sightline_kernels::{Device, Result};

fn main() {
    let required = std::env::var("SIGHTLINE_REQUIRE").unwrap_or_default();
    let mut trials = Vec::new();
    backend(&mut trials, "cpu", &required, Ok(Device::cpu()));
    backend(&mut trials, "wgpu", &required, wgpu());
    #[cfg(feature = "cuda")]
    backend(&mut trials, "cuda", &required, Device::cuda(0));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A real adapter if there is one, otherwise the one in software.
fn wgpu() -> Result<Device> {
    pollster::block_on(Device::wgpu(false)).or_else(|_| pollster::block_on(Device::wgpu(true)))
}

fn backend(trials: &mut Vec<Trial>, name: &str, required: &str, device: Result<Device>) {
    let required = required.split(',').any(|r| r == name);
    for case in cases() {
        let title = format!("{name}::{}", case.name);
        trials.push(match &device {
            Ok(device) if case.lacks_half(device) => Trial::test(title, || Ok(()))
                .with_kind("no 16-bit floats")
                .with_ignored_flag(true),
            // This device can never run the case, so it gets no line.
            Ok(device) if !case.runs_on(device) => continue,
            Ok(device) => {
                let device = device.clone();
                Trial::test(title, move || check(&case, &device))
            }
            Err(error) => {
                let message = error.to_string();
                Trial::test(title, move || Err(message.into())).with_ignored_flag(!required)
            }
        });
    }
}

fn check(case: &Case, device: &Device) -> std::result::Result<(), libtest_mimic::Failed> {
    let report = pollster::block_on(case.run(device))?;
    if report.error <= case.tolerance {
        return Ok(());
    }
    Err(format!("{report}; tolerance {:.1e}", case.tolerance).into())
}
