//! What looks: from a picture to features, visual tokens and the boxes of the dense head.

use std::collections::HashMap;
use std::rc::Rc;

use sightline_answer::Region;
use sightline_checkpoint::manifest::Model;
use sightline_checkpoint::tensors::Tensors;
use sightline_kernels::{Buffer, Device, ops};
use sightline_vision::{
    Corners, Encoder, EncoderConfig, Frame, Grid, Picture, Size, Transform, built_in, checked, cosine,
};

use crate::connector::Connector;
use crate::dense::{DenseHead, Detection};
use crate::error::Result;
use crate::files::Files;
use crate::inside::seen::Seen;
use crate::sight::Sight;

/// Number of pictures that are encoded at once. It is enough to fill a GPU, and keeps the buffers
/// of an encoder below the limits of devices.
const PICTURES: usize = 64;

/// Least probability of a box of the dense head to be shown. The head always has a best token, even
/// for an absent object.
const MIN_DENSE_SCORE: f32 = 0.05;

/// Least cosine with the features in f32 for an encoder to multiply in 16 bits.
pub const MIN_HALF_COSINE: f64 = 0.999;

/// The part of a model that looks: transform, encoder, connector and dense head. It knows no
/// question.
pub(crate) struct Eye {
    device: Device,
    transform: Transform,
    /// Tells the number of tokens of a canvas.
    config: Box<dyn EncoderConfig>,
    /// Makes sights for several pictures at once, and for canvases of other sizes.
    network: Box<dyn Encoder>,
    connector: Rc<Connector>,
    dense: Option<DenseHead>,
    /// For the picture of the last look.
    one: Sight,
    /// Where boxes of the last look lie in its picture.
    frame: Option<Frame>,
    /// For several pictures at once on canvases of one size, by their number.
    many: HashMap<usize, Sight>,
    /// Sight and network in f32 during a trial of [`Eye::try_half`].
    whole: Option<(Sight, Box<dyn Encoder>)>,
    /// Whether the encoder multiplies in 16 bits.
    half: bool,
    /// Number of bytes on the device: weights and scratch memory of encoder and connector.
    bytes: usize,
}

impl Eye {
    /// Puts encoder, connector and dense head on a device. `width` is the language model's.
    pub(crate) fn load(device: &Device, files: &Files, tensors: &Tensors<'_>, width: usize) -> Result<Self> {
        let row = &files.row;
        let before = device.allocated_bytes();
        let config = sightline_vision::config(&row.encoder)?;
        let network = config.load(device, tensors)?;
        let connector = Connector::load(device, tensors, &row.connector, network.width(), width)?;
        let connector = Rc::new(connector);
        let one = Sight::new(device, network.as_ref(), &connector, canvas(row))?;
        let bytes = device.allocated_bytes() - before;
        let classes = || files.classes.clone();
        let dense = row
            .dense_head
            .as_ref()
            .map(|_| DenseHead::load(device, tensors, network.width(), classes()))
            .transpose()?;
        Ok(Self {
            device: device.clone(),
            transform: Transform::read(&row.transform)?,
            config,
            network,
            connector,
            dense,
            one,
            frame: None,
            many: HashMap::new(),
            whole: None,
            half: false,
            bytes,
        })
    }

    /// What maps of the encoder need.
    pub(crate) fn seen<'a>(&'a self, id: &'a str) -> Seen<'a> {
        Seen {
            id,
            device: &self.device,
            transform: &self.transform,
            network: self.network.as_ref(),
        }
    }

    /// Looks at a picture. Returns its number of visual tokens.
    pub(crate) async fn see(&mut self, picture: &Picture) -> Result<usize> {
        self.frame = None;
        let input = self.transform.apply(picture)?;
        self.fit(Size::one(input.height, input.width))?;
        self.one.see(&input.values).await?;
        self.frame = Some(input.frame);
        Ok(self.one.grid().tokens())
    }

    /// Some policies give every shape of picture a canvas of its own.
    fn fit(&mut self, size: Size) -> Result<()> {
        if self.one.size() != size {
            self.one = Sight::new(&self.device, self.network.as_ref(), &self.connector, size)?;
        }
        Ok(())
    }

    /// Visual tokens `[count, width]` of the last picture.
    pub(crate) fn visual(&self) -> &Buffer {
        self.one.visual()
    }

    /// Features `[tokens, encoder width]` of the last picture, read back.
    pub(crate) async fn features(&self) -> Result<Vec<f32>> {
        Ok(self.device.read_f32(self.one.features()).await?)
    }

    /// Cosine of features of the built-in picture with those that the manifest holds. NaN if one
    /// is no number.
    pub(crate) async fn check(&mut self, stored: &[f32]) -> Result<f64> {
        self.see(&built_in(0)).await?;
        Ok(cosine(&checked(&self.features().await?), stored))
    }

    /// Whether every picture has a canvas of one size.
    pub(crate) fn is_fixed(&self) -> bool {
        self.transform.is_fixed()
    }

    /// Rows and columns of the visual tokens of a canvas of `[height, width]` px.
    pub(crate) fn grid(&self, canvas: [usize; 2]) -> Result<Grid> {
        Ok(self.config.grid(Size::one(canvas[0], canvas[1]))?)
    }

    /// Number of kernel launches of a picture, 0 before the first one and on the CPU; and of bytes
    /// on the device that a picture touches.
    pub(crate) fn cost_per_picture(&self) -> (usize, usize) {
        (self.one.launches(), self.bytes)
    }

    /// The corners of a box in px of the last picture; none if it lies in the padding.
    pub(crate) fn to_px(&self, region: Region) -> Option<[f32; 4]> {
        let corners = [region.x1, region.y1, region.x2, region.y2].map(f64::from);
        let corners = Corners::new(corners[0], corners[1], corners[2], corners[3]);
        let px = self.frame.as_ref()?.to_px_inside(corners)?;
        Some([px.x1, px.y1, px.x2, px.y2].map(|v| v as f32))
    }

    /// Finds those of the named things that the dense head knows in the last picture, if it is sure
    /// enough to show them.
    pub(crate) async fn find(&self, names: &[String]) -> Result<Vec<Detection>> {
        let Some(dense) = &self.dense else {
            return Ok(Vec::new());
        };
        let grid = self.one.grid();
        let mut found = Vec::new();
        for class in names.iter().filter_map(|name| dense.class_of(name)) {
            let place = dense.find(&self.device, self.one.features(), (grid.height, grid.width), class);
            found.extend(Some(place.await?).filter(|place| place.score >= MIN_DENSE_SCORE));
        }
        Ok(found)
    }

    /// The visual tokens of pictures, one after the other. `pictures` holds the normalised values
    /// of each, as the transform gives them, on canvases of `[height, width]` px.
    pub(crate) async fn see_each(&mut self, pictures: &[&[f32]], canvas: [usize; 2]) -> Result<Buffer> {
        let each = self.grid(canvas)?.tokens();
        if pictures.len() <= PICTURES {
            let sight = self.sight(pictures.len(), canvas)?;
            sight.see_each(pictures).await?;
            // Places without a picture are left out.
            return Ok(sight.visual().first_rows(pictures.len() * each)?);
        }
        let all = self.device.empty_f32([pictures.len() * each, self.connector.width()]);
        for (piece, first) in pictures.chunks(PICTURES).zip((0..).step_by(PICTURES)) {
            let sight = self.sight(piece.len(), canvas)?;
            sight.see_each(piece).await?;
            let some = sight.visual().clone();
            let args = ops::CopyRows {
                src: &some,
                from: 0,
                dst: &all,
                to: first * each,
                rows: piece.len() * each,
            };
            ops::copy(&self.device, args)?;
        }
        Ok(all)
    }

    /// Whether there is a dense head.
    pub(crate) fn has_dense_head(&self) -> bool {
        self.dense.is_some()
    }

    /// Where the dense head finds one of the named things, however sure. `asked` holds an index
    /// into `pictures` and names; the answer is none where the head knows no name, or is missing.
    pub(crate) async fn find_each(
        &mut self,
        pictures: &[&[f32]],
        canvas: [usize; 2],
        asked: &[(usize, Vec<String>)],
    ) -> Result<Vec<Option<Region>>> {
        let said = self.dense_each(pictures, canvas).await?;
        let grid = self.grid(canvas)?;
        let find = |(at, names): &(usize, Vec<String>)| {
            let dense = self.dense.as_ref()?;
            let class = names.iter().find_map(|name| dense.class_of(name))?;
            Some(dense.best(said.get(*at)?, (grid.height, grid.width), class).region)
        };
        Ok(asked.iter().map(find).collect())
    }

    /// What the dense head says to every picture.
    async fn dense_each(&mut self, pictures: &[&[f32]], canvas: [usize; 2]) -> Result<Vec<Vec<f32>>> {
        let tokens = self.grid(canvas)?.tokens();
        let mut said: Vec<Vec<f32>> = Vec::with_capacity(pictures.len());
        for piece in pictures.chunks(PICTURES) {
            let features = self.sight(piece.len(), canvas)?.encode_each(piece).await?.clone();
            let Some(dense) = &self.dense else { break };
            // Places without a picture are left out.
            let features = features.first_rows(piece.len() * tokens)?;
            let out = dense.outputs(&self.device, &features).await?;
            said.extend(out.chunks_exact(out.len() / piece.len()).map(<[f32]>::to_vec));
        }
        Ok(said)
    }

    /// For as many pictures as are encoded at once. Their number is padded to a power of two, so
    /// that few sights are recorded. Those of another canvas are dropped, so that memory does not
    /// grow with every shape of picture.
    fn sight(&mut self, pictures: usize, [height, width]: [usize; 2]) -> Result<&mut Sight> {
        let count = pictures.next_power_of_two();
        let size = Size {
            batch: count,
            height,
            width,
        };
        self.many.retain(|_, sight| {
            let there = sight.size();
            (there.height, there.width) == (height, width)
        });
        Ok(match self.many.entry(count) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Sight::new(&self.device, self.network.as_ref(), &self.connector, size)?)
            }
        })
    }

    /// Whether the encoder multiplies in 16 bits, see [`Eye::try_half`].
    pub(crate) fn half(&self) -> bool {
        self.half
    }

    /// Gives back the memory for several pictures at once.
    pub(crate) fn drop_batches(&mut self) {
        self.many.clear();
    }

    /// Tries 16-bit products in the encoder. Compares the features of `picture` with those in f32
    /// and returns their cosine. The encoder stays in f32 if the cosine is below
    /// [`MIN_HALF_COSINE`], or not a number because a value left the range of 16 bits.
    pub(crate) async fn try_half(&mut self, files: &Files, tensors: &Tensors<'_>, picture: &Picture) -> Result<f64> {
        let half = self.device.with_half(true)?;
        let network = sightline_vision::load(&half, &files.row.encoder, tensors)?;
        let input = self.transform.apply(picture)?;
        let size = Size::one(input.height, input.width);
        // The connector stays in f32.
        let mut sight = Sight::new(&self.device, network.as_ref(), &self.connector, size)?;
        self.fit(size)?;
        sight.see(&input.values).await?;
        let half = self.device.read_f32(sight.features()).await?;
        self.one.see(&input.values).await?;
        let whole = self.device.read_f32(self.one.features()).await?;
        let cosine = cosine(&half, &whole);
        if agree(cosine) {
            let whole = std::mem::replace(&mut self.one, sight);
            self.whole = Some((whole, std::mem::replace(&mut self.network, network)));
            self.half = true;
            self.many.clear();
        }
        Ok(cosine)
    }

    /// Ends the trial of [`Eye::try_half`]. Either keeps 16-bit products, if they passed, and drops
    /// the f32 sight, or goes back to f32. Returns whether it went back.
    pub(crate) fn settle_half(&mut self, keep: bool) -> bool {
        match self.whole.take() {
            Some((whole, network)) if !keep => {
                (self.one, self.network) = (whole, network);
                self.half = false;
                self.many.clear();
                true
            }
            _ => false,
        }
    }
}

/// The canvas of the manifest's row.
fn canvas(row: &Model) -> Size {
    Size::one(row.transform.size[0], row.transform.size[1])
}

/// Whether features in 16 bits may replace those in f32. NaN may not.
fn agree(cosine: f64) -> bool {
    cosine >= MIN_HALF_COSINE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_are_no_agreement() {
        assert!((cosine(&[1.0, 2.0], &[2.0, 4.0]) - 1.0).abs() < 1e-12);
        assert!(cosine(&[1.0, 0.0], &[0.0, 1.0]).abs() < 1e-12);
        for bad in [f32::INFINITY, f32::NAN] {
            assert!(!agree(cosine(&[1.0, bad], &[1.0, 1.0])));
        }
        assert!(agree(MIN_HALF_COSINE) && !agree(MIN_HALF_COSINE - 1e-6));
    }
}
