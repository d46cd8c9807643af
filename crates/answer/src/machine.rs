use serde::{Deserialize, Serialize};

/// What computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// What kind of device it is.
    pub backend: Backend,
    /// The adapter's own name; for the CPU, what it is.
    pub adapter: String,
    /// Whether the adapter is a GPU in software.
    pub software: bool,
    /// Arithmetic of the encoders.
    pub dtype: Dtype,
    /// Why not WebGPU, or why not half precision; a whole sentence.
    pub why: Option<String>,
    /// Another device that the visitor could ask for; [`Wish::Auto`] where asking again may find a
    /// GPU.
    #[serde(default)]
    pub other: Option<Wish>,
    /// Seconds until both models have answered a first short question, where that is known to be
    /// long.
    pub patience_s: Option<f64>,
}

/// What kind of device computes for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The browser's WebGPU.
    WebGpu,
    /// The processor.
    Cpu,
}

/// Arithmetic of the encoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dtype {
    /// 32-bit floats.
    F32,
    /// 16-bit products, 32-bit sums; only after a comparison with [`Dtype::F32`] on this machine.
    F16,
}

/// Which device the engine should use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// WebGPU where there is an adapter of real hardware, else the CPU.
    #[default]
    Auto,
    /// WebGPU wherever there is an adapter, also one in software.
    Gpu,
    /// The CPU.
    Cpu,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages that were saved, and the page's tests, have these words.
    #[test]
    fn words_of_messages_stay() {
        let words = [
            serde_json::to_string(&[Backend::WebGpu, Backend::Cpu]),
            serde_json::to_string(&[Dtype::F32, Dtype::F16]),
            serde_json::to_string(&[Wish::Auto, Wish::Gpu, Wish::Cpu]),
        ];
        assert_eq!(
            words.map(Result::unwrap_or_default),
            [r#"["webgpu","cpu"]"#, r#"["f32","f16"]"#, r#"["auto","gpu","cpu"]"#]
        );
    }
}
