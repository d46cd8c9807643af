//! Which device computes, and why.

use js_sys::{Function, Promise};
use sightline_kernels::ops::{Apply, linear};
use sightline_kernels::{Device, Linear};
use sightline_messages::{Backend, Dtype, Machine, Wish};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_time::Instant;

use super::browser::{is_secure, property, scope, sleep, text, within};
use super::outbox::device_lost;

/// Floating-point operations until both shipped models have answered a first short question: per
/// arm, about 5 billion in the encoder and 230 positions through 106 million weights.
const FIRST_ANSWERS: f64 = 2.0 * (5e9 + 230.0 * 2.0 * 106e6);

/// Longest time that a browser may take to name its adapter, or to open it, ms. Some never answer.
const MOST_MS: i32 = 6_000;
/// Until a browser that had no adapter is asked once more, ms: its GPU process may just have
/// started.
const AGAIN_MS: i32 = 600;

/// Why the processor computes.
struct Instead {
    why: String,
    /// What the visitor could ask for.
    other: Option<Wish>,
}

/// The processor, in place of a GPU that computes wrongly.
pub(super) fn processor(why: String) -> Result<(Device, Machine), String> {
    cpu(Instead {
        why,
        other: Some(Wish::Gpu),
    })
}

/// Opens the device that was wished for, or says why it is the processor.
pub(super) async fn open(wish: Wish) -> Result<(Device, Machine), String> {
    if wish == Wish::Cpu {
        let why = "You chose the processor.".to_owned();
        let other = Some(Wish::Auto);
        return cpu(Instead { why, other });
    }
    match gpu(wish).await {
        Ok(opened) => Ok(opened),
        Err(instead) => cpu(instead),
    }
}

async fn gpu(wish: Wish) -> Result<(Device, Machine), Instead> {
    let instead = |why: &str, other| Instead { why: why.into(), other };
    let adapter = match adapter().await {
        Found::Adapter(adapter) => adapter,
        Found::NoWebGpu if !is_secure() => {
            return Err(instead(
                "This page came over plain http, where browsers offer neither WebGPU nor a place for downloads, so the processor \
                 computes. Over https both are there.",
                None,
            ));
        }
        Found::NoWebGpu => {
            return Err(instead(
                "This browser has no WebGPU, so the processor computes. A current Chrome, Edge, Safari or Firefox on a machine with a \
                 GPU is much faster.",
                None,
            ));
        }
        Found::NoAdapter => {
            return Err(instead(
                "This browser found no GPU for WebGPU, so the processor computes.",
                Some(Wish::Auto),
            ));
        }
        Found::Silence => {
            return Err(instead(
                "This browser did not answer when it was asked for its GPU, so the processor computes.",
                Some(Wish::Auto),
            ));
        }
    };
    if adapter.software && wish != Wish::Gpu {
        return Err(instead(
            "This browser's GPU is only imitated in software. The processor alone is many times as fast, so it computes.",
            Some(Wish::Gpu),
        ));
    }
    match within(MOST_MS, Device::wgpu(false)).await {
        Some(Ok(device)) => {
            device.on_lost(device_lost);
            Ok((device, adapter.machine()))
        }
        Some(Err(error)) => {
            let why = format!(
                "WebGPU is there and does not work ({}), so the processor computes.",
                plain(&error.to_string())
            );
            Err(Instead {
                why,
                other: Some(Wish::Auto),
            })
        }
        None => Err(instead(
            "This browser did not open its GPU when it was asked to, so the processor computes.",
            Some(Wish::Auto),
        )),
    }
}

/// An error's text without what a debugger adds: `JsValue(OperationError: text undefined)` becomes
/// the text.
fn plain(error: &str) -> String {
    let Some((before, rest)) = error.split_once("JsValue(") else {
        return error.to_owned();
    };
    let inside = rest.lines().next().unwrap_or_default().trim_end_matches([')', ' ']);
    format!("{before}{}", inside.trim_end_matches("undefined").trim())
}

fn cpu(instead: Instead) -> Result<(Device, Machine), String> {
    let device = Device::cpu();
    let rate = rate(&device).map_err(|error| error.to_string())?;
    let machine = Machine {
        backend: Backend::Cpu,
        adapter: "the processor, one thread".into(),
        software: false,
        dtype: Dtype::F32,
        why: Some(instead.why),
        other: instead.other,
        patience_s: Some(FIRST_ANSWERS / rate),
    };
    Ok((device, machine))
}

/// Floating-point operations per second of the processor, measured on the shape of the language
/// model's matrices. The quickest run counts: whatever else the machine does can only make one
/// slower.
fn rate(device: &Device) -> sightline_kernels::Result<f64> {
    const ROWS: usize = 128;
    const SIDE: usize = 576;
    const FEWEST_RUNS: usize = 3;
    let values = |len: usize| -> Vec<f32> { (0..len).map(|i| (i % 13) as f32 / 13.0 - 0.5).collect() };
    let map = Linear::f32(device, [SIDE, SIDE], &values(SIDE * SIDE), None)?;
    let x = device.upload_f32(&values(ROWS * SIDE)).reshape([ROWS, SIDE])?;
    let y = device.empty_f32([ROWS, SIDE]);
    let begun = Instant::now();
    let mut quickest = f64::INFINITY;
    let mut runs = 0;
    while runs < FEWEST_RUNS || begun.elapsed().as_secs_f64() < 0.05 {
        let start = Instant::now();
        linear(device, Apply::new(&map, &x, ROWS, &y))?;
        quickest = quickest.min(start.elapsed().as_secs_f64());
        runs += 1;
    }
    // Clocks of browsers tick coarsely.
    Ok((2 * ROWS * SIDE * SIDE) as f64 / quickest.max(1e-4))
}

/// What the browser says about its adapter.
struct Adapter {
    name: String,
    software: bool,
}

impl Adapter {
    fn machine(self) -> Machine {
        Machine {
            backend: Backend::WebGpu,
            adapter: self.name,
            software: self.software,
            dtype: Dtype::F32,
            why: None,
            other: Some(Wish::Cpu),
            patience_s: None,
        }
    }
}

/// What a browser answers when it is asked for its GPU.
enum Found {
    Adapter(Adapter),
    /// `navigator.gpu` is missing.
    NoWebGpu,
    /// It is there and has no adapter, twice.
    NoAdapter,
    /// It is there and never answers.
    Silence,
}

/// The default adapter.
async fn adapter() -> Found {
    let Some(gpu) = scope()
        .ok()
        .and_then(|scope| property(&scope.navigator().into(), "gpu"))
    else {
        return Found::NoWebGpu;
    };
    for attempt in 0..2 {
        if attempt > 0 {
            sleep(AGAIN_MS).await;
        }
        match within(MOST_MS, request(&gpu)).await {
            Some(Some(adapter)) => return Found::Adapter(described(&adapter)),
            Some(None) => {}
            None => return Found::Silence,
        }
    }
    Found::NoAdapter
}

/// `null`, an exception and a refusal are all no adapter.
async fn request(gpu: &JsValue) -> Option<JsValue> {
    let request: Function = property(gpu, "requestAdapter")?.dyn_into().ok()?;
    let promise: Promise = request.call0(gpu).ok()?.dyn_into().ok()?;
    let adapter = JsFuture::from(promise).await.ok()?;
    (!adapter.is_null() && !adapter.is_undefined()).then_some(adapter)
}

fn described(adapter: &JsValue) -> Adapter {
    let info = property(adapter, "info").unwrap_or(JsValue::UNDEFINED);
    let words: Vec<String> = ["vendor", "architecture", "device", "description"]
        .into_iter()
        .filter_map(|field| text(&info, field))
        .collect();
    let fallback = property(&info, "isFallbackAdapter").or_else(|| property(adapter, "isFallbackAdapter"));
    let software = fallback.is_some_and(|value| value.is_truthy()) || words.iter().any(|word| word == "swiftshader");
    let name = if words.is_empty() {
        "a GPU that does not say its name".to_owned()
    } else {
        words.join(" ")
    };
    Adapter { name, software }
}
