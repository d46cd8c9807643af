//! Pictures with classes: a folder per class, a Parquet file, or a task of the evaluation.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use sightline_eval::sources::parquet::Table;
use sightline_eval::tasks::{self, DataPath, Image, Select};

use crate::error::{ProbeError, Result};
use crate::linear::shuffled;

/// Endings of picture files, as `sightline ask` reads them.
const ENDINGS: [&str; 8] = ["bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"];

/// Folders inside folders that are read, before a tree counts as a mistake.
const MAX_DEPTH: usize = 16;

/// Columns of a Parquet file that name the class, the first that is there.
const COLUMNS: [&str; 2] = ["name", "label"];

/// A picture and its class.
#[derive(Clone, Debug)]
pub struct Example {
    /// The picture.
    pub image: Image,
    /// Its name in errors.
    pub name: String,
    /// Place of its class in [`Labelled::classes`].
    pub class: usize,
}

/// A part of a data set.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// What was read, for errors.
    pub place: String,
    /// Names of the classes, sorted.
    pub classes: Vec<String>,
    /// Pictures, in the order of the data set.
    pub pictures: Vec<Example>,
}

impl Labelled {
    /// Reads a folder with one folder per class, or a Parquet file with the columns `image` and
    /// `name` or `label`. Pictures themselves are not opened.
    ///
    /// # Errors
    /// A path that cannot be read, a class without pictures, or fewer than two classes.
    pub fn read(path: &Path) -> Result<Self> {
        let found = fs::metadata(path).map_err(|error| cannot_read(path, &error))?;
        match found.is_dir() {
            true => folder(path),
            false => parquet(&[path.to_owned()]),
        }
    }

    /// The pictures of a task, with its answers as classes.
    ///
    /// # Errors
    /// A task that is not known, files that are missing, or a task whose answers are no classes.
    pub fn task(id: &str, data: &Path) -> Result<Self> {
        let loaded = tasks::load(id, data, &Select::default())?;
        let mut named = Vec::with_capacity(loaded.questions.len());
        for question in loaded.questions {
            let Some(Value::String(answer)) = question.gold.get("answer") else {
                let problem = "its questions have no single answer that names the picture; take a naming task of `sightline tasks`";
                return Err(ProbeError::data(id, problem));
            };
            named.push((question.image, question.image_key, answer.clone()));
        }
        let pictures: BTreeSet<&String> = named.iter().map(|(_, key, _)| key).collect();
        if pictures.len() != named.len() {
            let problem = "it asks several questions about one picture; take a naming task of `sightline tasks`";
            return Err(ProbeError::data(id, problem));
        }
        Self::of(id.to_owned(), named)
    }

    /// The training part beside a task's file: `X_train.parquet`, or its pieces
    /// `X_train-*.parquet`, for a task on `X_val.parquet`.
    ///
    /// # Errors
    /// A task that is not known or has no such file, or a file that cannot be used.
    pub fn task_training(id: &str, data: &Path) -> Result<Self> {
        let known = tasks::Task::find(id).and_then(|(task, _)| task.files.first());
        let Some(stem) = known.and_then(|file| file.strip_suffix("_val.parquet")) else {
            let problem = "it has no training part that is known here; name one with --train";
            return Err(ProbeError::data(id, problem));
        };
        let whole = data.join(format!("{stem}_train.parquet"));
        if whole.is_file() {
            return parquet(&[whole]);
        }
        let start = format!("{stem}_train-");
        let mut pieces: Vec<PathBuf> = entries(data)?
            .into_iter()
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with(&start) && name.ends_with(".parquet")
            })
            .collect();
        pieces.sort();
        if pieces.is_empty() {
            let problem = format!("neither it nor {start}*.parquet is there; name the training part with --train");
            return Err(ProbeError::data(whole.display().to_string(), problem));
        }
        parquet(&pieces)
    }

    /// Classes and pictures of `(picture, name, class)`.
    fn of(place: String, named: Vec<(Image, String, String)>) -> Result<Self> {
        let classes: BTreeSet<&String> = named.iter().map(|(_, _, class)| class).collect();
        let classes: Vec<String> = classes.into_iter().cloned().collect();
        let example = |(image, name, class): (Image, String, String)| {
            let class = classes.binary_search(&class).unwrap_or_default();
            Example { image, name, class }
        };
        let pictures = named.into_iter().map(example).collect();
        let found = Self {
            place,
            pictures,
            classes: classes.clone(),
        };
        match found.classes.len() {
            0 | 1 => {
                let only = found
                    .classes
                    .first()
                    .map_or("no class".to_owned(), |class| format!("one class, `{class}`"));
                let problem = format!("holds {only}; a probe tells at least two classes apart, each in its own folder");
                Err(ProbeError::data(found.place, problem))
            }
            _ => Ok(found),
        }
    }

    /// At most so many pictures of each class. Which ones is drawn once and for all: a larger
    /// number keeps those of a smaller one.
    pub fn keep(&mut self, per_class: usize) {
        let mut kept = Vec::new();
        for class in 0..self.classes.len() {
            let of_class = |place: &usize| self.pictures[*place].class == class;
            let places: Vec<usize> = (0..self.pictures.len()).filter(of_class).collect();
            kept.extend(shuffled(&places, class as u64).into_iter().take(per_class));
        }
        kept.sort_unstable();
        self.pictures = kept.into_iter().map(|place| self.pictures[place].clone()).collect();
    }
}

/// Refuses a validation part with other classes than the training part.
///
/// # Errors
/// [`ProbeError::Data`] names the class and the part that lacks it.
pub fn check_pair(train: &Labelled, val: &Labelled) -> Result<()> {
    let lacks = |part: &Labelled, whole: &Labelled| {
        let missing = whole.classes.iter().find(|class| !part.classes.contains(class));
        missing.map(|class| {
            let problem = format!(
                "has no pictures of the class `{class}` of {}; both parts need the same classes",
                whole.place
            );
            ProbeError::data(part.place.clone(), problem)
        })
    };
    match lacks(val, train).or_else(|| lacks(train, val)) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn cannot_read(path: &Path, error: &std::io::Error) -> ProbeError {
    ProbeError::data(
        path.display().to_string(),
        format!("cannot be read ({error}); is the path right?"),
    )
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).map_err(|error| cannot_read(folder, &error))?;
    let mut paths = Vec::new();
    for entry in read {
        paths.push(entry.map_err(|error| cannot_read(folder, &error))?.path());
    }
    paths.sort();
    Ok(paths)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().unwrap_or_default().to_string_lossy().starts_with('.')
}

fn folder(root: &Path) -> Result<Labelled> {
    let mut named = Vec::new();
    for class in entries(root)?
        .into_iter()
        .filter(|path| path.is_dir() && !is_hidden(path))
    {
        let mut files = Vec::new();
        pictures(&class, 0, &mut files)?;
        if files.is_empty() {
            let problem = format!(
                "the class has no pictures ({}); add some, or remove the folder",
                ENDINGS.join(", ")
            );
            return Err(ProbeError::data(class.display().to_string(), problem));
        }
        let Some(name) = class.file_name().and_then(|name| name.to_str()) else {
            let problem = "the folder's name is not UTF-8; name the class in UTF-8";
            return Err(ProbeError::data(class.display().to_string(), problem));
        };
        for file in files {
            named.push((
                Image::File(DataPath::from(&file)),
                file.display().to_string(),
                name.to_owned(),
            ));
        }
    }
    Labelled::of(root.display().to_string(), named)
}

/// Picture files of a folder and of those inside it.
fn pictures(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    if depth > MAX_DEPTH {
        let problem = format!("lies more than {MAX_DEPTH} folders deep; is there a link in a circle?");
        return Err(ProbeError::data(folder.display().to_string(), problem));
    }
    for path in entries(folder)?.into_iter().filter(|path| !is_hidden(path)) {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_dir() {
            pictures(&path, depth + 1, files)?;
        } else if ENDINGS.contains(&ending.as_str()) {
            files.push(path);
        }
    }
    Ok(())
}

fn parquet(paths: &[PathBuf]) -> Result<Labelled> {
    let mut named = Vec::new();
    for path in paths {
        let table = Table::open(&DataPath::from(path))?;
        for (row, fields) in table.columns(&COLUMNS)?.iter().enumerate() {
            let class = COLUMNS.iter().find_map(|column| match fields.get(column)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            });
            let wanted = "no text or number there; a Parquet file needs a column `name` or `label` with the class";
            let class = class.ok_or_else(|| fields.error(COLUMNS[0], wanted))?;
            let file = Arc::clone(&table);
            named.push((
                Image::Parquet { file, row },
                format!("row {row} of {}", path.display()),
                class,
            ));
        }
    }
    let place: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    Labelled::of(place.join(", "), named)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, which hold nothing.
    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            fs::write(path, "").expect("a file");
        }
        root
    }

    fn refused(files: &[&str]) -> String {
        Labelled::read(tree(files).path()).expect_err("refused").to_string()
    }

    #[test]
    fn a_folder_is_a_class() {
        let root = tree(&[
            "b/2.PNG",
            "b/deep/1.jpg",
            "a/x.webp",
            "a/notes.txt",
            "a/.hidden.png",
            ".git/x.png",
            "top.png",
        ]);
        let found = Labelled::read(root.path()).expect("it is read");
        assert_eq!(found.classes, ["a", "b"]);
        let classes: Vec<usize> = found.pictures.iter().map(|picture| picture.class).collect();
        assert_eq!(classes, [0, 1, 1]);
    }

    #[test]
    fn what_cannot_be_probed_is_named() {
        for (files, words) in [
            (&["a/1.png", "b/notes.txt"][..], ["/b: ", "no pictures"]),
            (&["a/1.png"], ["one class, `a`", "at least two"]),
            (&["1.png"], ["no class", "its own folder"]),
        ] {
            let error = refused(files);
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
        let error = Labelled::read(Path::new("/no/such/folder"))
            .expect_err("refused")
            .to_string();
        assert!(
            error.starts_with("/no/such/folder: ") && error.contains("path"),
            "{error}"
        );
        let file = tree(&["a.txt"]);
        let error = Labelled::read(&file.path().join("a.txt"))
            .expect_err("refused")
            .to_string();
        assert!(error.contains("a.txt") && error.contains("Parquet"), "{error}");
    }

    #[test]
    fn parts_need_the_same_classes() {
        let [two, three] = [&["a/1.png", "b/1.png"][..], &["a/1.png", "b/1.png", "c/1.png"]]
            .map(|files| Labelled::read(tree(files).path()).expect("it is read"));
        assert!(check_pair(&two, &two).is_ok());
        for (train, val) in [(&three, &two), (&two, &three)] {
            let error = check_pair(train, val).expect_err("refused").to_string();
            assert!(error.starts_with(&two.place) && error.contains("`c`"), "{error}");
        }
    }

    #[test]
    fn fewer_pictures_are_some_of_more() {
        let files: Vec<String> = (0..30).map(|at| format!("{}/{at}.png", ["a", "b"][at % 2])).collect();
        let all =
            Labelled::read(tree(&files.iter().map(String::as_str).collect::<Vec<_>>()).path()).expect("it is read");
        let names = |per_class| {
            let mut kept = all.clone();
            kept.keep(per_class);
            kept.pictures
                .into_iter()
                .map(|picture| picture.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(99).len(), 30);
        let (few, more) = (names(4), names(7));
        assert_eq!((few.len(), more.len()), (8, 14));
        assert!(few.iter().all(|name| more.contains(name)));
    }
}
