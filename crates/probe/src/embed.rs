//! Pictures into features: decode, transform, encode, pool.

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;
use serde_json::json;
use sightline_checkpoint::cache::read_model_file;
use sightline_checkpoint::hash::sha256_hex;
use sightline_checkpoint::manifest::Manifest;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::Device;
use sightline_vision::{Encoder, Input, Picture, Session, Size, Transform};

use crate::cache::Cache;
use crate::data::{Example, Labelled};
use crate::error::{ProbeError, Result};
use crate::features::Features;

/// Pictures that are read at once.
const CHUNK: usize = 64;
/// Pictures that are encoded at once on a GPU. The CPU, and a GPU in software, take one: there,
/// empty places cost as much as pictures.
const PLACES: usize = 32;
/// Prepared canvas sizes that are kept, for transforms that fit the canvas to the picture.
const SESSIONS: usize = 8;

/// How the tokens of a picture become one row of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pool {
    /// The mean of all tokens.
    #[default]
    Mean,
    /// The largest value of each column.
    Max,
}

impl Pool {
    /// `mean` or `max`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Max => "max",
        }
    }

    /// `tokens` `[n, width]` -> `[width]`.
    fn apply(self, tokens: &[f32], width: usize) -> Vec<f32> {
        let rows = tokens.chunks_exact(width);
        match self {
            Self::Mean => {
                let count = rows.len().max(1) as f64;
                let mut sums = vec![0.0f64; width];
                for row in rows {
                    sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += f64::from(*v));
                }
                sums.into_iter().map(|sum| (sum / count) as f32).collect()
            }
            Self::Max => {
                let mut most = vec![f32::NEG_INFINITY; width];
                for row in rows {
                    most.iter_mut().zip(row).for_each(|(most, v)| *most = most.max(*v));
                }
                most
            }
        }
    }
}

/// An encoder that turns pictures into features.
pub struct Embedder {
    device: Device,
    transform: Transform,
    network: Box<dyn Encoder>,
    sessions: HashMap<[usize; 2], Session>,
    pool: Pool,
    key: String,
}

/// Features of a part, and where they came from.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// The features.
    pub features: Features,
    /// SHA-256 of every picture's bytes.
    pub sha256: Vec<String>,
    /// Number of pictures whose features were in the cache.
    pub cached: usize,
}

impl Embedder {
    /// Loads the encoder of a model, and nothing else of it. `weights` is the manifest's folder.
    ///
    /// # Errors
    /// An unknown id, a file that is missing or has another hash, or a row that cannot work.
    pub fn load(device: &Device, weights: &Path, manifest: &Manifest, id: &str, pool: Pool) -> Result<Self> {
        let row = |problem: &str| ProbeError::Row {
            id: id.to_owned(),
            problem: problem.to_owned(),
        };
        let model = manifest
            .model(id)
            .map_err(|_| row("is not there; `sightline models` lists them"))?;
        let file = model.files.first().ok_or_else(|| row("names no file"))?;
        let bytes = read_model_file(weights, file).map_err(|error| row(&format!("cannot be loaded: {error}")))?;
        let network = sightline_vision::load(device, &model.encoder, &Tensors::parse(&file.path, &bytes)?)?;
        let key = json!({
            "program": env!("CARGO_PKG_VERSION"),
            "model": file.sha256,
            "encoder": model.encoder,
            "transform": model.transform,
            "pool": pool.name(),
            "backend": device.backend().name(),
        });
        Ok(Self {
            device: device.clone(),
            transform: Transform::read(&model.transform)?,
            network,
            sessions: HashMap::new(),
            pool,
            key: format!("{key:#}"),
        })
    }

    /// Number of values per picture.
    pub fn width(&self) -> usize {
        self.network.width()
    }

    /// All that the features depend on besides the picture, as JSON: the key of the [`Cache`].
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Features of all pictures, from the cache where they are there. `done` is told the number of
    /// pictures after each chunk. What was computed before a failure stays in the cache.
    ///
    /// # Errors
    /// A picture that cannot be read, or a device that fails.
    pub async fn embed(&mut self, part: &Labelled, cache: &mut Cache, mut done: impl FnMut(usize)) -> Result<Embedded> {
        let mut out = Embedded {
            features: Features::new(self.width(), part.classes.len(), Vec::new(), Vec::new())?,
            sha256: Vec::with_capacity(part.pictures.len()),
            cached: 0,
        };
        let mut values = Vec::with_capacity(part.pictures.len() * self.width());
        for chunk in part.pictures.chunks(CHUNK) {
            let outcome = self.chunk(chunk, cache, &mut values, &mut out).await;
            if outcome.is_err() {
                cache.flush()?;
            }
            outcome?;
            done(out.sha256.len());
        }
        cache.flush()?;
        let labels = part.pictures.iter().map(|picture| picture.class).collect();
        out.features = Features::new(self.width(), part.classes.len(), values, labels)?;
        Ok(out)
    }

    async fn chunk(
        &mut self,
        chunk: &[Example],
        cache: &mut Cache,
        values: &mut Vec<f32>,
        out: &mut Embedded,
    ) -> Result<()> {
        let known = &*cache;
        let read = |example: &Example| -> Result<(String, Option<Input>)> {
            let missing = |error| {
                unreadable(
                    example,
                    &format!("{error}; put it there, or take it out of the data set"),
                )
            };
            let bytes = example.image.bytes().map_err(missing)?;
            let sha256 = sha256_hex(&bytes);
            if known.get(&sha256).is_some() {
                return Ok((sha256, None));
            }
            let picture = Picture::decode(&bytes).map_err(|error| unreadable(example, &error))?;
            Ok((sha256, Some(self.transform.apply(&picture)?)))
        };
        // Pictures before the first unreadable one are still encoded and kept.
        let read: Vec<Result<(String, Option<Input>)>> = chunk.par_iter().map(read).collect();
        let (mut fresh, mut failure) = (Vec::new(), None);
        for one in read {
            match one {
                Ok((sha256, input)) => {
                    out.cached += usize::from(input.is_none());
                    fresh.extend(input.map(|input| (sha256.clone(), input)));
                    out.sha256.push(sha256);
                }
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        self.encode(&fresh, cache).await?;
        if let Some(error) = failure {
            return Err(error);
        }
        let first = out.sha256.len() - chunk.len();
        for sha256 in &out.sha256[first..] {
            values.extend(cache.get(sha256).unwrap_or_default());
        }
        Ok(())
    }

    async fn encode(&mut self, fresh: &[(String, Input)], cache: &mut Cache) -> Result<()> {
        let mut rest = fresh;
        while let Some((_, first)) = rest.first() {
            let size = [first.height, first.width];
            let places = match self.device.gpu_info() {
                Some(info) if self.transform.is_fixed() && !info.software => PLACES,
                _ => 1,
            };
            let alike = rest.iter().take(places);
            let count = alike
                .take_while(|(_, input)| [input.height, input.width] == size)
                .count();
            let (now, later) = rest.split_at(count);
            let pictures: Vec<&[f32]> = now.iter().map(|(_, input)| input.values.as_slice()).collect();
            let rows = self.tokens(size, places, &pictures).await?;
            for ((sha256, _), features) in now.iter().zip(rows) {
                cache.put(sha256, features)?;
            }
            rest = later;
        }
        Ok(())
    }

    /// Pooled features of pictures of one size.
    async fn tokens(&mut self, size: [usize; 2], places: usize, pictures: &[&[f32]]) -> Result<Vec<Vec<f32>>> {
        if !self.sessions.contains_key(&size) {
            if self.sessions.len() >= SESSIONS {
                self.sessions.clear();
            }
            let [height, width] = size;
            let session = self.network.session(Size {
                batch: places,
                height,
                width,
            })?;
            self.sessions.insert(size, session);
        }
        let (width, pool) = (self.network.width(), self.pool);
        let Some(session) = self.sessions.get_mut(&size) else {
            return Ok(Vec::new());
        };
        let each = session.grid().tokens() * width;
        let tokens = self.device.read_f32(session.encode_each(pictures).await?).await?;
        let pictures = tokens.chunks_exact(each).take(pictures.len());
        Ok(pictures.map(|tokens| pool.apply(tokens, width)).collect())
    }
}

/// What is said of a picture that cannot be used. `error` holds the remedy.
fn unreadable(example: &Example, error: &dyn std::fmt::Display) -> ProbeError {
    ProbeError::data(example.name.clone(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_one_row() {
        let tokens = [1.0, -2.0, 3.0, -4.0];
        assert_eq!(Pool::Mean.apply(&tokens, 2), [2.0, -3.0]);
        assert_eq!(Pool::Max.apply(&tokens, 2), [3.0, -2.0]);
    }
}
