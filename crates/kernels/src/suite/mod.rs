//! Every kernel against its twin, as data. The same cases run natively ([`crate::Device::wgpu`],
//! `cuda`) and in a browser.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

pub use crate::hashed::{hash_vec, seed_of};
use crate::{Buffer, Device, Result, Shape};

/// Largest `max|a - b| / max|b|` between a kernel and its twin in f32.
pub const TOLERANCE_F32: f64 = 2e-5;
/// The same with both factors of a product rounded to 16-bit floats, see [`Device::with_half`].
pub const TOLERANCE_HALF: f64 = 2e-3;
/// The same for attention, where the rounding of a score is multiplied by the score itself.
pub const TOLERANCE_HALF_ATTENTION: f64 = 4e-3;

/// One comparison.
pub struct Case {
    /// `operation/shape`.
    pub name: String,
    /// Largest allowed [`Report::error`].
    pub tolerance: f64,
    /// Whether the kernel is hand-written WGSL, which not every GPU takes.
    pub wgsl_only: bool,
    /// Whether the case multiplies in 16 bits, which not every device can.
    pub half: bool,
    run: Box<dyn Fn(Device) -> BoxFuture<Result<Report>> + Send + Sync>,
}

/// A future that stays on its thread, as everything does in a browser.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// The result of a comparison.
#[derive(Clone, Debug)]
pub struct Report {
    /// `max|a - b| / max|b|`.
    pub error: f64,
    /// Index of the worst value.
    pub worst: usize,
    /// The device's value there.
    pub found: f32,
    /// The twin's value there.
    pub expected: f32,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            error,
            worst,
            found,
            expected,
        } = self;
        write!(f, "error {error:.2e}, worst at {worst}: {found} instead of {expected}")
    }
}

impl Case {
    /// A case from an async comparison.
    pub fn new<F, Fut>(name: impl Into<String>, tolerance: f64, run: F) -> Self
    where
        F: Fn(Device) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Report>> + 'static,
    {
        Self {
            name: name.into(),
            tolerance,
            wgsl_only: false,
            half: false,
            run: Box::new(move |device| Box::pin(run(device))),
        }
    }

    /// Marks a case that only devices with [`crate::GpuInfo::wgsl`] can run.
    pub fn wgsl_only(mut self) -> Self {
        self.wgsl_only = true;
        self
    }

    /// Marks a case that runs on [`Device::with_half`].
    pub fn half(mut self) -> Self {
        self.half = true;
        self
    }

    /// Whether `device` can run this case.
    pub fn runs_on(&self, device: &Device) -> bool {
        let info = device.gpu_info();
        (!self.wgsl_only || info.is_some_and(|info| info.wgsl)) && (!self.half || info.is_some_and(|info| info.f16))
    }

    /// Whether the case needs 16-bit floats and this GPU has none. A list of tests should then show
    /// it as skipped.
    pub fn lacks_half(&self, device: &Device) -> bool {
        self.half && device.gpu_info().is_some_and(|info| !info.f16)
    }

    /// Runs on `device`.
    ///
    /// # Errors
    /// A device that fails, or that lacks the 16-bit floats of the case. A wrong result is a
    /// [`Report`].
    pub async fn run(&self, device: &Device) -> Result<Report> {
        (self.run)(device.with_half(self.half)?).await
    }
}

/// Compares values from a device with the twin's.
pub fn compare(found: &[f32], expected: &[f32]) -> Report {
    let scale = expected
        .iter()
        .fold(f64::MIN_POSITIVE, |m, &v| m.max(f64::from(v).abs()));
    let mut report = Report {
        error: if found.len() == expected.len() {
            0.0
        } else {
            f64::INFINITY
        },
        worst: 0,
        found: found.first().copied().unwrap_or(f32::NAN),
        expected: expected.first().copied().unwrap_or(f32::NAN),
    };
    for (i, (&a, &b)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(a) - f64::from(b)).abs() / scale;
        if error > report.error || error.is_nan() {
            report = Report {
                error: if error.is_nan() { f64::INFINITY } else { error },
                worst: i,
                found: a,
                expected: b,
            };
        }
    }
    report
}

/// The matrix as floats, by rows, in the plainest way.
pub(crate) fn dequantised(on_cpu: &crate::Linear) -> Result<Vec<f32>> {
    let host = crate::weight::Host::lock("dequantised", on_cpu)?;
    let mut values = vec![0.0; on_cpu.rows * on_cpu.cols];
    for (row, out) in values.chunks_exact_mut(on_cpu.cols).enumerate() {
        host.plain(row, out);
    }
    Ok(values)
}

/// A buffer full of NaN. A kernel that leaves values unwritten, or reads before it writes, then
/// fails its comparison.
pub(crate) fn unwritten(device: &Device, shape: impl Into<Shape>) -> Result<Buffer> {
    let shape = shape.into();
    uploaded(device, &vec![f32::NAN; shape.len()], shape)
}

/// A buffer with these floats and this shape.
pub(crate) fn uploaded(device: &Device, values: &[f32], shape: impl Into<Shape>) -> Result<Buffer> {
    device.upload_f32(values).reshape(shape)
}

mod attention;
mod cached_attention;
mod copy;
mod embed;
mod encoder;
mod graph;
mod linear;
mod next_token;
mod next_tokens;
mod rms_norm;
mod rope;
mod selective_scan;
mod swiglu;
mod trained;

/// Every case of every operation.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    attention::cases(&mut cases);
    encoder::cases(&mut cases);
    selective_scan::cases(&mut cases);
    trained::cases(&mut cases);
    graph::cases(&mut cases);
    linear::cases(&mut cases);
    rms_norm::cases(&mut cases);
    swiglu::cases(&mut cases);
    copy::cases(&mut cases);
    embed::cases(&mut cases);
    next_token::cases(&mut cases);
    next_tokens::cases(&mut cases);
    rope::cases(&mut cases);
    cached_attention::cases(&mut cases);
    cases
}
