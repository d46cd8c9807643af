//! Pictures of questions: a file, a cell of a Parquet file, or a mosaic of such cells.

use std::path::PathBuf;
use std::sync::Arc;

use super::error::ImageError;
use super::mosaic::Composition;
use super::parquet::Table;

/// Where a picture is.
#[derive(Clone, Debug)]
pub enum Image {
    /// A file of its own.
    File(PathBuf),
    /// A row of a Parquet file.
    Parquet {
        /// The file.
        file: Arc<Table>,
        /// The row, from 0.
        row: usize,
    },
    /// Several rows of a Parquet file on one canvas.
    Mosaic {
        /// The file.
        file: Arc<Table>,
        /// What lies where.
        composition: Arc<Composition>,
    },
}

impl Image {
    /// The encoded picture: the file's own bytes, or a mosaic as BMP. The same bytes whenever it is asked.
    pub fn bytes(&self) -> Result<Vec<u8>, ImageError> {
        match self {
            Self::File(path) => std::fs::read(path).map_err(|error| ImageError(format!("cannot be read ({error})"))),
            Self::Parquet { file, row } => file.picture(*row),
            Self::Mosaic { file, composition } => composition.bmp(|row| file.picture(row)),
        }
    }
}
