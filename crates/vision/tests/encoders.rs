//! Runs the suite on every backend that is present; an absent one shows as ignored, or fails if
//! `SIGHTLINE_REQUIRE` names it.

use libtest_mimic::{Arguments, Failed, Trial};
use sightline_kernels::{Device, Result};
use sightline_vision::suite::{Case, MAX_ABS_F32, MAX_ABS_F32_CPU, cases};

fn main() {
    let required = std::env::var("SIGHTLINE_REQUIRE").unwrap_or_default();
    let mut trials = Vec::new();
    backend(&mut trials, "cpu", &required, Ok(Device::cpu()));
    backend(&mut trials, "wgpu", &required, wgpu());
    #[cfg(feature = "cuda")]
    backend(&mut trials, "cuda", &required, Device::cuda(0));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A real adapter where there is one, else the software one.
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
            // The CPU has no f16 to compare.
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

fn check(case: &Case, device: &Device) -> std::result::Result<(), Failed> {
    let report = pollster::block_on(case.run(device))?;
    let on_cpu = device.gpu_info().is_none();
    let tolerance = match case.tolerance {
        t if t == MAX_ABS_F32 && on_cpu => MAX_ABS_F32_CPU,
        t => t,
    };
    if report.error <= tolerance {
        return Ok(());
    }
    Err(format!("{report}; tolerance {tolerance:.1e}").into())
}
