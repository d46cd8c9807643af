//! Launches hand-written WGSL from `shaders/`, on devices with [`crate::GpuInfo::wgsl`].

use cubecl::prelude::*;
use cubecl::server::{KernelArguments, MetadataBindingInfo};

use crate::device::Gpu;
use crate::source_kernel::{KernelSource, SourceKernel};
use crate::{Buffer, Result};

/// Largest number of cubes that WebGPU allows in one dimension.
const MAX_CUBES: usize = 65_535;

/// One shader file with values for its constants. The entry point is `main`; it finds its index
/// from `workgroup_id.x` and `.y`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shader {
    /// The operation.
    pub(crate) op: &'static str,
    /// The file.
    pub(crate) source: &'static str,
    /// The constants to replace, by name and WGSL literal. The file holds `const NAME: type =
    /// default;` for each.
    pub(crate) constants: Vec<(&'static str, String)>,
    /// Number of invocations in a workgroup, for the constant `THREADS`.
    pub(crate) threads: usize,
}

impl Shader {
    /// Launches at least `invocations`, with `buffers` bound from 0 on and `info` as the uniform
    /// behind them.
    pub(crate) fn launch(self, gpu: &Gpu, invocations: usize, buffers: &[&Buffer], info: &[u32]) -> Result<()> {
        let groups = invocations.div_ceil(self.threads).max(1);
        let rows = groups.div_ceil(MAX_CUBES);
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

    /// The file with its constants replaced.
    fn text(&self) -> String {
        let threads = ("THREADS", format!("{}u", self.threads));
        let mut text = String::with_capacity(self.source.len());
        for line in self.source.lines() {
            let replaced = self.constants.iter().chain([&threads]).find_map(|(name, value)| {
                let rest = line.strip_prefix("const ")?.strip_prefix(*name)?.strip_prefix(": ")?;
                let (kind, _) = rest.split_once(" = ")?;
                Some(format!("const {name}: {kind} = {value};"))
            });
            text.push_str(replaced.as_deref().unwrap_or(line));
            text.push('\n');
        }
        text
    }
}

impl KernelSource for Shader {
    fn source(&self) -> String {
        self.text()
    }

    fn id(&self) -> KernelId {
        // Compiled once per set of constants. Loops are bounded by sizes that the caller checked.
        KernelId::new::<Self>()
            .info((self.op, self.constants.clone(), self.threads))
            .mode(ExecutionMode::Unchecked)
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

#[cfg(test)]
mod tests {
    use super::Shader;

    #[test]
    fn constants_are_replaced_by_name() {
        let shader = Shader {
            op: "test",
            source: "const A: u32 = 1u; // one\nconst AB: bool = false;\nconst THREADS: u32 = 64u;\nfn a() {}",
            constants: vec![("A", "7u".into()), ("AB", "true".into())],
            threads: 32,
        };
        let expected = "const A: u32 = 7u;\nconst AB: bool = true;\nconst THREADS: u32 = 32u;\nfn a() {}\n";
        assert_eq!(shader.text(), expected);
    }
}
