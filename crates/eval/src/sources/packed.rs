//! Official benchmarks repacked as Parquet (`tests/goldens/tasks/repack.py`): `ID.parquet` holds items, `ID-pictures.parquet` each picture
//! once. Items say their place in the official order, into which they are brought.

use std::sync::Arc;

use serde_json::Value;

use super::item::{Picture, Raw, id};
use super::parquet::Table;
use crate::answers::fields::{Fields, InputError};
use crate::benchmarks::row::Folder;

/// Items of a repacked benchmark, if it is there.
pub(crate) fn read(folder: &Folder) -> Result<Option<Vec<Raw>>, InputError> {
    let name = folder.task.id;
    let path = folder.root.join(format!("{name}.parquet"));
    if !path.exists() {
        return Ok(None);
    }
    let table = Table::open(&path)?;
    let pictures = Table::open(&folder.file(&format!("{name}-pictures.parquet"))?)?;
    let rows = table.columns(&["order", "id", "text", "picture", "name", "gold"])?;
    let mut items: Vec<Option<Raw>> = rows.iter().map(|_| None).collect();
    for row in &rows {
        let order = count(row, "order")?;
        let place = items.get_mut(order).filter(|place| place.is_none());
        let problem = "not the places 0, 1, .. of the official order, each once; make the file again with repack.py";
        *place.ok_or_else(|| row.error("order", problem))? = Some(item(row, &pictures)?);
    }
    Ok(Some(items.into_iter().flatten().collect()))
}

fn item(row: &Fields, pictures: &Arc<Table>) -> Result<Raw, InputError> {
    let at = count(row, "picture")?;
    if at >= pictures.len() {
        return Err(row.error("picture", "beyond the file of pictures; make both again with repack.py"));
    }
    let gold = match serde_json::from_str(row.text("gold")?) {
        Ok(Value::Object(map)) => map,
        _ => return Err(row.error("gold", "not a JSON object; make the file again with repack.py")),
    };
    Ok(Raw {
        id: id(row, "id")?,
        text: row.text("text")?.to_owned(),
        picture: Picture::Row(Arc::clone(pictures), at, row.text("name")?.to_owned()),
        gold,
    })
}

fn count(row: &Fields, name: &str) -> Result<usize, InputError> {
    row.maybe_count(name)?
        .ok_or_else(|| row.error(name, "missing; make the file again with repack.py"))
}
