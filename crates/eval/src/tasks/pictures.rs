//! Encoded pictures of a data folder: rows of Parquet files and files of their own.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;

use super::TaskError;

/// Row groups whose pictures are held: a task goes through its files more or less in order.
const HELD: usize = 4;

/// Largest row group that is read, rows.
const MAX_ROWS: i64 = 100_000;

/// Pictures of a data folder.
pub struct Pictures {
    data: PathBuf,
    files: HashMap<String, Parquet>,
}

/// An open file.
struct Parquet {
    path: PathBuf,
    reader: SerializedFileReader<File>,
    /// Row group and its pictures, the latest last.
    held: Vec<(usize, Arc<Vec<Vec<u8>>>)>,
    /// `qa` of every row, once it was asked for.
    questions: Option<Vec<Vec<Asked>>>,
}

/// A question and its answers.
type Asked = (String, Vec<String>);

impl Pictures {
    /// Of a folder.
    pub fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            files: HashMap::new(),
        }
    }

    /// Bytes of an encoded picture: of a row, or of a file of its own.
    pub fn bytes(&mut self, file: &str, row: Option<usize>) -> Result<Vec<u8>, TaskError> {
        let Some(row) = row else {
            let path = self.path(file)?;
            return std::fs::read(&path).map_err(|error| TaskError::file(&path, error));
        };
        let (parquet, group, within) = self.open(file)?.at(row)?;
        let pictures = parquet.pictures(group)?;
        let picture = pictures.get(within).filter(|bytes| !bytes.is_empty());
        picture
            .cloned()
            .ok_or_else(|| TaskError::file(&parquet.path, format!("row {row} has no picture")))
    }

    /// A question of a row and its answers.
    pub(super) fn question(&mut self, file: &str, row: usize, at: usize) -> Result<Asked, TaskError> {
        let parquet = self.open(file)?;
        if parquet.questions.is_none() {
            parquet.questions = Some(parquet.read_questions()?);
        }
        let questions = parquet.questions.as_deref().unwrap_or_default();
        let found = questions.get(row).and_then(|row| row.get(at)).cloned();
        found.ok_or_else(|| {
            TaskError::file(
                &parquet.path,
                format!("row {row} has no question {at}; is it the right file?"),
            )
        })
    }

    /// A path within the folder, wherever a task's file may want to lead.
    fn path(&self, file: &str) -> Result<PathBuf, TaskError> {
        let inside = Path::new(file)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if !inside {
            return Err(TaskError::file(Path::new(file), "leads out of the data folder"));
        }
        Ok(self.data.join(file))
    }

    fn open(&mut self, file: &str) -> Result<&mut Parquet, TaskError> {
        let path = self.path(file)?;
        match self.files.entry(file.to_owned()) {
            std::collections::hash_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::hash_map::Entry::Vacant(entry) => Ok(entry.insert(Parquet::open(path)?)),
        }
    }
}

impl Parquet {
    fn open(path: PathBuf) -> Result<Self, TaskError> {
        let remedy = |error: std::io::Error| {
            TaskError::file(&path, format!("cannot be read ({error}); is --data the right folder?"))
        };
        let file = File::open(&path).map_err(remedy)?;
        let broken = |error| TaskError::file(&path, format!("no Parquet file ({error}); fetch it again"));
        let reader = SerializedFileReader::new(file).map_err(broken)?;
        let rows = |group: &parquet::file::metadata::RowGroupMetaData| group.num_rows();
        if reader
            .metadata()
            .row_groups()
            .iter()
            .map(rows)
            .any(|rows| !(0..=MAX_ROWS).contains(&rows))
        {
            return Err(TaskError::file(
                &path,
                format!("a row group has more than {MAX_ROWS} rows"),
            ));
        }
        Ok(Self {
            path,
            reader,
            held: Vec::new(),
            questions: None,
        })
    }

    /// Row group of a row, and its place there.
    fn at(&mut self, row: usize) -> Result<(&mut Self, usize, usize), TaskError> {
        let mut left = row;
        let sizes: Vec<usize> = self
            .reader
            .metadata()
            .row_groups()
            .iter()
            .map(|group| group.num_rows() as usize)
            .collect();
        for (group, size) in sizes.into_iter().enumerate() {
            if left < size {
                return Ok((self, group, left));
            }
            left -= size;
        }
        Err(TaskError::file(
            &self.path,
            format!("has no row {row}; is it the right file?"),
        ))
    }

    /// Pictures of a row group.
    fn pictures(&mut self, group: usize) -> Result<Arc<Vec<Vec<u8>>>, TaskError> {
        if let Some(place) = self.held.iter().position(|held| held.0 == group) {
            let found = self.held.remove(place);
            self.held.push(found);
        } else {
            let rows = self.rows("image", group)?;
            let pictures = Arc::new(rows.into_iter().map(picture).collect());
            if self.held.len() == HELD {
                self.held.remove(0);
            }
            self.held.push((group, pictures));
        }
        Ok(Arc::clone(&self.held[self.held.len() - 1].1))
    }

    /// One column of a row group.
    fn rows(&self, column: &str, group: usize) -> Result<Vec<Row>, TaskError> {
        let broken = |error| {
            TaskError::file(
                &self.path,
                format!("row group {group} cannot be read ({error}); fetch it again"),
            )
        };
        let schema = self.reader.metadata().file_metadata().schema();
        let field = schema.get_fields().iter().find(|field| field.name() == column);
        let field = field
            .ok_or_else(|| TaskError::file(&self.path, format!("has no column `{column}`; is it the right file?")))?;
        let projection = Type::group_type_builder(schema.name())
            .with_fields(vec![Arc::clone(field)])
            .build();
        let group = self.reader.get_row_group(group).map_err(broken)?;
        let rows = group.get_row_iter(Some(projection.map_err(broken)?)).map_err(broken)?;
        rows.collect::<Result<_, _>>().map_err(broken)
    }

    fn read_questions(&self) -> Result<Vec<Vec<Asked>>, TaskError> {
        let mut questions = Vec::new();
        for group in 0..self.reader.num_row_groups() {
            questions.extend(self.rows("qa", group)?.iter().map(question_list));
        }
        Ok(questions)
    }
}

/// Bytes of a row whose only column is `image`; none where it has none.
fn picture(row: Row) -> Vec<u8> {
    let bytes = row.into_columns().into_iter().find_map(|(_, field)| match field {
        Field::Group(image) => image.into_columns().into_iter().find_map(|(name, field)| match field {
            Field::Bytes(bytes) if name == "bytes" => Some(bytes.data().to_vec()),
            _ => None,
        }),
        Field::Bytes(bytes) => Some(bytes.data().to_vec()),
        _ => None,
    });
    bytes.unwrap_or_default()
}

/// Question and answers of a row whose only column is `qa`.
fn question_list(row: &Row) -> Vec<Asked> {
    let texts = |field: &Field| match field {
        Field::ListInternal(list) => list.elements().iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    let pair = |field: &Field| match field {
        Field::Group(pair) => {
            let of = |wanted: &str| {
                pair.get_column_iter()
                    .find(|column| column.0 == wanted)
                    .map(|column| column.1)
            };
            Some((text(of("question")?)?, of("answers").map(texts).unwrap_or_default()))
        }
        _ => None,
    };
    let lists = row.get_column_iter().filter_map(|(_, field)| match field {
        Field::ListInternal(list) => Some(list.elements().iter().filter_map(pair).collect::<Vec<_>>()),
        _ => None,
    });
    lists.flatten().collect()
}

fn text(field: &Field) -> Option<String> {
    match field {
        Field::Str(text) => Some(text.clone()),
        _ => None,
    }
}
