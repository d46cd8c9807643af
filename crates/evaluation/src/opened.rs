//! Runs that someone opens to hold them beside others: a folder's files, a zip file, or answers
//! alone.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use sightline_eval::scorer::Record;
use zip::ZipArchive;

use crate::agreement::read_samples;
use crate::error::EvaluationError;
use crate::finished::FinishedRun;
use crate::run::names::{KEY, SAMPLES};
use crate::run::{KeyFile, RunKey};

/// Most bytes that are unpacked of a zip file.
const MAX_UNPACKED: u64 = 512 << 20;
/// How the name of a zip file ends.
const ZIP: &str = ".zip";

/// A file and its bytes.
pub type Named = (String, Vec<u8>);

/// A run that was opened.
#[derive(Clone, Debug)]
pub struct OpenedRun {
    /// Its folder among what was opened; that of the whole run where it is a part.
    pub folder: PathBuf,
    /// What decided its answers; none of answers alone.
    pub key: Option<RunKey>,
    /// Answers, in the order of the file.
    pub records: Vec<Record>,
}

/// Whether a file is needed to hold runs beside others.
pub fn is_wanted(path: &str) -> bool {
    let name = Path::new(path).file_name().unwrap_or_default();
    name == KEY || name == SAMPLES || is_zip(path)
}

fn is_zip(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with(ZIP)
}

/// The runs among files. A file that is the only one may have any name: it holds answers.
///
/// # Errors
/// Files that hold no run, or a damaged one.
pub fn runs(files: Vec<Named>) -> Result<Vec<OpenedRun>, EvaluationError> {
    let alone = files.len() == 1;
    let mut unpacked = Vec::new();
    for (path, bytes) in files {
        match is_zip(&path) {
            true => unpacked.extend(unpack(&path, bytes)?),
            false => unpacked.push((path, bytes)),
        }
    }
    let mut runs: Vec<OpenedRun> = Vec::new();
    for (path, bytes) in &unpacked {
        let path = Path::new(path);
        if path.file_name() != Some(SAMPLES.as_ref()) && !(alone && unpacked.len() == 1) {
            continue;
        }
        add(&mut runs, opened(path, bytes, &unpacked)?);
    }
    if runs.is_empty() {
        let problem = format!("there is no {SAMPLES} in it; open the folder of a run, or one with runs");
        return Err(EvaluationError::Unusable(problem));
    }
    Ok(runs)
}

/// The run of a file of answers, with the key that lies beside it.
fn opened(path: &Path, bytes: &[u8], files: &[Named]) -> Result<OpenedRun, EvaluationError> {
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let beside = folder.join(KEY);
    let key = files.iter().find(|(path, _)| Path::new(path) == beside);
    let key = key.map(|(_, bytes)| KeyFile::parse(&beside, bytes)).transpose()?;
    let part = key.as_ref().and_then(|key| key.shard).map(|shard| shard.folder());
    Ok(OpenedRun {
        records: read_samples(&path.display().to_string(), bytes)?,
        key: key.map(|key| key.fields),
        folder: match part {
            Some(part) if folder.file_name() == Some(part.as_ref()) => folder.parent().unwrap_or(&folder).to_owned(),
            _ => folder,
        },
    })
}

/// Adds a run. Parts of one run are the run, or as much of it as was opened.
fn add(runs: &mut Vec<OpenedRun>, run: OpenedRun) {
    let other = |there: &&mut OpenedRun| there.folder == run.folder && there.key == run.key;
    match runs.iter_mut().find(other) {
        Some(there) => there.records.extend(run.records),
        None => runs.push(run),
    }
}

/// The files of a zip file that are needed, with their paths in it.
fn unpack(name: &str, bytes: Vec<u8>) -> Result<Vec<Named>, EvaluationError> {
    let cannot = |error: &dyn std::fmt::Display| {
        EvaluationError::Unusable(format!("{name} cannot be unpacked ({error}); pack the runs again"))
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| cannot(&error))?;
    let mut files = Vec::new();
    let mut rest = MAX_UNPACKED;
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(|error| cannot(&error))?;
        let path = file.name().map_err(|error| cannot(&error))?.into_owned();
        if !is_wanted(&path) || is_zip(&path) {
            continue;
        }
        let mut bytes = Vec::new();
        // One byte more than is left says that there is more.
        let read = file
            .take(rest + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| cannot(&error))?;
        rest = rest
            .checked_sub(read as u64)
            .ok_or_else(|| cannot(&format!("more than {} MB of answers", MAX_UNPACKED >> 20)))?;
        files.push((path, bytes));
    }
    Ok(files)
}

impl OpenedRun {
    /// The last part of its folder's name: who answered; empty of answers alone.
    pub fn who(&self) -> String {
        self.folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// Which of our runs it belongs beside: the one of the same task and name, or of the same task,
    /// model files and pictures; none where there is none.
    pub fn counterpart<'a>(&self, ours: impl IntoIterator<Item = &'a FinishedRun>) -> Option<&'a FinishedRun> {
        let key = self.key.as_ref()?;
        let same: Vec<&FinishedRun> = ours.into_iter().filter(|run| run.key.task == key.task).collect();
        let named = same.iter().find(|run| run.name() == self.who());
        let alike = |run: &&&FinishedRun| (&run.key.model, &run.key.generation) == (&key.model, &key.generation);
        named.or_else(|| same.iter().find(alike)).copied()
    }
}

#[cfg(test)]
mod tests {
    use pollster::FutureExt as _;
    use sightline_eval::scorer::Outcome;

    use super::*;
    use crate::export::zip;
    use crate::run::disk::{Disk, Memory};
    use crate::run::{Item, Items, Shard, lines};

    fn key() -> RunKey {
        let items = [Item {
            id: "a".to_owned(),
            image_sha256: None,
        }];
        RunKey {
            model: [("model.safetensors".to_owned(), "1".to_owned())].into(),
            transform: "letterbox".to_owned(),
            task: "task".to_owned(),
            task_version: "1".to_owned(),
            prompt: "none".to_owned(),
            generation: [("pictures".to_owned(), "own".to_owned())].into(),
            scoring: "text".to_owned(),
            dtype: "f32".to_owned(),
            backend: "cpu".to_owned(),
            kernels: "1".to_owned(),
            batch_size: 1,
            items: Items::of(&items).expect("items"),
            order: None,
            questions: None,
        }
    }

    fn key_json(shard: Option<Shard>) -> Vec<u8> {
        serde_json::to_vec(&KeyFile::new(&key(), shard, None)).expect("JSON")
    }

    fn samples(id: &str) -> Vec<u8> {
        let record = Record {
            index: 0,
            id: id.to_owned(),
            key: String::new(),
            image: None,
            outcome: Outcome::Text("yes".to_owned()),
            margin: None,
        };
        lines(&[record]).into_bytes()
    }

    fn named(path: &str, bytes: Vec<u8>) -> Named {
        (path.to_owned(), bytes)
    }

    #[test]
    fn a_folder_of_runs_a_part_of_one_and_answers_alone() {
        let found = runs(vec![
            named("task/one/samples.jsonl", samples("a")),
            named("task/one/key.json", key_json(None)),
            named("task/two/shard-0-of-2/samples.jsonl", samples("a")),
            named(
                "task/two/shard-0-of-2/key.json",
                key_json(Some(Shard::new(0, 2).expect("a part"))),
            ),
            named("task/notes.txt", b"hello".to_vec()),
        ])
        .expect("runs");
        let told: Vec<(String, bool)> = found.iter().map(|run| (run.who(), run.key == Some(key()))).collect();
        assert_eq!(told, [("one".to_owned(), true), ("two".to_owned(), true)]);

        let alone = runs(vec![named("answers of mine.txt", samples("a"))]).expect("answers");
        assert_eq!(
            (alone[0].who(), alone[0].key.is_none(), alone[0].records.len()),
            (String::new(), true, 1)
        );
    }

    #[test]
    fn a_zip_file_is_what_was_packed() {
        let disk = Memory::default();
        for (name, bytes) in [(KEY, key_json(None)), (SAMPLES, samples("a"))] {
            let path = Path::new("runs/task/one").join(name);
            disk.write(&path, &bytes).block_on().expect("written");
        }
        let packed = zip(&disk, &[PathBuf::from("runs/task/one")])
            .block_on()
            .expect("a zip file");
        let found = runs(vec![named("sightline-runs.ZIP", packed.clone())]).expect("runs");
        assert_eq!((found[0].who(), found[0].key.clone()), ("one".to_owned(), Some(key())));

        let cut = runs(vec![named("sightline-runs.zip", packed[..packed.len() / 2].to_vec())]).unwrap_err();
        assert!(
            cut.to_string().starts_with("sightline-runs.zip cannot be unpacked"),
            "{cut}"
        );
    }

    #[test]
    fn what_holds_no_run_is_told() {
        let two = vec![named("a.txt", Vec::new()), named("b.txt", Vec::new())];
        let error = runs(two).unwrap_err().to_string();
        assert!(error.contains("there is no samples.jsonl in it"), "{error}");
        let mut other = key_json(None);
        let at = other.windows(4).position(|four| four == b"task").expect("the task");
        other[at] = b'T';
        let error = runs(vec![named("a/samples.jsonl", samples("a")), named("a/key.json", other)]).unwrap_err();
        assert!(error.to_string().contains("a/key.json"), "{error}");
    }

    #[test]
    fn every_setting_that_differs_is_named() {
        let other = RunKey {
            backend: "cpu wasm".to_owned(),
            model: [("model.safetensors".to_owned(), "2".to_owned())].into(),
            ..key()
        };
        let told: Vec<String> = key().differences(&other).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                r#"backend is "cpu wasm" there and "cpu" here"#,
                r#"model.model.safetensors is "2" there and "1" here"#
            ]
        );
    }
}
