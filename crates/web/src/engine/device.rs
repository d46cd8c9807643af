//! Which device computes, and why.

use js_sys::{Function, Promise};
use sightline_kernels::ops::{Epilogue, linear};
use sightline_kernels::{Device, Linear};
use sightline_messages::{Dtype, Machine, Wish};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_time::Instant;

use super::browser::{property, scope, text};
use super::outbox::device_lost;

/// Floating-point operations until both shipped models have answered a first short question: per arm, about 5 billion in the encoder
/// and 230 positions through 106 million weights.
const FIRST_ANSWERS: f64 = 2.0 * (5e9 + 230.0 * 2.0 * 106e6);

/// Opens the device that was wished for.
pub(super) async fn open(wish: Wish) -> Result<(Device, Machine), String> {
    if wish == Wish::Cpu {
        return cpu("The address of this page asks for the processor instead of the GPU.").await;
    }
    let Some(adapter) = adapter().await else {
        return cpu(
            "This browser offers no WebGPU here, so the processor computes. A current Chrome, Edge, Safari or Firefox on a machine \
             with a GPU is much faster.",
        )
        .await;
    };
    match Device::wgpu(false).await {
        Ok(device) => {
            device.on_lost(device_lost);
            Ok((device, adapter.machine()))
        }
        Err(error) => {
            let why = format!("WebGPU is there and does not work ({error}), so the processor computes.");
            cpu(&why).await
        }
    }
}

async fn cpu(why: &str) -> Result<(Device, Machine), String> {
    let device = Device::cpu();
    let rate = rate(&device).map_err(|error| error.to_string())?;
    let machine = Machine {
        backend: "cpu".into(),
        adapter: "the processor, one thread".into(),
        software: false,
        dtype: Dtype::F32,
        why: Some(why.into()),
        patience_s: Some(FIRST_ANSWERS / rate),
    };
    Ok((device, machine))
}

/// Floating-point operations a second of the processor, measured on the shape of the language model's matrices.
fn rate(device: &Device) -> sightline_kernels::Result<f64> {
    const ROWS: usize = 128;
    const SIDE: usize = 576;
    let values = |len: usize| -> Vec<f32> { (0..len).map(|i| (i % 13) as f32 / 13.0 - 0.5).collect() };
    let map = Linear::f32(device, &values(SIDE * SIDE), SIDE, SIDE, None)?;
    let x = device.upload_f32(&values(ROWS * SIDE));
    let y = device.empty_f32(ROWS * SIDE);
    let start = Instant::now();
    let mut runs = 0;
    while runs == 0 || start.elapsed().as_secs_f64() < 0.05 {
        linear(device, &map, &x, ROWS, None, Epilogue::Store, &y)?;
        runs += 1;
    }
    Ok((2 * runs * ROWS * SIDE * SIDE) as f64 / start.elapsed().as_secs_f64())
}

/// What the browser says about its adapter.
struct Adapter {
    name: String,
    software: bool,
}

impl Adapter {
    fn machine(self) -> Machine {
        Machine {
            backend: "webgpu".into(),
            adapter: self.name,
            software: self.software,
            dtype: Dtype::F32,
            why: None,
            patience_s: None,
        }
    }
}

/// The default adapter, `None` without WebGPU.
async fn adapter() -> Option<Adapter> {
    let navigator: JsValue = scope().ok()?.navigator().into();
    let gpu = property(&navigator, "gpu")?;
    let request: Function = property(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let promise: Promise = request.call0(&gpu).ok()?.dyn_into().ok()?;
    let adapter = JsFuture::from(promise).await.ok()?;
    // `null` where there is none.
    let info = property(&adapter, "info").unwrap_or(JsValue::UNDEFINED);
    if adapter.is_null() || adapter.is_undefined() {
        return None;
    }
    let words: Vec<String> = ["vendor", "architecture", "device", "description"]
        .into_iter()
        .filter_map(|field| text(&info, field))
        .collect();
    let fallback = property(&info, "isFallbackAdapter").or_else(|| property(&adapter, "isFallbackAdapter"));
    let software = fallback.is_some_and(|value| value.is_truthy()) || words.iter().any(|word| word == "swiftshader");
    let name = if words.is_empty() {
        "a GPU that does not say its name".to_owned()
    } else {
        words.join(" ")
    };
    Some(Adapter { name, software })
}
