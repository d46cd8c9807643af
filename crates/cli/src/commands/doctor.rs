//! `sightline doctor`: what is here, and what will be used.

use serde::Serialize;
use sightline_kernels::{Backend, Device, GpuInfo};

use crate::args::{Doctor, Global};
use crate::device;
use crate::failure::{Failure, OrFail, RUNNING, USAGE};
use crate::output;

#[derive(Serialize)]
struct Report {
    devices: Vec<Entry>,
    used: String,
    why: String,
}

#[derive(Serialize)]
struct Entry {
    kind: &'static str,
    present: bool,
    detail: String,
    facts: Vec<(&'static str, String)>,
}

/// Runs the command.
pub(crate) fn run(args: &Doctor, global: &Global) -> Result<(), Failure> {
    if args.check {
        return pollster::block_on(check(args, global));
    }
    let report = pollster::block_on(report(global))?;
    if args.json {
        return output::line(&serde_json::to_string_pretty(&report).or_fail(RUNNING)?);
    }
    for entry in &report.devices {
        let mark = if entry.present { "yes" } else { "no " };
        output::line(&format!("{:5} {mark}  {}", output::bold(entry.kind), entry.detail))?;
        for (name, value) in &entry.facts {
            output::line(&format!("             {name}: {value}"))?;
        }
    }
    output::line(&format!("\nWill be used: {}, because {}.", report.used, report.why))
}

/// Every kernel against its twin, and both encoders against their goldens, on this device.
async fn check(args: &Doctor, global: &Global) -> Result<(), Failure> {
    let chosen = device::open(global.device).await?;
    output::line(&format!(
        "Checking {}, because {}.",
        device::name(&chosen.device),
        chosen.why
    ))?;
    let filter = args.filter.as_deref().unwrap_or("");
    let kernels = sightline_kernels::suite::cases();
    let encoders = sightline_vision::suite::cases();
    let named: Vec<_> = kernels
        .iter()
        .chain(&encoders)
        .filter(|case| case.name.contains(filter))
        .collect();
    let cases: Vec<_> = named.iter().filter(|case| case.runs_on(&chosen.device)).collect();
    if cases.is_empty() {
        let problem = match named.len() {
            0 => format!("no check has `{filter}` in its name; -v without --filter lists the names"),
            count => format!("none of the {count} checks with `{filter}` in their names runs on this device"),
        };
        return Err(Failure::new(USAGE, problem));
    }
    let bar = output::count_bar(cases.len(), "");
    let (mut passed, mut failed) = (0, 0);
    for case in cases {
        bar.set_message(case.name.clone());
        let (good, verdict) = match case.run(&chosen.device).await {
            Ok(report) if report.error <= case.tolerance => (true, format!("ok      {report}")),
            Ok(report) => (false, format!("FAILED  {report}; allowed {:.1e}", case.tolerance)),
            Err(error) => (false, format!("FAILED  {error}")),
        };
        passed += usize::from(good);
        failed += usize::from(!good);
        if !good || global.verbose {
            bar.suspend(|| output::line(&format!("{}: {verdict}", case.name)))?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    output::line(&format!("{passed} passed, {failed} failed"))?;
    if failed == 0 {
        return Ok(());
    }
    Err(Failure::new(
        RUNNING,
        format!("{failed} checks failed on this device; use another with --device, and tell us"),
    ))
}

async fn report(global: &Global) -> Result<Report, Failure> {
    let chosen = device::open(global.device).await?;
    // An open device is not opened twice: its second name may be another GPU.
    let wgpu = match chosen.device.backend() {
        Backend::Wgpu => Ok(chosen.device.clone()),
        _ => device::wgpu().await,
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let devices = vec![
        entry(Backend::Cuda, device::cuda(0)),
        entry(Backend::Wgpu, wgpu),
        Entry {
            kind: Backend::Cpu.name(),
            present: true,
            detail: format!("{cores} threads, {}", std::env::consts::ARCH),
            facts: vec![],
        },
    ];
    Ok(Report {
        devices,
        used: device::name(&chosen.device),
        why: chosen.why,
    })
}

fn entry(backend: Backend, device: Result<Device, String>) -> Entry {
    let kind = backend.name();
    match device {
        Ok(device) => Entry {
            kind,
            present: true,
            detail: device::name(&device),
            facts: device.gpu_info().map(facts).unwrap_or_default(),
        },
        Err(detail) => Entry {
            kind,
            present: false,
            detail,
            facts: vec![],
        },
    }
}

fn facts(info: &GpuInfo) -> Vec<(&'static str, String)> {
    let binding = match info.max_binding {
        u64::MAX => "not limited".to_owned(),
        bytes => format!("{} MiB", bytes >> 20),
    };
    let f16 = if info.f16 {
        "yes (only the page uses them, after a check; here all is as exact as f32)"
    } else {
        "no (not needed: everything runs in f32)"
    };
    vec![
        ("largest binding", binding),
        ("storage buffers a kernel", info.max_bindings.to_string()),
        ("16-bit floats", f16.to_owned()),
        ("lanes in a plane", format!("{} to {}", info.plane.0, info.plane.1)),
        (
            "kernels",
            if info.wgsl {
                "WGSL and CubeCL"
            } else {
                "CubeCL through NVRTC"
            }
            .to_owned(),
        ),
    ]
}
