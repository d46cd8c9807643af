//! `cargo xtask page --contents`: which crate how much of the engine's module comes from.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use wasmparser::{KnownCustom, Name, Parser, Payload};

use crate::setup::{self, Need};
use crate::wasm;

/// Rows shown by name; the rest is one row.
const SHOWN: usize = 18;

/// Builds the engine's module and prints the table, as Markdown.
pub(super) fn run() -> Result<bool> {
    setup::ensure(&[Need::WasmTarget])?;
    // As the linker wrote it: what follows takes the names away.
    let path = wasm::ENGINE.compile()?;
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let contents = read(&bytes).with_context(|| format!("cannot read {}", path.display()))?;
    print!("{}", table(&contents));
    Ok(true)
}

/// Bytes of a module.
#[derive(Debug, Default, PartialEq)]
struct Contents {
    /// Bytes of the code, by crate.
    code: BTreeMap<String, usize>,
    /// Bytes of constants: strings, tables, shaders.
    data: usize,
    /// Bytes of everything else, without names.
    rest: usize,
}

fn read(module: &[u8]) -> Result<Contents> {
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    let mut bodies = Vec::new();
    let mut imported = 0;
    let mut contents = Contents::default();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                contents.rest += section.range().len();
                for import in section.into_imports() {
                    imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::DataSection(section) => contents.data += section.range().len(),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(section) = section.as_known() {
                    for name in section {
                        if let Name::Function(map) = name? {
                            for entry in map {
                                let entry = entry?;
                                names.insert(entry.index, entry.name.to_owned());
                            }
                        }
                    }
                }
            }
            Payload::TypeSection(section) => contents.rest += section.range().len(),
            Payload::FunctionSection(section) => contents.rest += section.range().len(),
            Payload::ElementSection(section) => contents.rest += section.range().len(),
            Payload::ExportSection(section) => contents.rest += section.range().len(),
            _ => {}
        }
    }
    for (i, bytes) in bodies.into_iter().enumerate() {
        let name = names.get(&(imported + i as u32)).map_or("", String::as_str);
        *contents.code.entry(crate_of(name)).or_default() += bytes;
    }
    Ok(contents)
}

/// The crate that a function was written in. What is generic counts for the crate that wrote it,
/// not the one that uses it.
fn crate_of(mangled: &str) -> String {
    let plain = format!("{:#}", rustc_demangle::demangle(mangled));
    // `<a::B as c::D>::e` is a's; `<&T as c::D>::e`, `<[T] as c::D>::e` are c's.
    let mut text = plain.trim_start_matches(['<', '&', '(', '[', '*']);
    for word in ["mut ", "const ", "dyn ", "impl "] {
        text = text.strip_prefix(word).unwrap_or(text);
    }
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    let first = &text[..end];
    if text[end..].starts_with("::") && !first.is_empty() {
        return first.to_owned();
    }
    match plain.split_once(" as ") {
        Some((_, rest)) => crate_of(rest),
        None => "no name".to_owned(),
    }
}

fn table(contents: &Contents) -> String {
    let mut rows: Vec<(&str, usize)> = contents.code.iter().map(|(name, &n)| (name.as_str(), n)).collect();
    rows.sort_by_key(|&(_, bytes)| std::cmp::Reverse(bytes));
    let code: usize = rows.iter().map(|row| row.1).sum();
    let all = code + contents.data + contents.rest;
    let mut text = String::from("| part of the engine's module, before wasm-bindgen | kB | share |\n|---|---:|---:|\n");
    let mut row = |name: &str, bytes: usize| {
        let share = 100.0 * bytes as f64 / all.max(1) as f64;
        text += &format!("| {name} | {:.0} | {share:.1} % |\n", bytes as f64 / 1e3);
    };
    for (name, bytes) in rows.iter().take(SHOWN) {
        row(&format!("code of `{name}`"), *bytes);
    }
    if rows.len() > SHOWN {
        let others = rows[SHOWN..].iter().map(|row| row.1).sum();
        row(&format!("code of {} more crates", rows.len() - SHOWN), others);
    }
    row("constants: strings, tables, shaders", contents.data);
    row("types, imports, tables of functions", contents.rest);
    row("all", all);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_belong_to_who_wrote_them() {
        for (name, expected) in [
            ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core"),
            ("naga::valid::Validator::validate", "naga"),
            (
                "<&mut serde_json::Serializer as serde::ser::Serializer>::serialize",
                "serde_json",
            ),
            ("<[T] as alloc::slice::Concat>::concat", "alloc"),
            ("__wasm_call_ctors", "no name"),
        ] {
            assert_eq!(crate_of(name), expected, "{name}");
        }
    }

    #[test]
    fn a_module_is_read() -> Result<()> {
        // Nothing but its header.
        let empty = read(b"\0asm\x01\0\0\0")?;
        assert_eq!(empty, Contents::default());
        assert!(read(b"not wasm").is_err());
        Ok(())
    }
}
