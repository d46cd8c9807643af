//! Both encoders against features that their authors' own code computed (`tests/goldens/{vmamba,vit}`), as data: the same cases
//! run natively on every device and in a browser.

mod hashed;

use sightline_checkpoint::tensors::Tensors;
pub use sightline_kernels::suite::{Case, Report};
use sightline_kernels::suite::{compare, hash_vec, seed_of};
use sightline_kernels::{Device, KernelError};

pub use self::hashed::{Hashed, Mutation, Precision, golden_weight, picture};
use crate::{Encoder, EncoderError, Size, Vit, VitConfig, Vmamba, VmambaConfig};

/// Largest absolute difference between f32 features and the golden's.
pub const MAX_ABS_F32: f64 = 2e-3;
/// The same for the CPU, which is exacter: a wrong epsilon or an approximate GELU stays below [`MAX_ABS_F32`] and is noticed
/// here.
pub const MAX_ABS_F32_CPU: f64 = 1e-4;
/// Smallest cosine between f32 features and the golden's.
pub const MIN_COSINE_F32: f64 = 0.999_99;
/// Largest `1 - cosine` between int8 features and the golden's.
pub const MAX_COSINE_GAP_INT8: f64 = 1e-3;
/// Largest `1 - cosine` between f32 features whose products are 16 bits wide ([`Device::with_half`]) and the golden's.
pub const MAX_COSINE_GAP_HALF: f64 = 1e-3;

/// The two pictures of every golden.
pub const PICTURES: [&str; 2] = ["picture.a", "picture.b"];

/// An encoder by its golden's name.
#[derive(Clone, Debug)]
pub enum Subject {
    /// `tests/goldens/vmamba/{name}.safetensors`.
    Vmamba(&'static str),
    /// `tests/goldens/vit/{name}.safetensors`.
    Vit(&'static str),
}

/// What [`Subject::features`] found.
#[derive(Clone, Debug)]
pub struct Features {
    /// `[tokens, width]` of each picture.
    pub pictures: Vec<Vec<f32>>,
    /// Width of a token.
    pub width: usize,
}

/// Every comparison: all encoders in f32 at 224 px and at an odd or non-square size, ours in int8 and with 16-bit products too.
pub fn cases() -> Vec<Case> {
    use Precision::{F32, Int8};
    use Subject::{Vit, Vmamba};
    let ours = |subject: fn(&'static str) -> Subject, odd| {
        [
            case(subject("ours"), [224, 224], 2, F32),
            case(subject("ours"), odd, 2, F32),
            case(subject("ours"), [224, 224], 1, Int8),
        ]
    };
    let mut cases: Vec<Case> = ours(Vmamba, [203, 157])
        .into_iter()
        .chain(ours(Vit, [208, 176]))
        .collect();
    cases.extend([
        case(Vmamba("n16"), [224, 224], 1, F32),
        case(Vmamba("n16"), [203, 157], 2, F32),
        case(Vmamba("s"), [224, 224], 1, F32),
        case(Vmamba("s"), [203, 157], 1, F32),
        case(Vmamba("b"), [224, 224], 1, F32),
        case(Vmamba("b"), [203, 157], 1, F32),
        case(Vit("s"), [224, 224], 1, F32),
        case(Vit("s"), [208, 176], 2, F32),
        case(Vit("b"), [224, 224], 1, F32),
        case(Vit("b"), [208, 176], 1, F32),
        half_case(Vmamba("ours"), [224, 224], 2, F32),
        half_case(Vmamba("ours"), [224, 224], 1, Int8),
        half_case(Vit("ours"), [224, 224], 2, F32),
        half_case(Vit("ours"), [224, 224], 1, Int8),
        half_case(Vmamba("s"), [203, 157], 1, F32),
        half_case(Vit("s"), [208, 176], 2, F32),
    ]);
    cases
}

/// With 16-bit products, judged as int8 features are: by the cosine.
fn half_case(subject: Subject, size: [usize; 2], pictures: usize, precision: Precision) -> Case {
    let name = format!("{}+f16", name(&subject, size, pictures, precision));
    comparison(
        name,
        MAX_COSINE_GAP_HALF,
        subject,
        size,
        pictures,
        (precision, Precision::Int8),
    )
    .half()
}

fn case(subject: Subject, size: [usize; 2], pictures: usize, precision: Precision) -> Case {
    let name = name(&subject, size, pictures, precision);
    let tolerance = match precision {
        Precision::F32 => MAX_ABS_F32,
        Precision::Int8 => MAX_COSINE_GAP_INT8,
    };
    comparison(name, tolerance, subject, size, pictures, (precision, precision))
}

fn name(subject: &Subject, [height, width]: [usize; 2], pictures: usize, precision: Precision) -> String {
    let (kind, config) = match subject {
        Subject::Vmamba(name) => ("vmamba", *name),
        Subject::Vit(name) => ("vit", *name),
    };
    let label = match precision {
        Precision::F32 => "f32",
        Precision::Int8 => "int8",
    };
    format!("{kind}/{config}/{height}x{width}/batch{pictures}/{label}")
}

/// Features of weights `stored` in one precision against the golden, judged by the other.
fn comparison(
    name: String,
    tolerance: f64,
    subject: Subject,
    size: [usize; 2],
    pictures: usize,
    (stored, judged): (Precision, Precision),
) -> Case {
    Case::new(name, tolerance, move |device| {
        let subject = subject.clone();
        async move {
            let weights = subject.weights(size, stored);
            let features = subject.features(&device, &weights, size, pictures).await;
            subject
                .compare(&features.map_err(as_kernel_error)?, size, judged)
                .map_err(as_kernel_error)
        }
    })
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
    /// Shape of the golden's VMamba.
    pub fn vmamba_config(name: &str) -> VmambaConfig {
        match name {
            "s" => VmambaConfig::small(),
            "b" => VmambaConfig::base(),
            "n16" => VmambaConfig {
                dims: vec![32, 64, 128],
                depths: vec![1, 1, 2],
                ssm_ratio: 2.0,
                d_state: 16,
                tap: sightline_checkpoint::manifest::StageTap {
                    stage: 3,
                    block: 1,
                    norm: true,
                },
            },
            _ => VmambaConfig::tiny(),
        }
    }

    /// Shape of the golden's ViT, whose position vectors belong to the size.
    pub fn vit_config(name: &str, size: [usize; 2]) -> VitConfig {
        let config = match name {
            "s" => VitConfig::small(),
            "b" => VitConfig::base(),
            _ => VitConfig::sightline(),
        };
        VitConfig { image: size, ..config }
    }

    /// The golden's weights.
    pub fn weights(&self, size: [usize; 2], precision: Precision) -> Hashed {
        match self {
            Self::Vmamba(name) => Hashed::vmamba(&Self::vmamba_config(name), precision),
            Self::Vit(name) => Hashed::vit(&Self::vit_config(name, size), precision),
        }
    }

    /// Encodes the first `pictures` of [`PICTURES`] in one batch, twice, so that a replayed graph is what is compared.
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
        let encoder: Box<dyn Encoder> = match self {
            Self::Vmamba(name) => Box::new(Vmamba::load(device, Self::vmamba_config(name), weights)?),
            Self::Vit(name) => Box::new(Vit::load(device, Self::vit_config(name, size), weights)?),
        };
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

    /// Compares with the golden: 16 whole tokens, the mean of every channel, and of every token its length and its product with
    /// a fixed vector. The report's error is the largest absolute difference (f32; infinite where the cosine is too small),
    /// lengths and products divided by what a difference of 1 in every channel could do; or `1 - cosine` (int8).
    ///
    /// # Errors
    /// A golden that cannot be read.
    pub fn compare(&self, features: &Features, size: [usize; 2], precision: Precision) -> Result<Report, EncoderError> {
        let file = Tensors::parse("golden", self.golden())?;
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

    /// The golden's bytes.
    pub fn golden(&self) -> &'static [u8] {
        macro_rules! golden {
            ($path:literal) => {
                include_bytes!(concat!("../../../../tests/goldens/", $path, ".safetensors"))
            };
        }
        match self {
            Self::Vmamba("s") => golden!("vmamba/s"),
            Self::Vmamba("b") => golden!("vmamba/b"),
            Self::Vmamba("n16") => golden!("vmamba/n16"),
            Self::Vmamba(_) => golden!("vmamba/ours"),
            Self::Vit("s") => golden!("vit/s"),
            Self::Vit("b") => golden!("vit/b"),
            Self::Vit(_) => golden!("vit/ours"),
        }
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
