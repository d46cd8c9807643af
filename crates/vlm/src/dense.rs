//! The dense head: it finds objects of known classes from the encoder's features alone. It never
//! feeds the text.

use serde::Serialize;
use sightline_answer::Region;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::{Buffer, Device, Linear, ops};

use crate::error::Result;
use crate::load;

/// Number of values behind the class logits of one token: background, left, top, right, bottom, and
/// the auxiliary absolute box.
const BEHIND_CLASSES: usize = 1 + 4 + 4;
/// Scale of the distances to a box's sides, in canvas sides (docs/model-format.md).
const REACH: f32 = 0.25;

/// Two linear maps on every token, and the names of the classes.
pub struct DenseHead {
    hidden: Linear,
    out: Linear,
    classes: Vec<String>,
}

/// A box that the dense head found.
#[derive(Clone, Debug, Serialize)]
pub struct Detection {
    /// Class name.
    pub name: String,
    /// Its place, in fractions of the padded square.
    pub region: Region,
    /// Probability of the class at the token that gave the box, 0 to 1.
    pub score: f32,
}

impl DenseHead {
    /// Reads `dense.0` and `dense.2` for an encoder of this width. Behind the logits of the classes
    /// a token has nine values: background, distances to four sides, and an auxiliary box.
    ///
    /// # Shapes
    /// `dense.0` `[width, width]`, `dense.2` `[classes + 9, width]`, each with a bias.
    ///
    /// # Errors
    /// A tensor that is missing or of another shape.
    pub fn load(device: &Device, tensors: &Tensors<'_>, width: usize, classes: Vec<String>) -> Result<Self> {
        let outputs = classes.len() + BEHIND_CLASSES;
        Ok(Self {
            hidden: load::linear(device, tensors, "dense.0", width, width)?,
            out: load::linear(device, tensors, "dense.2", outputs, width)?,
            classes,
        })
    }

    /// The class that a name means. It must equal one of the names of the class, in singular or
    /// plural.
    pub fn class_of(&self, name: &str) -> Option<usize> {
        let wanted = name.trim().to_lowercase();
        let is = |class: &str, wanted: &str| class.split(',').any(|n| n.trim().eq_ignore_ascii_case(wanted));
        self.classes.iter().position(|c| is(c, &wanted)).or_else(|| {
            let singular = wanted.strip_suffix('s')?;
            self.classes.iter().position(|c| is(c, singular))
        })
    }

    /// The most probable place of class `class` among the tokens `[grid.0 * grid.1, width]` of one
    /// picture.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn find(
        &self,
        device: &Device,
        tokens: &Buffer,
        grid: (usize, usize),
        class: usize,
    ) -> Result<Detection> {
        let out = self.outputs(device, tokens).await?;
        Ok(self.best(&out, grid, class))
    }

    /// What the head says to tokens `[count, width]`: `[count, classes + 9]`.
    pub(crate) async fn outputs(&self, device: &Device, tokens: &Buffer) -> Result<Vec<f32>> {
        let count = tokens.shape().rows();
        let hidden = device.empty_f32([count, self.hidden.rows]);
        let out = device.empty_f32([count, self.out.rows]);
        ops::linear(
            device,
            ops::Apply {
                epilogue: ops::Epilogue::Gelu,
                ..ops::Apply::new(&self.hidden, tokens, count, &hidden)
            },
        )?;
        ops::linear(device, ops::Apply::new(&self.out, &hidden, count, &out))?;
        Ok(device.read_f32(&out).await?)
    }

    /// The most probable place of a class in what the head says to one picture's tokens.
    pub(crate) fn best(&self, out: &[f32], grid: (usize, usize), class: usize) -> Detection {
        let classes = self.classes.len();
        let (token, score) = out
            .chunks_exact(self.out.rows)
            .map(|token| probability(&token[..=classes], class))
            .enumerate()
            .fold((0, 0.0), |best, (i, p)| if p > best.1 { (i, p) } else { best });
        let sides = &out[token * self.out.rows + classes + 1..][..4];
        Detection {
            name: self.classes[class].clone(),
            region: region(sides, token, grid),
            score,
        }
    }
}

/// Softmax probability of one of the logits.
fn probability(logits: &[f32], class: usize) -> f32 {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = logits.iter().map(|&l| (l - max).exp()).sum();
    (logits[class] - max).exp() / total
}

/// The box around a token's centre, clamped to the picture.
fn region(sides: &[f32], token: usize, (rows, cols): (usize, usize)) -> Region {
    let (cx, cy) = (
        ((token % cols) as f32 + 0.5) / cols as f32,
        ((token / cols) as f32 + 0.5) / rows as f32,
    );
    let reach: Vec<f32> = sides.iter().map(|&v| softplus(v) * REACH).collect();
    Region {
        x1: (cx - reach[0]).max(0.0),
        y1: (cy - reach[1]).max(0.0),
        x2: (cx + reach[2]).min(1.0),
        y2: (cy + reach[3]).min(1.0),
    }
}

fn softplus(v: f32) -> f32 {
    v.max(0.0) + (-v.abs()).exp().ln_1p()
}
