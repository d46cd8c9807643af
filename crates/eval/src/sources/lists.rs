//! Our own tasks: item lists that are frozen, each tied by hash to the data file that it was made
//! from (`lists/make.py`).

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::data::DataPath;
use super::frozen::hex;
use super::image::{Image, Pictures};
use super::mosaic::{Composition, Tile};
use super::parquet::Table;
use crate::answers::fields::{At, Fields, InputError, Place};
use crate::benchmarks::row::{Folder, Question};

/// The questions of a task whose list is frozen.
pub(crate) fn questions(folder: &Folder) -> Result<Vec<Question>, InputError> {
    let Some(list) = &folder.task.list else {
        return Ok(Vec::new());
    };
    let (file, items) = read(list.name, list.text)?;
    let path = folder.file(&file.name)?;
    verify(&path, &file.sha256)?;
    let table = Table::open(&path)?;
    let compositions = list.mosaics.map(compositions).transpose()?;
    let question = |item: &Fields| {
        let (image, image_key) = match &compositions {
            None => {
                let row = need(item, "row")?;
                (
                    Image::Parquet {
                        file: Arc::clone(&table),
                        row,
                    },
                    format!("{}#{row}", file.name),
                )
            }
            Some(known) => {
                let number = need(item, "mosaic")?;
                let composition = known
                    .get(&number)
                    .ok_or_else(|| item.error("mosaic", "not in the list"))?;
                let (pictures, composition) = (Pictures::Rows(Arc::clone(&table)), Arc::clone(composition));
                (Image::Mosaic { pictures, composition }, format!("mosaic#{number}"))
            }
        };
        let known = list
            .gold
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), item.get(name)?.clone())));
        Ok(Question {
            id: item.text("id")?.to_owned(),
            image,
            image_key,
            image_sha256: None,
            options: Vec::new(),
            prompt: item.text("question")?.to_owned(),
            gold: known.collect(),
        })
    };
    items.iter().map(question).collect()
}

/// The data file that a list was made from.
struct DataFile {
    name: String,
    sha256: String,
}

/// Head and items of a list.
fn read(name: &str, text: &str) -> Result<(DataFile, Vec<Fields>), InputError> {
    let place = Place::file(name);
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let place = place.at(At::Line(at + 1));
        let map: Map<String, Value> =
            serde_json::from_str(line).map_err(|error| InputError::new(&place, format!("no JSON object ({error})")))?;
        lines.push(Fields { map, place });
    }
    let broken = || InputError::new(&place, "no head with the hash of one data file");
    if lines.is_empty() {
        return Err(broken());
    }
    let items = lines.split_off(1);
    let files = lines[0].maybe_object("files")?.ok_or_else(broken)?;
    let (name, hash) = files.map.iter().next().ok_or_else(broken)?;
    let file = DataFile {
        name: name.clone(),
        sha256: hash.as_str().ok_or_else(broken)?.to_owned(),
    };
    Ok((file, items))
}

fn need(item: &Fields, name: &str) -> Result<usize, InputError> {
    item.maybe_count(name)?.ok_or_else(|| item.error(name, "missing"))
}

/// Mosaics by their number.
fn compositions(text: &str) -> Result<HashMap<usize, Arc<Composition>>, InputError> {
    let (_, items) = read("mosaics", text)?;
    let mut out = HashMap::new();
    for item in items {
        let wrong = || item.error("tiles", "not the nine numbers of a tile");
        let tile = |value: &Value| {
            let numbers: Option<Vec<f64>> = value.as_array()?.iter().map(Value::as_f64).collect();
            let [row, x0, y0, x1, y1, x, y, width, height] = numbers?.try_into().ok()?;
            Some(Tile {
                row: row as usize,
                rect: [x0, y0, x1, y1].map(|edge| edge as usize),
                window: [x, y, width, height],
            })
        };
        let tiles = item
            .list("tiles", "tiles")?
            .iter()
            .map(|value| tile(value).ok_or_else(wrong));
        let tiles = tiles.collect::<Result<_, _>>()?;
        out.insert(need(&item, "mosaic")?, Arc::new(Composition { tiles }));
    }
    Ok(out)
}

/// Whether a data file is the one that a list was made from.
pub(crate) fn verify(path: &DataPath, sha256: &str) -> Result<(), InputError> {
    let place = Place::file(&path.display().to_string());
    let cannot = |error| InputError::new(&place, format!("cannot be read ({error})"));
    let mut hash = Sha256::new();
    let mut file = path.stream().map_err(cannot)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = std::io::Read::read(&mut file, &mut buffer).map_err(cannot)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
    }
    let found = hex(&hash.finalize());
    if found == sha256 {
        return Ok(());
    }
    let (found, wanted) = (&found[..12], &sha256[..12]);
    let problem = format!(
        "not the file that the task was frozen on (SHA-256 {found}.., wanted {wanted}..); get that one, or freeze a list of your own \
         with lists/make.py"
    );
    Err(InputError::new(&place, problem))
}
