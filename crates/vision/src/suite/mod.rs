//! Every encoder against features that its authors' own code computed (`tests/goldens/{kind}`), as
//! data: the same cases run natively on every device and in a browser.

mod hashed;

use sightline_checkpoint::tensors::Tensors;
pub use sightline_kernels::suite::{Case, Report};
use sightline_kernels::suite::{compare, hash_vec, seed_of};
use sightline_kernels::{Device, KernelError};

pub use self::hashed::{Hashed, Mutation, Precision, golden_weight, picture};
use crate::{Check, EncoderConfig, EncoderError, KINDS, Size};

/// Largest absolute difference between f32 features and the golden's.
pub const MAX_ABS_F32: f64 = 2e-3;
/// The same for the CPU, which is exacter: a wrong epsilon or an approximate GELU stays below
/// [`MAX_ABS_F32`] and is noticed here.
pub const MAX_ABS_F32_CPU: f64 = 1e-4;
/// Smallest cosine between f32 features and the golden's.
pub const MIN_COSINE_F32: f64 = 0.999_99;
/// Largest `1 - cosine` between int8 features and the golden's.
pub const MAX_COSINE_GAP_INT8: f64 = 1e-3;
/// Largest `1 - cosine` between f32 features whose products are 16 bits wide
/// ([`Device::with_half`]) and the golden's.
pub const MAX_COSINE_GAP_HALF: f64 = 1e-3;

/// The two pictures of every golden.
pub const PICTURES: [&str; 2] = ["picture.a", "picture.b"];

/// A golden: `tests/goldens/{kind}/{name}.safetensors`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The encoder's kind.
    pub kind: &'static str,
    /// File name without its ending.
    pub name: &'static str,
}

/// What [`Subject::features`] found.
#[derive(Clone, Debug)]
pub struct Features {
    /// `[tokens, width]` of each picture.
    pub pictures: Vec<Vec<f32>>,
    /// Width of a token.
    pub width: usize,
}

/// Every comparison of every kind.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in KINDS {
        for golden in kind.goldens() {
            let subject = Subject {
                kind: kind.id(),
                name: golden.name,
            };
            cases.extend(golden.checks.iter().map(|check| subject.case(check)));
        }
    }
    cases
}

/// The kernels' suite knows kernel errors only.
fn as_kernel_error(error: EncoderError) -> KernelError {
    match error {
        EncoderError::Kernel(error) => error,
        other => KernelError::Unsupported {
            op: "encoder",
            message: other.to_string(),
        },
    }
}

impl Subject {
    /// The golden of that kind and name.
    ///
    /// # Errors
    /// [`EncoderError::Config`] for one that does not exist.
    fn golden(&self) -> Result<crate::Golden, EncoderError> {
        let mut goldens = KINDS
            .iter()
            .filter(|kind| kind.id() == self.kind)
            .flat_map(|kind| kind.goldens());
        goldens
            .find(|golden| golden.name == self.name)
            .ok_or_else(|| EncoderError::config("kind", format!("there is no golden {}/{}", self.kind, self.name)))
    }

    /// The golden's bytes.
    ///
    /// # Errors
    /// As [`Subject::config`].
    pub fn bytes(&self) -> Result<&'static [u8], EncoderError> {
        Ok(self.golden()?.bytes)
    }

    /// The golden's shape for pictures of `[height, width]` px.
    ///
    /// # Errors
    /// [`EncoderError::Config`] for a golden that does not exist.
    pub fn config(&self, size: [usize; 2]) -> Result<Box<dyn EncoderConfig>, EncoderError> {
        Ok(self.golden()?.config.resized(size))
    }

    /// The golden's weights.
    ///
    /// # Errors
    /// As [`Subject::config`].
    pub fn weights(&self, size: [usize; 2], precision: Precision) -> Result<Hashed, EncoderError> {
        Ok(Hashed::new(&self.config(size)?.schema(), precision))
    }

    /// A comparison as a case. 16-bit products are judged as int8 features are: by the cosine.
    fn case(self, check: &Check) -> Case {
        let &Check {
            size,
            pictures,
            int8,
            half,
        } = check;
        let stored = if int8 { Precision::Int8 } else { Precision::F32 };
        let (judged, tolerance) = match (int8, half) {
            (_, true) => (Precision::Int8, MAX_COSINE_GAP_HALF),
            (true, false) => (Precision::Int8, MAX_COSINE_GAP_INT8),
            (false, false) => (Precision::F32, MAX_ABS_F32),
        };
        let case = Case::new(self.title(check), tolerance, move |device| async move {
            let report = self.report(&device, size, pictures, (stored, judged)).await;
            report.map_err(as_kernel_error)
        });
        if half { case.half() } else { case }
    }

    /// For example `vit/ours/224x224/batch2/f32`.
    fn title(self, check: &Check) -> String {
        let [height, width] = check.size;
        let stored = if check.int8 { "int8" } else { "f32" };
        let half = if check.half { "+f16" } else { "" };
        let Self { kind, name } = self;
        format!("{kind}/{name}/{height}x{width}/batch{}/{stored}{half}", check.pictures)
    }

    /// Features of weights `stored` in one precision against the golden, `judged` by the other.
    async fn report(
        self,
        device: &Device,
        size: [usize; 2],
        pictures: usize,
        (stored, judged): (Precision, Precision),
    ) -> Result<Report, EncoderError> {
        let weights = self.weights(size, stored)?;
        let features = self.features(device, &weights, size, pictures).await?;
        self.compare(&features, size, judged)
    }

    /// Encodes the first `pictures` of [`PICTURES`] in one batch, twice, so that a replayed graph
    /// is what is compared.
    ///
    /// # Errors
    /// What loading or running gives.
    pub async fn features(
        &self,
        device: &Device,
        weights: &Hashed,
        size: [usize; 2],
        pictures: usize,
    ) -> Result<Features, EncoderError> {
        let encoder = self.config(size)?.load(device, weights)?;
        let [height, width] = size;
        let mut session = encoder.session(Size {
            batch: pictures,
            height,
            width,
        })?;
        let mut values = Vec::with_capacity(pictures * height * width * 3);
        for name in PICTURES.iter().take(pictures) {
            values.extend(
                picture(name, height, width)
                    .iter()
                    .map(|&p| (f32::from(p) - 127.0) / 128.0),
            );
        }
        if session.recorded_launches().is_none() && device.gpu_info().is_some() {
            session.encode(&vec![0.25; values.len()]).await?;
        }
        session.encode(&values).await?;
        let all = device.read_f32(session.output()).await?;
        let width = encoder.width();
        Ok(Features {
            pictures: all
                .chunks_exact(session.grid().tokens() * width)
                .map(<[f32]>::to_vec)
                .collect(),
            width,
        })
    }

    /// Compares with the golden: 16 whole tokens, the mean of every channel, and of every token its
    /// length and its product with a fixed vector. The report's error is the largest absolute
    /// difference (f32; infinite where the cosine is too small), lengths and products divided by
    /// what a difference of 1 in every channel could do; or `1 - cosine` (int8).
    ///
    /// # Errors
    /// A golden that cannot be read.
    pub fn compare(&self, features: &Features, size: [usize; 2], precision: Precision) -> Result<Report, EncoderError> {
        let file = Tensors::parse("golden", self.bytes()?)?;
        let [height, width] = size;
        let mut worst: Option<Report> = None;
        for (name, found) in PICTURES.iter().zip(&features.pictures) {
            let golden = |part: &str| -> Result<Vec<f32>, EncoderError> {
                Ok(file.get(&format!("{height}x{width}.{name}.{part}"))?.into_f32())
            };
            let summary = Summary::of(found, features.width);
            let parts = [
                (golden("tokens")?, &summary.tokens, 1.0),
                (golden("mean")?, &summary.mean, 1.0),
                (golden("l2")?, &summary.l2, (features.width as f64).sqrt()),
                (golden("probe")?, &summary.probe, (features.width as f64).sqrt()),
            ];
            for (expected, found, unit) in &parts {
                let mut report = compare(found, expected);
                if precision == Precision::F32 && report.error.is_finite() {
                    report = largest_difference(found, expected, *unit);
                }
                let cosine = cosine(found, expected);
                match precision {
                    Precision::Int8 => report.error = 1.0 - cosine,
                    Precision::F32 if cosine < MIN_COSINE_F32 => report.error = f64::INFINITY,
                    Precision::F32 => {}
                }
                // a comparison with something that is not a number must not pass
                if report.error.is_nan() {
                    report.error = f64::INFINITY;
                }
                if worst.as_ref().is_none_or(|worst| report.error > worst.error) {
                    worst = Some(report);
                }
            }
        }
        Ok(worst.unwrap_or_else(|| compare(&[], &[f32::NAN])))
    }
}

/// What a golden stores of features `[tokens, width]`.
struct Summary {
    /// Sixteen tokens in full.
    tokens: Vec<f32>,
    /// Mean of every channel.
    mean: Vec<f32>,
    /// Length of every token.
    l2: Vec<f32>,
    /// Product of every token with `hash_vec(width, seed("probe"), 2)`.
    probe: Vec<f32>,
}

impl Summary {
    fn of(features: &[f32], width: usize) -> Self {
        const KEPT: usize = 16;
        let tokens = features.len() / width;
        let row = |t: usize| &features[t * width..][..width];
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
        let probe = hash_vec(width, seed_of("probe"), 2.0);
        let mean = |c: usize| (0..tokens).map(|t| f64::from(row(t)[c])).sum::<f64>() / tokens as f64;
        Self {
            tokens: (0..KEPT)
                .flat_map(|k| row((2 * k + 1) * tokens / (2 * KEPT)))
                .copied()
                .collect(),
            mean: (0..width).map(|c| mean(c) as f32).collect(),
            l2: (0..tokens).map(|t| dot(row(t), row(t)).sqrt() as f32).collect(),
            probe: (0..tokens).map(|t| dot(row(t), &probe) as f32).collect(),
        }
    }
}

fn largest_difference(found: &[f32], expected: &[f32], unit: f64) -> Report {
    let difference = |i: usize| (f64::from(found[i]) - f64::from(expected[i])).abs() / unit;
    let worst = (0..expected.len())
        .max_by(|&a, &b| difference(a).total_cmp(&difference(b)))
        .unwrap_or(0);
    Report {
        error: difference(worst),
        worst,
        found: found[worst],
        expected: expected[worst],
    }
}

/// Cosine of two vectors, in f64.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
