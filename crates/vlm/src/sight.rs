//! From the values of pictures to visual tokens, in one go.

use std::rc::Rc;

use sightline_kernels::{Buffer, Device, Graph};
use sightline_vision::{Encoder, Grid, Session, Size};

use crate::connector::{Connector, Prepared};
use crate::error::Result;

/// An encoder and its connector prepared for one [`Size`]. On a GPU both are one recorded graph:
/// one replay leads from pixels to visual tokens.
pub(crate) struct Sight {
    device: Device,
    encoder: Session,
    connector: Rc<Connector>,
    prepared: Prepared,
    graph: Option<Graph>,
}

impl Sight {
    /// Allocates everything that pictures of this size need. The connector runs on `device`, the
    /// encoder on its own, which may be the same in 16 bits.
    pub(crate) fn new(device: &Device, network: &dyn Encoder, connector: &Rc<Connector>, size: Size) -> Result<Self> {
        let encoder = network.session(size)?;
        Ok(Self {
            device: device.clone(),
            prepared: connector.prepare(device, size.batch, encoder.grid())?,
            connector: Rc::clone(connector),
            encoder,
            graph: None,
        })
    }

    /// Looks at pictures.
    ///
    /// # Shapes
    /// `values` `[batch, height, width, 3]`.
    pub(crate) async fn see(&mut self, values: &[f32]) -> Result<()> {
        self.encoder.write(values)?;
        self.run().await
    }

    /// The same, every picture from a slice of its own. Places that are left over keep what they
    /// hold.
    pub(crate) async fn see_each(&mut self, pictures: &[&[f32]]) -> Result<()> {
        self.encoder.write_each(pictures)?;
        self.run().await
    }

    /// The features of pictures without their visual tokens, see [`Sight::features`].
    pub(crate) async fn encode_each(&mut self, pictures: &[&[f32]]) -> Result<&Buffer> {
        Ok(self.encoder.encode_each(pictures).await?)
    }

    async fn run(&mut self) -> Result<()> {
        if let Some(graph) = &self.graph {
            return Ok(graph.replay()?);
        }
        let launch = || {
            self.encoder.launch()?;
            self.connector
                .launch(&self.device, self.encoder.output(), &self.prepared)
        };
        // Recording runs the kernels once for real, which is this call's result.
        self.graph = self.device.record(launch).await?;
        if self.graph.is_none() {
            launch()?;
        }
        Ok(())
    }

    /// Features `[batch * tokens, encoder width]` of the pictures seen last.
    pub(crate) fn features(&self) -> &Buffer {
        self.encoder.output()
    }

    /// Their visual tokens `[batch * tokens, language model's width]`.
    pub(crate) fn visual(&self) -> &Buffer {
        &self.prepared.visual
    }

    /// Rows and columns of tokens.
    pub(crate) fn grid(&self) -> Grid {
        self.encoder.grid()
    }

    /// What it was prepared for.
    pub(crate) fn size(&self) -> Size {
        self.encoder.size()
    }

    /// Number of kernel launches in the graph; 0 before the first look and on the CPU.
    pub(crate) fn launches(&self) -> usize {
        self.graph.as_ref().map_or(0, Graph::launches)
    }
}
