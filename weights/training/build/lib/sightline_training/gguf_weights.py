"""SmolLM2 from its GGUF file: de-quantised tensors under the file's own names, and a tokenizer from its vocabulary."""

from pathlib import Path

import numpy as np
import torch

VOCABULARY = 49_152
CONTROL_TOKEN = 3  # llama.cpp's token type for control tokens


def _reader(path: Path):
    from gguf.gguf_reader import GGUFReader

    return GGUFReader(str(path))


def load_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Every tensor de-quantised to float32, keys and row order as in the file (`blk.0.attn_q.weight`, ...)."""
    from gguf.quants import dequantize

    return {
        t.name: torch.from_numpy(np.array(dequantize(t.data, t.tensor_type), dtype=np.float32))
        for t in _reader(path).tensors
    }


def build_tokenizer(path: Path):
    """`tokenizers.Tokenizer` with the file's vocabulary and merges; control tokens are special tokens.

    Pre-tokenisation as SmolLM2 publishes it: every digit alone, then GPT-2's byte-level pattern.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    fields = _reader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(m.split(" ", 1)) for m in fields["tokenizer.ggml.merges"].contents()]
    model = models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = [t for t, kind in zip(tokens, types, strict=True) if kind == CONTROL_TOKEN]
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in control])
    return tokenizer


def transformers_state(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same weights under transformers' Llama names; q and k rows go from rotary pairs (2i, 2i+1) to halves."""
    names = {
        "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    }  # fmt: skip
    out = {}
    for key, value in tensors.items():
        parts = key.split(".")
        if parts[0] == "token_embd":
            out["model.embed_tokens.weight"] = value
        elif parts[0] == "output_norm":
            out["model.norm.weight"] = value
        elif parts[0] == "blk":
            if parts[2] in ("attn_q", "attn_k"):
                heads = value.shape[0] // 64
                value = value.reshape(heads, 32, 2, -1).transpose(1, 2).reshape(value.shape)
            out[f"model.layers.{parts[1]}.{names[parts[2]]}.weight"] = value
    return out
