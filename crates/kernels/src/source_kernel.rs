//! Kernels whose source is written by hand, as CubeCL launches them.

use cubecl::ir::UIntKind;
use cubecl::ir::metadata::Info;
use cubecl::prelude::*;
use cubecl::{CubeKernel, PrecompiledSource};

/// A text that the device's driver compiles.
pub(crate) trait KernelSource: Send + Sync + 'static {
    /// The whole text. Its entry point is `main`.
    fn source(&self) -> String;

    /// What the text depends on: a kernel of the same id is compiled once.
    fn id(&self) -> KernelId;

    /// Its language, as CubeCL's compilers name it: a runtime that compiles to another refuses it.
    fn lang(&self) -> &'static str;
}

/// A source with the size of its cubes.
pub(crate) struct SourceKernel<K> {
    source: K,
    dim: CubeDim,
}

impl<K: KernelSource> SourceKernel<K> {
    pub(crate) fn new(source: K, dim: CubeDim) -> Self {
        Self { source, dim }
    }
}

impl<K: KernelSource> CubeKernel for SourceKernel<K> {
    /// An empty kernel: the text stands in for what would be compiled.
    fn define(&self) -> KernelDefinition {
        let settings = KernelSettings::new(self.dim.0, ExecutionMode::Checked, AddressType::U32);
        KernelDefinition {
            body: Scope::root(settings.clone()),
            settings,
            info: Info::default(),
        }
    }

    fn source(&self) -> Option<PrecompiledSource> {
        Some(PrecompiledSource {
            source: self.source.source(),
            entrypoint_name: "main".to_owned(),
            lang: self.source.lang(),
        })
    }
}

impl<K: KernelSource> KernelMetadata for SourceKernel<K> {
    fn id(&self) -> KernelId {
        self.source.id()
    }

    fn address_type(&self) -> ElemType {
        UIntKind::U32.into()
    }
}
