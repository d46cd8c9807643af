//! The templates that a manifest can name. A row is data, and compared byte for byte with the
//! published template (`tests/goldens/template`).

use std::borrow::Cow::Borrowed;

use sightline_checkpoint::manifest::{Around, Template};

const fn around(before: &'static str, after: &'static str) -> Around {
    Around {
        before: Borrowed(before),
        after: Borrowed(after),
    }
}

/// ChatML, without a system turn of its own.
const CHATML: Template = Template {
    control: Borrowed(&[Borrowed("<|im_start|>"), Borrowed("<|im_end|>")]),
    start: Borrowed(""),
    system: around("<|im_start|>system\n", "<|im_end|>\n"),
    user: around("<|im_start|>user\n", "<|im_end|>\n"),
    assistant: around("<|im_start|>assistant\n", "<|im_end|>\n"),
    answer: Borrowed("<|im_start|>assistant\n"),
    default_system: Borrowed(""),
    trim: false,
};

/// Vicuna 1.5, in FastChat `vicuna_v1.1`.
const VICUNA: Template = Template {
    control: Borrowed(&[Borrowed("<s>"), Borrowed("</s>")]),
    start: Borrowed("<s>"),
    system: around("", " "),
    user: around("USER: ", " "),
    assistant: around("ASSISTANT: ", "</s>"),
    answer: Borrowed("ASSISTANT:"),
    default_system: Borrowed(
        "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, \
         detailed, and polite answers to the user's questions.",
    ),
    trim: false,
};

/// Llama 3 Instruct.
const LLAMA_3: Template = Template {
    control: Borrowed(&[
        Borrowed("<|begin_of_text|>"),
        Borrowed("<|start_header_id|>"),
        Borrowed("<|end_header_id|>"),
        Borrowed("<|eot_id|>"),
    ]),
    start: Borrowed("<|begin_of_text|>"),
    system: around("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"),
    user: around("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
    assistant: around("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
    answer: Borrowed("<|start_header_id|>assistant<|end_header_id|>\n\n"),
    default_system: Borrowed(""),
    trim: true,
};

/// All templates, by name.
pub(crate) const TEMPLATES: &[(&str, Template)] = &[("chatml", CHATML), ("vicuna-v1.5", VICUNA), ("llama-3", LLAMA_3)];
