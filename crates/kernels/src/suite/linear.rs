use super::{Case, Report, TOLERANCE_F32, TOLERANCE_HALF, compare, dequantised, hash_vec, uploaded};
use crate::ops::linear::twin::{self, Reference};
use crate::ops::linear::{Route, linear_by};
use crate::ops::rms_norm::twin::rms_norm;
use crate::ops::swiglu::twin::swiglu;
use crate::ops::{Apply, Epilogue, Input, LowRank};
use crate::{Buffer, Device, Format, Result};

/// Added to the mean square.
const EPS: f32 = 1e-5;

/// One product to compare.
#[derive(Clone, Copy, Debug)]
struct Shape {
    format: Format,
    rows: usize,
    cols: usize,
    m: usize,
    bias: bool,
    epilogue: Epilogue,
    /// Rank and first rows of the second and third segment.
    adapter: Option<(usize, [usize; 2])>,
    before: Before,
    route: Route,
}

/// What happens to `x` before the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    RmsNorm,
    SwiGlu,
}

impl Before {
    fn input(self, weight: &Buffer) -> Input<'_> {
        match self {
            Self::Nothing => Input::Plain,
            Self::RmsNorm => Input::RmsNorm { weight, eps: EPS },
            Self::SwiGlu => Input::SwiGlu,
        }
    }

    /// The rows `[m, norm.len()]` that are multiplied.
    fn by_twin(self, x: &[f32], norm: &[f32], m: usize) -> Vec<f32> {
        let mut rows = vec![0.0; m * norm.len()];
        match self {
            Self::Nothing => rows.copy_from_slice(x),
            Self::RmsNorm => rms_norm(x, norm, EPS, &mut rows),
            Self::SwiGlu => swiglu(x, norm.len(), &mut rows),
        }
        rows
    }
}

impl Shape {
    fn new(format: Format, rows: usize, cols: usize, m: usize) -> Self {
        Self {
            format,
            rows,
            cols,
            m,
            bias: false,
            epilogue: Epilogue::Store,
            adapter: None,
            before: Before::Nothing,
            route: Route::Best,
        }
    }

    /// Whether a device with 16-bit products uses them here.
    fn has_half(&self) -> bool {
        self.m >= 8 && self.format.is_for_encoders() && self.adapter.is_none()
    }

    fn name(&self) -> String {
        let Self {
            format, rows, cols, m, ..
        } = self;
        let route = match self.route {
            Route::Best => "",
            Route::Cube => ".cube",
            Route::Plane => ".plane",
            Route::Wgsl => ".wgsl",
        };
        let before = match self.before {
            Before::Nothing => "",
            Before::RmsNorm => "norm+",
            Before::SwiGlu => "swiglu+",
        };
        let mut name = format!("linear{route}/{}/{before}{m}x{cols}->{rows}", format.name());
        if self.bias {
            name += "+bias";
        }
        if self.epilogue != Epilogue::Store {
            name += if self.epilogue == Epilogue::Add {
                "+add"
            } else {
                "+gelu"
            };
        }
        if let Some((rank, bounds)) = self.adapter {
            let segments = 1 + bounds.iter().filter(|&&b| b < *rows).count();
            name += &format!("+rank{rank}x{segments}");
        }
        name
    }
}

pub(super) fn cases(cases: &mut Vec<Case>) {
    for shape in shapes() {
        cases.push(Case::new(shape.name(), TOLERANCE_F32, move |device| async move {
            check(shape, &device).await
        }));
    }
    for shape in encoders().into_iter().chain(odd_sizes()).filter(Shape::has_half) {
        let name = format!("{}+f16", shape.name());
        let case = Case::new(name, TOLERANCE_HALF, move |device| async move {
            check(shape, &device).await
        });
        cases.push(case.half());
    }
}

fn shapes() -> Vec<Shape> {
    let mut shapes = language_model();
    shapes.extend(encoders());
    shapes.extend(odd_sizes());
    shapes.extend(routes());
    shapes
}

/// The stacked maps of SmolLM2-135M with their adapters, prefill and decode, and its head.
fn language_model() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for m in [1, 2, 7, 64, 213] {
        let q41 = |rows, cols, epilogue, bounds| Shape {
            epilogue,
            adapter: Some((16, bounds)),
            ..Shape::new(Format::Q4_1, rows, cols, m)
        };
        shapes.push(q41(960, 576, Epilogue::Store, [576, 768]));
        shapes.push(q41(576, 576, Epilogue::Add, [576, 576]));
        shapes.push(q41(3072, 576, Epilogue::Store, [1536, 3072]));
        shapes.push(q41(576, 1536, Epilogue::Add, [576, 576]));
        shapes.push(Shape::new(Format::F32, 48, 576, m));
        shapes.push(Shape::new(Format::F32, 16, 1536, m));
    }
    shapes.push(Shape::new(Format::Q4_1, 960, 576, 1));
    shapes.push(Shape::new(Format::Q8_0, 49_152, 576, 1));
    shapes.push(Shape::new(Format::Q8_0, 1024, 576, 7));
    shapes
}

/// Every map of the shipped encoders, connector and heads, of VMamba-S and ViT-S, each at the
/// number of tokens it meets.
fn encoders() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for format in [Format::INT8, Format::F32] {
        let with_bias = |rows, cols, m, epilogue| Shape {
            bias: true,
            epilogue,
            ..Shape::new(format, rows, cols, m)
        };
        // Patch embedding and convolutions as products, then a block's maps stage by stage.
        shapes.push(with_bias(48, 28, 784, Epilogue::Store));
        shapes.push(with_bias(96, 432, 196, Epilogue::Store));
        shapes.push(with_bias(192, 864, 196, Epilogue::Store));
        shapes.push(with_bias(384, 1728, 49, Epilogue::Store));
        shapes.push(Shape::new(format, 192, 96, 3136));
        shapes.push(with_bias(384, 96, 784, Epilogue::Gelu));
        shapes.push(with_bias(96, 384, 784, Epilogue::Add));
        for m in [1, 49, 196] {
            shapes.push(Shape::new(format, 384, 384, m));
            shapes.push(with_bias(1152, 384, m, Epilogue::Store));
            shapes.push(with_bias(1536, 384, m, Epilogue::Gelu));
            shapes.push(with_bias(384, 1536, m, Epilogue::Add));
        }
        shapes.push(Shape::new(format, 384, 768, 196));
        // The state-space inputs: 4 * (rank + 2 * states).
        shapes.push(Shape::new(format, 32, 96, 784));
        shapes.push(Shape::new(format, 56, 192, 196));
        shapes.push(Shape::new(format, 104, 384, 196));
        shapes.push(Shape::new(format, 176, 384, 49));
        // Connector and dense head.
        shapes.push(with_bias(576, 384, 196, Epilogue::Gelu));
        shapes.push(with_bias(576, 576, 196, Epilogue::Store));
        shapes.push(with_bias(209, 384, 196, Epilogue::Store));
    }
    shapes
}

/// Sizes that do not fill a tile: few rows, columns past a tile, unusual ranks.
fn odd_sizes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for m in [1, 3, 9, 70] {
        for &format in Format::ALL {
            for &(rows, cols) in format.odd_sizes() {
                let shape = Shape::new(format, rows, cols, m);
                shapes.push(if format.is_for_encoders() {
                    Shape {
                        bias: cols.is_multiple_of(4),
                        epilogue: [Epilogue::Store, Epilogue::Add, Epilogue::Gelu][(rows + m) % 3],
                        ..shape
                    }
                } else {
                    Shape {
                        adapter: (rows > 3).then_some((5, [13, 41])),
                        ..shape
                    }
                });
            }
        }
        // A row too long for shared memory in one piece.
        shapes.push(Shape::new(Format::Q4_1, 5, 4096, m));
        shapes.push(Shape {
            adapter: Some((64, [30, 31])),
            ..Shape::new(Format::F32, 31, 4608, m)
        });
    }
    shapes
}

/// Products of one row by every kernel for them, with each fused input.
fn routes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for route in [Route::Wgsl, Route::Cube, Route::Plane] {
        for (rows, cols, epilogue, adapter, before) in [
            (960, 576, Epilogue::Store, Some((16, [576, 768])), Before::RmsNorm),
            (576, 576, Epilogue::Add, Some((16, [576, 576])), Before::Nothing),
            (3072, 576, Epilogue::Store, Some((16, [1536, 3072])), Before::RmsNorm),
            (576, 1536, Epilogue::Add, Some((16, [576, 576])), Before::SwiGlu),
            (576, 1536, Epilogue::Store, None, Before::SwiGlu),
            (13, 96, Epilogue::Add, Some((5, [4, 12])), Before::Nothing),
            (7, 4096, Epilogue::Store, None, Before::RmsNorm),
        ] {
            for &format in Format::ALL.iter().filter(|format| format.shader().is_some()) {
                shapes.push(Shape {
                    epilogue,
                    adapter,
                    before,
                    route,
                    ..Shape::new(format, rows, cols, 1)
                });
            }
        }
        shapes.push(Shape {
            before: Before::RmsNorm,
            route,
            ..Shape::new(Format::Q8_0, 49_152, 576, 1)
        });
    }
    for m in [1, 3, 8, 70] {
        for (format, rows, cols) in [
            (Format::F32, 48, 576),
            (Format::F32, 9, 35),
            (Format::INT8, 33, 100),
            (Format::Q4_1, 100, 96),
        ] {
            for before in [Before::RmsNorm, Before::SwiGlu] {
                shapes.push(Shape {
                    before,
                    ..Shape::new(format, rows, cols, m)
                });
            }
        }
    }
    shapes
}

async fn check(shape: Shape, device: &Device) -> Result<Report> {
    let Shape {
        format, rows, cols, m, ..
    } = shape;
    let host = Device::cpu();
    let on_host = format.sample(&host, [rows, cols], 5, shape.bias)?;
    let weight = dequantised(&on_host)?;
    let bias = shape.bias.then(|| hash_vec(rows, 6, 2.0));
    let wide = if shape.before == Before::SwiGlu { 2 } else { 1 };
    let x = hash_vec(m * on_host.cols * wide, 1, 2.0 * wide as f32);
    let norm = hash_vec(on_host.cols, 8, 2.0);
    let input = shape.before.by_twin(&x, &norm, m);
    let residual = hash_vec(m * rows, 2, 2.0);
    let adapter = shape.adapter.map(|(rank, bounds)| {
        let segments = 1 + bounds.iter().filter(|&&b| b < rows).count();
        (
            hash_vec(rows * rank, 3, 0.5),
            hash_vec(m * segments * rank, 4, 2.0),
            rank,
            bounds,
        )
    });
    let mut expected = residual.clone();
    let reference = Reference {
        weight: &weight,
        bias: bias.as_deref(),
        rows,
        cols: on_host.cols,
        low_rank: adapter
            .as_ref()
            .map(|(b, t, rank, bounds)| (b.as_slice(), t.as_slice(), *rank, 2.0, *bounds)),
        epilogue: shape.epilogue,
    };
    twin::linear(&reference, &input, m, &mut expected);

    let w = format.sample(device, [rows, cols], 5, shape.bias)?;
    let (x, dst, norm) = (
        uploaded(device, &x, [m, on_host.cols * wide])?,
        uploaded(device, &residual, [m, rows])?,
        device.upload_f32(&norm),
    );
    let low = match &adapter {
        None => None,
        Some((b, t, rank, bounds)) => Some((
            uploaded(device, b, [rows, *rank])?,
            uploaded(device, t, [m, t.len() / m])?,
            *rank,
            *bounds,
        )),
    };
    let call = Apply {
        map: &w,
        x: &x,
        input: shape.before.input(&norm),
        rows: m,
        low_rank: low.as_ref().map(|(b, t, rank, bounds)| LowRank {
            b,
            t,
            rank: *rank,
            scale: 2.0,
            bounds: *bounds,
        }),
        epilogue: shape.epilogue,
        dst: &dst,
    };
    linear_by(device, shape.route, &call)?;
    Ok(compare(&device.read_f32(&dst).await?, &expected))
}
