//! Hand-written WGSL, for devices with [`crate::GpuInfo::wgsl`]: the preprocessor that every shader
//! goes through, and the launch.
//!
//! A shader is a `.wgsl` file beside its operation. The preprocessor works by lines:
//!
//! | line | becomes |
//! |---|---|
//! | `const NAME: type = value;` | the same with the value of the call, if it gives one |
//! | `#import NAME` | the text that the call gives for the name, preprocessed as well |
//! | `#ifdef NAME` ... `#else` ... `#endif` | the part for a defined name, or the other |
//! | `@group(0) @binding(N) ...` | the same, numbered from 0 in the order of what is left |

use cubecl::prelude::*;
use cubecl::server::{KernelArguments, MetadataBindingInfo};

use crate::device::Gpu;
use crate::source_kernel::{KernelSource, SourceKernel};
use crate::{Buffer, Result};

/// Largest number of cubes that WebGPU allows in one dimension.
const MAX_CUBES: usize = 65_535;

/// The value of a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Constant {
    U32(usize),
    Bool(bool),
}

/// One shader with the values of a call. The entry point is `main`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shader {
    /// The operation.
    pub(crate) op: &'static str,
    /// The file.
    pub(crate) source: &'static str,
    /// Texts to import, by name.
    pub(crate) imports: Vec<(&'static str, &'static str)>,
    /// Names that `#ifdef` finds.
    pub(crate) defines: Vec<&'static str>,
    /// Constants to replace, by name.
    pub(crate) constants: Vec<(&'static str, Constant)>,
    /// Number of invocations in a workgroup, for the constant `THREADS`.
    pub(crate) threads: usize,
    /// Whether the driver checks indices. Without the check, the caller has checked all sizes.
    pub(crate) mode: ExecutionMode,
}

impl Shader {
    /// Launches `groups` workgroups, with `buffers` bound from 0 on and `info` behind them. A
    /// shader that may get more than 65,535 groups finds its index from `workgroup_id.x` and `.y`.
    pub(crate) fn launch(self, gpu: &Gpu, groups: usize, buffers: &[&Buffer], info: &[u32]) -> Result<()> {
        let rows = groups.div_ceil(MAX_CUBES).max(1);
        let count = CubeCount::Static(groups.div_ceil(rows) as u32, rows as u32, 1);
        let dim = CubeDim::new_1d(self.threads as u32);
        // A uniform's size is a multiple of 16 bytes.
        let words = info.len().next_multiple_of(4);
        let word = |i: usize| u64::from(info.get(i).copied().unwrap_or(0));
        let info = (0..words / 2).map(|i| word(2 * i) | word(2 * i + 1) << 32).collect();
        let mut arguments = KernelArguments::new().with_info(MetadataBindingInfo::custom(info));
        for buffer in buffers {
            arguments = arguments.with_buffer(buffer.handle(self.op)?.clone().binding());
        }
        gpu.launch()
            .launch(Box::new(SourceKernel::new(self, dim)), count, arguments);
        Ok(())
    }

    /// The preprocessed file, or what is wrong with it.
    fn text(&self) -> std::result::Result<String, String> {
        let mut text = Text {
            shader: self,
            out: String::with_capacity(self.source.len()),
            bindings: 0,
            replaced: vec![false; self.constants.len()],
        };
        text.add(self.source)?;
        match text.replaced.iter().position(|found| !found) {
            Some(at) => Err(format!("{}: no constant `{}`", self.op, self.constants[at].0)),
            None => Ok(text.out),
        }
    }
}

/// A file on its way through the preprocessor.
struct Text<'a> {
    shader: &'a Shader,
    out: String,
    /// Number of bindings so far.
    bindings: usize,
    /// For each constant of the call, whether the file has it.
    replaced: Vec<bool>,
}

impl Text<'_> {
    fn add(&mut self, source: &str) -> std::result::Result<(), String> {
        let op = self.shader.op;
        // Whether each of the open `#ifdef` keeps the present line.
        let mut open: Vec<bool> = Vec::new();
        for line in source.lines() {
            if let Some(name) = line.strip_prefix("#ifdef ") {
                open.push(self.shader.defines.contains(&name));
            } else if line == "#else" {
                let last = open.last_mut().ok_or_else(|| format!("{op}: #else without #ifdef"))?;
                *last = !*last;
            } else if line == "#endif" {
                open.pop().ok_or_else(|| format!("{op}: #endif without #ifdef"))?;
            } else if open.contains(&false) {
            } else if let Some(name) = line.strip_prefix("#import ") {
                let import = self.shader.imports.iter().find(|import| import.0 == name);
                let (_, text) = import.ok_or_else(|| format!("{op}: nothing to import as `{name}`"))?;
                self.add(text)?;
            } else if line.starts_with('#') {
                return Err(format!("{op}: `{line}` is no line of the preprocessor"));
            } else {
                self.line(line);
            }
        }
        if open.is_empty() {
            Ok(())
        } else {
            Err(format!("{op}: #ifdef without #endif"))
        }
    }

    fn line(&mut self, line: &str) {
        if let Some((name, kind)) = declared_constant(line)
            && let Some(value) = self.value(name)
        {
            self.out += &format!("const {name}: {kind} = {value};");
        } else if let Some((_, rest)) = line
            .strip_prefix("@group(0) @binding(")
            .and_then(|rest| rest.split_once(')'))
        {
            self.out += &format!("@group(0) @binding({}){rest}", self.bindings);
            self.bindings += 1;
        } else {
            self.out += line;
        }
        self.out.push('\n');
    }

    /// The value that the call gives to a constant.
    fn value(&mut self, name: &str) -> Option<String> {
        if name == "THREADS" {
            return Some(format!("{}u", self.shader.threads));
        }
        let at = self.shader.constants.iter().position(|constant| constant.0 == name)?;
        self.replaced[at] = true;
        Some(match self.shader.constants[at].1 {
            Constant::U32(value) => format!("{value}u"),
            Constant::Bool(value) => value.to_string(),
        })
    }
}

/// Name and type in `const NAME: type = value;`.
fn declared_constant(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("const ")?.split_once(": ")?;
    Some((name, rest.split_once(" = ")?.0))
}

impl KernelSource for Shader {
    fn source(&self) -> String {
        // Tests show that every variant is sound. The driver would refuse this text and show it.
        self.text().unwrap_or_else(|problem| problem)
    }

    fn id(&self) -> KernelId {
        let texts = self.imports.iter().map(|(_, text)| text.as_ptr() as usize);
        let imports: Vec<usize> = texts.collect();
        KernelId::new::<Self>()
            .info((
                self.op,
                imports,
                self.defines.clone(),
                self.constants.clone(),
                self.threads,
            ))
            .mode(self.mode)
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

#[cfg(test)]
impl Shader {
    /// Fails unless the preprocessed file is valid WGSL.
    pub(crate) fn validate(&self) {
        use naga::valid::{Capabilities, ValidationFlags, Validator};
        let text = self.text().unwrap_or_else(|problem| panic!("{problem}"));
        let module =
            naga::front::wgsl::parse_str(&text).unwrap_or_else(|e| panic!("{self:?}\n{}", e.emit_to_string(&text)));
        // `unpack2x16float` is part of WebGPU itself, though naga counts it as a capability.
        let capabilities = Capabilities::default() | Capabilities::SHADER_FLOAT16_IN_FLOAT32;
        Validator::new(ValidationFlags::all(), capabilities)
            .validate(&module)
            .unwrap_or_else(|e| panic!("{self:?}\n{}", e.emit_to_string(&text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shader(source: &'static str) -> Shader {
        Shader {
            op: "test",
            source,
            imports: vec![("part", "const B: bool = false;\n@group(0) @binding(7) var b;")],
            defines: vec!["ON"],
            constants: vec![("A", Constant::U32(7)), ("B", Constant::Bool(true))],
            threads: 32,
            mode: ExecutionMode::Checked,
        }
    }

    #[test]
    fn constants_imports_conditions_and_bindings() {
        let source = "const A: u32 = 1u; // one
const AB: bool = false;
const THREADS: u32 = 64u;
#ifdef ON
@group(0) @binding(3) var a;
#ifdef OFF
@group(0) @binding(4) var no;
#endif
#else
no
#endif
#import part
fn a() {}";
        let expected = "const A: u32 = 7u;
const AB: bool = false;
const THREADS: u32 = 32u;
@group(0) @binding(0) var a;
const B: bool = true;
@group(0) @binding(1) var b;
fn a() {}
";
        assert_eq!(shader(source).text().unwrap(), expected);
    }

    #[test]
    fn unsound_files_are_refused() {
        for (source, problem) in [
            ("#import part", "no constant `A`"),
            ("const A: u32 = 1u;\n#import other", "nothing to import as `other`"),
            ("#endif", "#endif without #ifdef"),
            ("#else", "#else without #ifdef"),
            ("#ifdef ON", "#ifdef without #endif"),
            ("#if ON", "is no line of the preprocessor"),
        ] {
            let found = shader(source).text().unwrap_err();
            assert!(found.contains(problem), "{source}: {found}");
        }
    }
}
