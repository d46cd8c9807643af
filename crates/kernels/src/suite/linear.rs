use super::matrices::{Kind, dequantised, matrix};
use super::{Case, Report, TOLERANCE_F32, compare, hash_vec};
use crate::ops::linear::twin::{self, Reference};
use crate::ops::{Epilogue, LowRank, linear};
use crate::{Device, Result};

/// One product to compare.
#[derive(Clone, Copy, Debug)]
struct Shape {
    kind: Kind,
    rows: usize,
    cols: usize,
    m: usize,
    bias: bool,
    epilogue: Epilogue,
    /// Rank and first rows of the second and third segment.
    adapter: Option<(usize, [usize; 2])>,
}

impl Shape {
    fn new(kind: Kind, rows: usize, cols: usize, m: usize) -> Self {
        Self {
            kind,
            rows,
            cols,
            m,
            bias: false,
            epilogue: Epilogue::Store,
            adapter: None,
        }
    }

    fn name(&self) -> String {
        let Self {
            kind, rows, cols, m, ..
        } = self;
        let mut name = format!("linear/{}/{m}x{cols}->{rows}", kind.name());
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
}

fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    // The language model's stacked maps with their adapters.
    for m in [1, 2, 7, 64, 213] {
        let q41 = |rows, cols, epilogue, bounds| Shape {
            epilogue,
            adapter: Some((16, bounds)),
            ..Shape::new(Kind::Q41, rows, cols, m)
        };
        shapes.push(q41(960, 576, Epilogue::Store, [576, 768]));
        shapes.push(q41(576, 576, Epilogue::Add, [576, 576]));
        shapes.push(q41(3072, 576, Epilogue::Store, [1536, 3072]));
        shapes.push(q41(576, 1536, Epilogue::Add, [576, 576]));
        shapes.push(Shape::new(Kind::F32, 48, 576, m));
        shapes.push(Shape::new(Kind::F32, 16, 1536, m));
    }
    shapes.push(Shape::new(Kind::Q80, 49_152, 576, 1));
    shapes.push(Shape::new(Kind::Q80, 1024, 576, 7));
    shapes.push(Shape::new(Kind::Q80, 1000, 544, 64));
    shapes
}

async fn check(shape: Shape, device: &Device) -> Result<Report> {
    let Shape {
        kind, rows, cols, m, ..
    } = shape;
    let host = Device::cpu();
    let on_host = matrix(&host, kind, rows, cols, 5, shape.bias)?;
    let weight = dequantised(&on_host)?;
    let bias = shape.bias.then(|| hash_vec(rows, 6, 2.0));
    let x = hash_vec(m * on_host.cols, 1, 2.0);
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
    twin::linear(&reference, &x, m, &mut expected);

    let w = matrix(device, kind, rows, cols, 5, shape.bias)?;
    let (x, dst) = (device.upload_f32(&x), device.upload_f32(&residual));
    let uploaded = adapter
        .as_ref()
        .map(|(b, t, rank, bounds)| (device.upload_f32(b), device.upload_f32(t), *rank, *bounds));
    let low_rank = uploaded.as_ref().map(|(b, t, rank, bounds)| LowRank {
        b,
        t,
        rank: *rank,
        scale: 2.0,
        bounds: *bounds,
    });
    linear(device, &w, &x, m, low_rank, shape.epilogue, &dst)?;
    Ok(compare(&device.read_f32(&dst).await?, &expected))
}
