//! The checks of a manifest that its types do not make.

use super::{
    Adapters, Blind, Chat, Connector, LanguageModel, Manifest, ManifestError, Model, ModelFile, TemplateChoice,
    Transform, unique,
};

/// A field and what is wrong with it.
type Problem = (String, String);
type Checked = Result<(), Problem>;

/// Largest picture side, width, depth or rank in a manifest. It keeps every product far from
/// overflow.
const LARGEST: usize = 65_536;
/// Largest number of positions of a conversation.
const LARGEST_CAPACITY: usize = 1 << 20;

pub(super) fn check(file: &str, manifest: &Manifest) -> Result<(), ManifestError> {
    check_all(manifest).map_err(|(field, problem)| ManifestError::Field {
        file: file.into(),
        field,
        problem,
    })
}

fn check_all(manifest: &Manifest) -> Checked {
    let twice = |list: &str, id: &str| (list.to_string(), format!("the id `{id}` appears twice"));
    unique(manifest.language_models.iter().map(|m| m.id.as_str())).map_err(|id| twice("language_models", id))?;
    unique(manifest.models.iter().map(|m| m.id.as_str())).map_err(|id| twice("models", id))?;
    for (i, model) in manifest.language_models.iter().enumerate() {
        within(&format!("language_models[{i}]"), language_model(model))?;
    }
    for (i, model) in manifest.models.iter().enumerate() {
        within(&format!("models[{i}]"), row(model))?;
        within(&format!("models[{i}]"), resolves(manifest, &model.language_model))?;
    }
    if let Some(control) = &manifest.blind {
        within("blind", resolves(manifest, &control.language_model))?;
        within("blind", blind(control, capacity(manifest, &control.language_model)))?;
        require(manifest.models.iter().all(|m| m.id != control.id), "blind.id", || {
            format!("`{}` is a model's", control.id)
        })?;
    }
    Ok(())
}

fn resolves(manifest: &Manifest, language_model: &str) -> Checked {
    let known = manifest.language_models.iter().any(|m| m.id == language_model);
    require(known, "language_model", || {
        format!("`{language_model}` is not in language_models")
    })
}

/// Number of positions of a conversation with a language model.
fn capacity(manifest: &Manifest, language_model: &str) -> usize {
    let mut rows = manifest.language_models.iter();
    rows.find(|m| m.id == language_model).map_or(0, |m| m.chat.capacity)
}

fn within(outer: &str, inner: Checked) -> Checked {
    inner.map_err(|(field, problem)| (format!("{outer}.{field}"), problem))
}

fn require(ok: bool, field: &str, problem: impl FnOnce() -> String) -> Checked {
    if ok { Ok(()) } else { Err((field.into(), problem())) }
}

fn positive(value: usize, field: &str) -> Checked {
    require((1..=LARGEST).contains(&value), field, || {
        format!("is {value}, must be from 1 to {LARGEST}")
    })
}

fn language_model(model: &LanguageModel) -> Checked {
    id(&model.id)?;
    relative("file", &model.file)?;
    require(!model.file.contains('/'), "file", || {
        "must be a file name without a folder".into()
    })?;
    sized(model.bytes, &model.sha256)?;
    // Both become arguments of pip, and must not look like options or addresses.
    let plain = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
    };
    require(plain(&model.pypi.package), "pypi.package", || {
        "is not a package name".into()
    })?;
    require(plain(&model.pypi.version), "pypi.version", || "is not a version".into())?;
    relative("pypi.member", &model.pypi.member)?;
    within("chat", chat(&model.chat))
}

fn chat(chat: &Chat) -> Checked {
    require((1..=LARGEST_CAPACITY).contains(&chat.capacity), "capacity", || {
        format!("is {}, must be from 1 to {LARGEST_CAPACITY} positions", chat.capacity)
    })?;
    if let TemplateChoice::Own(template) = &chat.template {
        names("template.control", template.control.iter().map(AsRef::as_ref))?;
    }
    names("visual.control", chat.visual.control.iter().map(String::as_str))?;
    names("stop", chat.stop.iter().map(String::as_str))
}

/// Fails on a token without a name, or named twice.
fn names<'a>(field: &str, names: impl Iterator<Item = &'a str> + Clone) -> Checked {
    require(names.clone().all(|name| !name.is_empty()), field, || {
        "has a token without a name; leave it out".into()
    })?;
    unique(names).map_err(|name| (field.to_owned(), format!("has `{name}` twice; leave one out")))
}

fn row(model: &Model) -> Checked {
    id(&model.id)?;
    within("transform", transform(&model.transform))?;
    within("connector", connector(&model.connector))?;
    if let Some(config) = &model.adapters {
        within("adapters", adapters(config))?;
    }
    if let Some(head) = &model.dense_head {
        relative("dense_head.classes", &head.classes)?;
    }
    files(&model.files)?;
    unique(model.question_types.iter().map(|q| q.id.as_str()))
        .map_err(|id| ("question_types".to_string(), format!("the id `{id}` appears twice")))?;
    relative("licence", &model.licence)?;
    relative("card", &model.card)
}

/// `capacity`: number of positions of a conversation.
fn blind(blind: &Blind, capacity: usize) -> Checked {
    id(&blind.id)?;
    within("adapters", adapters(&blind.adapters))?;
    require((1..=capacity).contains(&blind.text_start), "text_start", || {
        format!(
            "is {}, must be from 1 to {capacity}, the language model's chat.capacity",
            blind.text_start
        )
    })?;
    files(&blind.files)
}

fn adapters(adapters: &Adapters) -> Checked {
    positive(adapters.rank, "rank")?;
    require(adapters.alpha.is_finite() && adapters.alpha > 0.0, "alpha", || {
        "must be positive".into()
    })
}

fn files(files: &[ModelFile]) -> Checked {
    require(!files.is_empty(), "files", || "names no file; a model needs one".into())?;
    for (i, file) in files.iter().enumerate() {
        let field = format!("files[{i}]");
        within(&field, relative("path", &file.path))?;
        within(&field, sized(file.bytes, &file.sha256))?;
    }
    Ok(())
}

fn transform(transform: &Transform) -> Checked {
    for side in transform.size {
        positive(side, "size")?;
    }
    require(transform.mean.iter().all(|v| v.is_finite()), "mean", || {
        "must be finite".into()
    })?;
    require(transform.std.iter().all(|v| v.is_finite() && *v > 0.0), "std", || {
        "must be positive".into()
    })
}

fn connector(connector: &Connector) -> Checked {
    require((1..=3).contains(&connector.layers), "layers", || {
        format!("is {}, must be from 1 to 3", connector.layers)
    })?;
    positive(connector.hidden, "hidden")?;
    for side in connector.positions.iter().flatten() {
        positive(*side, "positions")?;
    }
    Ok(())
}

fn id(id: &str) -> Checked {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    require(!id.is_empty() && id.chars().all(plain), "id", || {
        format!("`{id}` must consist of a-z, 0-9, `.`, `_` and `-`")
    })
}

fn sized(bytes: u64, sha256: &str) -> Checked {
    require(bytes > 0, "bytes", || "is 0".into())?;
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    require(sha256.len() == 64 && sha256.chars().all(hex), "sha256", || {
        format!("`{sha256}` is not 64 lower-case hex digits")
    })
}

/// Fails unless a path stays below its base folder, on every system.
fn relative(field: &str, path: &str) -> Checked {
    let part_ok = |part: &str| !part.is_empty() && part != "." && part != "..";
    let ok = path.split('/').all(part_ok) && !path.contains(['\\', ':', '\0']);
    require(ok, field, || {
        format!("`{path}` is not a relative path below the weights folder, written with `/`")
    })
}
