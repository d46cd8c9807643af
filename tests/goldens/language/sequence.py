"""The whole sequence: BOS, 196 visual tokens, a question; with and without low-rank adapters.

The visual tokens and the adapters come from `hash_vec`; transformers runs in f32 on `inputs_embeds`, the adapters
merged into the de-quantised weights. Adapter rows are in the GGUF file's order (docs/model-format.md); transformers'
own loader code brings the rows of q and k into its order. `make.py` runs this.
"""

import copy
import sys
from pathlib import Path

import numpy as np
import torch
from transformers.modeling_gguf_pytorch_utils import LlamaTensorProcessor

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402

QUESTION = "Is there a goldfish in the image?"
VISUAL = 196
RANK, ALPHA = 16, 32
ANSWER = 24
STOP = 2
COLUMNS = 64
VISUAL_SCALE = 0.47  # the word embeddings' size
A_GAIN, B_SCALE = 3.5, 0.1
NAMES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def merge(model, file_order: bool = True) -> None:
    """Adds the adapters to the weights. `file_order=False` is the mistake of taking B's rows as transformers'."""
    loader = LlamaTensorProcessor()
    heads, kv_heads = model.config.num_attention_heads, model.config.num_key_value_heads
    for index, layer in enumerate(model.model.layers):
        for name, path in NAMES.items():
            linear = layer.get_submodule(path)
            key = f"adapters.blk.{index}.{name}"
            a = common.hashed(f"{key}.lora_a", (RANK, linear.in_features), A_GAIN / linear.in_features**0.5)
            b = common.hashed(f"{key}.lora_b", (linear.out_features, RANK), B_SCALE)
            if file_order and name in ("attn_q", "attn_k"):
                b = loader._reverse_permute_weights(b, heads, heads if name == "attn_q" else kv_heads)
            delta = torch.from_numpy(b.astype(np.float64) @ a.astype(np.float64)) * (ALPHA / RANK)
            linear.weight.data += delta.to(linear.weight.dtype)


def sequence(model, prompt: list[int]) -> torch.Tensor:
    """[1, 1 + 196 + prompt, 576] embeddings."""
    width = model.config.hidden_size
    visual = torch.from_numpy(common.hashed("multimodal.visual", (VISUAL, width), VISUAL_SCALE))
    words = model.get_input_embeddings()(torch.tensor([1, *prompt]))
    return torch.cat([words[:1], visual, words[1:]])[None]


@torch.no_grad()
def run(model, prompt: list[int]) -> tuple[np.ndarray, list[int], float]:
    """All logits of the sequence, the greedy answer, and its smallest lead."""
    embedded = sequence(model, prompt)
    logits = model(inputs_embeds=embedded, use_cache=False).logits[0].double().numpy()
    answer, leads, row = [], [], torch.from_numpy(logits[-1])
    while True:
        best = row.topk(2)
        leads.append(float(best.values[0] - best.values[1]))
        answer.append(int(best.indices[0]))
        if len(answer) == ANSWER or answer[-1] == STOP:
            return logits, answer, min(leads)
        embedded = torch.cat([embedded, model.get_input_embeddings()(torch.tensor([[answer[-1]]]))], dim=1)
        row = model(inputs_embeds=embedded, use_cache=False).logits[0, -1]


def make(plain, tokenizer) -> None:
    """Writes `sequence.safetensors` and prints how far plausible mistakes would be."""
    text = f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"
    prompt = tokenizer.encode(text, add_special_tokens=False).ids
    adapted, mistaken = copy.deepcopy(plain), copy.deepcopy(plain)
    merge(adapted)
    merge(mistaken, file_order=False)
    tensors, about = {}, {"case": "language/sequence", "question": QUESTION}
    seen = {}
    for name, model in {"plain": plain, "adapted": adapted}.items():
        logits, answer, lead = run(model, prompt)
        seen[name] = logits
        columns = (2 * np.arange(COLUMNS) + 1) * logits.shape[1] // (2 * COLUMNS)
        top = np.sort(logits, axis=1)[:, -2:]
        tensors |= {
            f"{name}.top1": logits.argmax(axis=1).astype(np.int32),
            f"{name}.lead": np.diff(top)[:, 0].astype(np.float32),
            f"{name}.logits": logits[:, columns].astype(np.float32),
            f"{name}.l2": np.sqrt((logits**2).sum(axis=1)).astype(np.float32),
            f"{name}.last": logits[-1].astype(np.float16),
            f"{name}.answer": np.array(answer, dtype=np.int32),
        }
        about[f"{name}.lead"] = round(lead, 3)
        print(f"{name}: {tokenizer.decode(answer, skip_special_tokens=False)!r}, smallest lead {lead:.3f}")
    tensors |= {"prompt": np.array(prompt, dtype=np.int32), "columns": columns.astype(np.int32)}
    common.save(HERE / "sequence.safetensors", tensors, about)

    def far(label: str, logits: np.ndarray, base: str) -> None:
        cosines = [common.cosine(x, y) for x, y in zip(logits, seen[base], strict=True)]
        same = (logits.argmax(1) == seen[base].argmax(1)).mean()
        print(f"| {label} | {np.mean(cosines):.5f} | {min(cosines):.5f} | {same:.1%} |")

    print("| mutant | mean logit cosine | least | top-1 equal |\n|---|---|---|---|")
    far("adapters left out", seen["plain"], "adapted")
    far("rows of q's and k's B taken in transformers' order", run(mistaken, prompt)[0], "adapted")
    with torch.no_grad():
        embedded = sequence(adapted, prompt)
        shifted = torch.cat([torch.arange(1), torch.arange(VISUAL + len(prompt))])[None]
        out = adapted(inputs_embeds=embedded, position_ids=shifted, use_cache=False).logits[0].double().numpy()
    far("BOS and the first visual token share position 0", out, "adapted")
