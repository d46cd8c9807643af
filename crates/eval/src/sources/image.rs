//! Pictures of questions: a file, a cell of a Parquet file, or a mosaic of either.

use std::io::Read;
use std::sync::Arc;

use super::data::DataPath;
use super::error::ImageError;
use super::mosaic::Composition;
use super::parquet::Table;

/// Where a picture is.
#[derive(Clone, Debug)]
pub enum Image {
    /// A file of its own.
    File(DataPath),
    /// A row of a Parquet file.
    Parquet {
        /// The file.
        file: Arc<Table>,
        /// The row, from 0.
        row: usize,
    },
    /// Parts of several pictures on one canvas.
    Mosaic {
        /// The pictures.
        pictures: Pictures,
        /// What lies where.
        composition: Arc<Composition>,
    },
}

impl Image {
    /// The encoded picture: the file's own bytes, or a mosaic as BMP. The same bytes whenever it is
    /// asked.
    ///
    /// # Errors
    /// A picture that is missing, damaged, or larger than 256 MiB.
    pub fn bytes(&self) -> Result<Vec<u8>, ImageError> {
        match self {
            Self::File(path) => read(path),
            Self::Parquet { file, row } => file.picture(*row),
            Self::Mosaic { pictures, composition } => composition.bmp(|number| pictures.picture(number)),
        }
    }
}

/// The pictures of a mosaic, by number.
#[derive(Clone, Debug)]
pub enum Pictures {
    /// Rows of a Parquet file.
    Rows(Arc<Table>),
    /// Files of their own.
    Files(Arc<[DataPath]>),
}

impl Pictures {
    /// The encoded picture of this number.
    fn picture(&self, number: usize) -> Result<Vec<u8>, ImageError> {
        match self {
            Self::Rows(file) => file.picture(number),
            Self::Files(files) => {
                let file = files.get(number);
                read(file.ok_or_else(|| ImageError(format!("there is no picture {number}")))?)
            }
        }
    }
}

/// Largest file of a picture that is read, bytes; `sightline ask` has the same limit.
const MAX_PICTURE: u64 = 256 << 20;

/// The bytes of a picture's file. The limit holds while they come in: a device does not say how
/// many there will be.
fn read(path: &DataPath) -> Result<Vec<u8>, ImageError> {
    let cannot = |error: std::io::Error| ImageError(format!("cannot be read ({error})"));
    let mut bytes = Vec::new();
    let file = path.stream().map_err(cannot)?;
    file.take(MAX_PICTURE + 1).read_to_end(&mut bytes).map_err(cannot)?;
    match bytes.len() as u64 > MAX_PICTURE {
        false => Ok(bytes),
        true => Err(ImageError(format!("has more than {} MiB", MAX_PICTURE >> 20))),
    }
}
