//! Parses and validates every WGSL file in `shaders/` when the crate is built. A broken shader
//! never reaches a GPU.
use std::path::{Path, PathBuf};

fn main() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shaders");
    println!("cargo::rerun-if-changed={}", dir.display());
    for path in shaders(&dir) {
        println!("cargo::rerun-if-changed={}", path.display());
        if let Err(message) = validate(&path) {
            println!("cargo::error={}: {message}", path.display());
        }
    }
}

fn shaders(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "wgsl"))
        .collect()
}

fn validate(path: &Path) -> Result<(), String> {
    use naga::valid::{Capabilities, ValidationFlags, Validator};
    let source = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let module = naga::front::wgsl::parse_str(&source).map_err(|e| e.emit_to_string(&source))?;
    // `unpack2x16float` is part of WebGPU itself, though naga counts it as a capability.
    let capabilities = Capabilities::default() | Capabilities::SHADER_FLOAT16_IN_FLOAT32;
    Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .map(|_| ())
        .map_err(|e| e.emit_to_string(&source))
}
