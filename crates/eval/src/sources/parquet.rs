//! Parquet files: their columns as JSON, and their pictures row by row.

use std::fmt;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::RowGroupReader;
use parquet::record::Field;
use parquet::schema::types::Type;
use serde_json::{Map, Number, Value};

use super::data::DataPath;
use super::error::ImageError;
use super::unpacking::{Chunks, Group, Unpacker};
use crate::answers::fields::{At, Fields, InputError, Place};

/// Column of pictures: bytes in a field of a record, as the Hub's `image` has them, or bytes alone.
const PICTURE: [&str; 2] = ["image.bytes", "image"];

/// Bytes that a group's column may have unpacked, however small it is packed; more only if it does
/// not grow beyond measure.
const MAX_UNPACKED: i64 = 256 << 20;
/// How many times its packed size that is.
const MAX_RATIO: i64 = 64;

/// How columns may be packed.
const PACKINGS: &str = "zstd or snappy";

/// A Parquet file.
pub struct Table {
    path: DataPath,
    place: Place,
    rows: usize,
    /// Number of the leaf column that holds encoded pictures.
    picture: Option<usize>,
    meta: ParquetMetaData,
    file: Arc<Chunks>,
    unpacker: Unpacker,
}

impl fmt::Debug for Table {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "Table({}, {} rows)", self.path.display(), self.rows)
    }
}

impl Table {
    /// Opens a file.
    ///
    /// # Errors
    /// A file that cannot be read, claims what it does not hold, or is packed otherwise than with
    /// Snappy or Zstandard.
    pub fn open(path: &DataPath) -> Result<Arc<Self>, InputError> {
        Self::open_with(path, Unpacker::default())
    }

    fn open_with(path: &DataPath, unpacker: Unpacker) -> Result<Arc<Self>, InputError> {
        let place = Place::file(&path.display().to_string());
        let cannot = |error: &dyn fmt::Display| {
            InputError::new(
                &place,
                format!("cannot be read as Parquet ({error}); is it whole, and the right file?"),
            )
        };
        let file = Chunks(path.open().map_err(|error| cannot(&error))?);
        let meta = ParquetMetaDataReader::new()
            .parse_and_finish(&file)
            .map_err(|error| cannot(&error))?;
        let rows = check(&meta).map_err(|problem| InputError::new(&place, problem))?;
        let schema = meta.file_metadata().schema_descr();
        let is_picture = |name: &str| {
            let leaf = |n: &usize| schema.column(*n).path().string() == name;
            (0..schema.num_columns()).find(leaf)
        };
        Ok(Arc::new(Self {
            rows,
            picture: PICTURE.into_iter().find_map(is_picture),
            path: path.clone(),
            place,
            meta,
            file: Arc::new(file),
            unpacker,
        }))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The file.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Some columns of every row; those that are not there are left out.
    ///
    /// # Errors
    /// A damaged file.
    pub fn columns(&self, names: &[&str]) -> Result<Vec<Fields>, InputError> {
        let damaged = |error: ParquetError| InputError::new(&self.place, format!("damaged ({error}); get it again"));
        let schema = self.meta.file_metadata().schema();
        let wanted = |field: &Arc<Type>| names.contains(&field.name());
        let fields = schema
            .get_fields()
            .iter()
            .filter(|field| wanted(field))
            .cloned()
            .collect();
        let builder = Type::group_type_builder(schema.name()).with_fields(fields);
        let wanted = builder.build().map_err(damaged)?;
        let mut out = Vec::new();
        for at in 0..self.meta.num_row_groups() {
            let group = self.group(at);
            for row in group.get_row_iter(Some(wanted.clone())).map_err(damaged)? {
                let row = row.map_err(damaged)?;
                let map = row.get_column_iter().map(|(name, field)| (name.clone(), json(field)));
                out.push(Fields {
                    map: map.collect(),
                    place: self.place.at(At::Item(out.len() + 1)),
                });
            }
        }
        Ok(out)
    }

    fn group(&self, at: usize) -> Group<'_> {
        Group::new(Arc::clone(&self.file), self.meta.row_group(at), self.unpacker)
    }

    /// The encoded picture of a row.
    pub(crate) fn picture(&self, row: usize) -> Result<Vec<u8>, ImageError> {
        let file = || self.path.name();
        let wrong = |what: &dyn fmt::Display| ImageError(format!("row {row} of {} cannot be read ({what})", file()));
        let column = self.picture.ok_or_else(|| wrong(&"no column `image` with bytes"))?;
        let found = self.cell(column, row).map_err(|error| wrong(&error))?;
        found.ok_or_else(|| wrong(&"no picture there"))
    }

    fn cell(&self, column: usize, row: usize) -> Result<Option<Vec<u8>>, ParquetError> {
        let mut first = 0;
        for (at, meta) in self.meta.row_groups().iter().enumerate() {
            let count = usize::try_from(meta.num_rows()).unwrap_or_default();
            if row < first + count {
                let ColumnReader::ByteArrayColumnReader(mut cells) = self.group(at).get_column_reader(column)? else {
                    return Err(ParquetError::General("its column is not bytes".to_owned()));
                };
                cells.skip_records(row - first)?;
                let (mut values, mut levels, mut repeats) = (Vec::new(), Vec::new(), Vec::new());
                cells.read_records(1, Some(&mut levels), Some(&mut repeats), &mut values)?;
                return Ok(values.first().map(|bytes| bytes.data().to_vec()));
            }
            first += count;
        }
        Ok(None)
    }
}

/// The number of rows, if the footer's claims agree and all columns can be unpacked in reasonable
/// memory.
fn check(meta: &ParquetMetaData) -> Result<usize, String> {
    let claimed = meta.file_metadata().num_rows();
    let mut rows = 0_i64;
    for group in meta.row_groups() {
        rows = rows.saturating_add(group.num_rows().max(0));
        for column in group.columns() {
            let name = column.column_path().string();
            match column.compression() {
                Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_) => {}
                other => {
                    let other = other.to_string();
                    let packing = other.split('(').next().unwrap_or(&other).to_lowercase();
                    return Err(format!(
                        "column `{name}` is packed with {packing}, which is not read; write the file again with {PACKINGS}"
                    ));
                }
            }
            let (packed, unpacked) = (column.compressed_size().max(1), column.uncompressed_size());
            if unpacked > MAX_UNPACKED && unpacked / packed > MAX_RATIO {
                return Err(format!(
                    "column `{name}` grows from {packed} to {unpacked} bytes when it is unpacked; is it the right file?"
                ));
            }
            if column.num_values() < group.num_rows() {
                return Err(format!(
                    "damaged (a group of {} rows has {} values of column `{name}`); get it again",
                    group.num_rows(),
                    column.num_values()
                ));
            }
        }
    }
    if rows != claimed {
        return Err(format!(
            "damaged ({claimed} rows are claimed, {rows} are there); get it again"
        ));
    }
    usize::try_from(rows).map_err(|_| format!("{rows} rows are more than this machine can count"))
}

/// A cell as JSON. Bytes, which stand for pictures, are null.
fn json(field: &Field) -> Value {
    let decimal = |number: f64| Number::from_f64(number).map_or(Value::Null, Value::Number);
    match field {
        Field::Bool(value) => Value::from(*value),
        Field::Byte(value) => Value::from(*value),
        Field::Short(value) => Value::from(*value),
        Field::Int(value) => Value::from(*value),
        Field::Long(value) => Value::from(*value),
        Field::UByte(value) => Value::from(*value),
        Field::UShort(value) => Value::from(*value),
        Field::UInt(value) => Value::from(*value),
        Field::ULong(value) => Value::from(*value),
        Field::Float(value) => decimal(f64::from(*value)),
        Field::Double(value) => decimal(*value),
        Field::Str(text) => Value::from(text.as_str()),
        Field::Group(row) => {
            let map: Map<String, Value> = row
                .get_column_iter()
                .map(|(name, field)| (name.clone(), json(field)))
                .collect();
            Value::Object(map)
        }
        Field::ListInternal(list) => list.elements().iter().map(json).collect(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// Files of the goldens, most of them packed with Zstandard.
    fn goldens() -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/goldens/tasks");
        let inside = ["photos", "packed"].into_iter().flat_map(|name| {
            let entries = std::fs::read_dir(folder.join(name)).expect("a folder");
            entries.map(|entry| entry.expect("an entry").path())
        });
        inside.collect()
    }

    #[test]
    fn both_unpackers_read_the_same() {
        let mut packed = 0;
        for path in goldens() {
            let [one, other] = [Unpacker::Library, Unpacker::Rust]
                .map(|unpacker| Table::open_with(&DataPath::from(&path), unpacker).expect("a table"));
            let fields = one.meta.file_metadata().schema().get_fields();
            let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
            let rows = |table: &Table| -> Vec<Value> {
                let rows = table.columns(&names).expect("rows");
                rows.into_iter().map(|row| Value::Object(row.map)).collect()
            };
            assert_eq!(rows(&one), rows(&other), "{}", path.display());
            for row in (0..one.len()).filter(|_| one.picture.is_some()) {
                let pictures = [&one, &other].map(|table| table.picture(row).expect("a picture"));
                assert_eq!(pictures[0], pictures[1], "{}, row {row}", path.display());
            }
            let columns = one.meta.row_groups().iter().flat_map(|group| group.columns());
            packed += columns
                .filter(|column| matches!(column.compression(), Compression::ZSTD(_)))
                .count();
        }
        assert!(packed > 10, "{packed} columns are packed with Zstandard");
    }
}
