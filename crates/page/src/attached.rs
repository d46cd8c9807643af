//! Files that go to the engine beside the next message: they are the browser's own objects, which
//! no message holds.

use std::cell::RefCell;

use js_sys::{Array, Reflect};
use wasm_bindgen::JsValue;
use web_sys::FileList;

thread_local! {
    static FILES: RefCell<Option<Array>> = const { RefCell::new(None) };
    /// Models that the visitor opened: every engine gets them.
    static MODELS: RefCell<Option<Array>> = const { RefCell::new(None) };
}

/// Has the files of a list go beside whatever `tell` sends. Gives `tell` their paths, without the
/// name of the folder that was opened.
pub(crate) fn with(files: &FileList, tell: impl FnOnce(Option<String>, Vec<String>)) {
    let (list, folder, paths) = listed(files);
    FILES.set(Some(list));
    tell(folder, paths);
    FILES.set(None);
}

/// Holds the files of a folder with models; gives its name, and their paths.
pub(crate) fn hold(files: &FileList) -> (String, Vec<String>) {
    let (list, folder, paths) = listed(files);
    MODELS.set(Some(list));
    (folder.unwrap_or_default(), paths)
}

/// Has the models that are held go beside the next message.
pub(crate) fn models() {
    FILES.set(MODELS.with_borrow(Clone::clone));
}

/// The files, the name of their folder, and their paths in it.
fn listed(files: &FileList) -> (Array, Option<String>, Vec<String>) {
    let list = Array::new();
    let mut paths = Vec::new();
    let mut folder = None;
    for file in (0..files.length()).filter_map(|at| files.get(at)) {
        let below = Reflect::get(&file, &"webkitRelativePath".into()).ok();
        let below = below.and_then(|path| path.as_string()).unwrap_or_default();
        paths.push(match below.split_once('/') {
            Some((name, path)) => {
                folder = Some(name.to_owned());
                path.to_owned()
            }
            None => file.name(),
        });
        list.push(&file);
    }
    (list, folder, paths)
}

/// The same for what the event "opened" of `www/folder.js` holds.
pub(crate) fn with_event(event: &JsValue, tell: impl FnOnce(String, Vec<String>)) {
    let detail = |name: &str| Reflect::get(&Reflect::get(event, &"detail".into()).ok()?, &name.into()).ok();
    let list = |name: &str| detail(name).map(|list| Array::from(&list)).unwrap_or_default();
    let name = detail("name").and_then(|name| name.as_string()).unwrap_or_default();
    let paths = list("paths").iter().filter_map(|path| path.as_string()).collect();
    FILES.set(Some(list("files")));
    tell(name, paths);
    FILES.set(None);
}

/// Puts the files into a message, if any wait.
pub(crate) fn put_into(message: &JsValue) {
    if let Some(files) = FILES.take() {
        let _ = Reflect::set(message, &"attached".into(), &files);
    }
}
