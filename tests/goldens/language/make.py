"""Golden logits and answers of SmolLM2-135M-Instruct: transformers in f32 on the de-quantised GGUF weights.

    python tests/goldens/language/make.py --gguf FILE

Writes `forced.safetensors` (512 forced tokens of `passage.txt`), `chats.json` (eight greedy answers) and
`sequence.safetensors` (sequence.py: visual tokens and adapters).
"""

import argparse
import copy
import json
import sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import sequence  # noqa: E402

import common  # noqa: E402
import gguf_reference  # noqa: E402

LENGTH = 512
COLUMNS = 64
ROWS = range(63, LENGTH, 64)  # positions whose hidden states are summed up
FULL_ROWS = range(127, LENGTH, 128)  # positions stored with all their logits
ANSWER = 40
STOP = 2
QUESTIONS = [
    "What is the capital of France?",
    "Name three primary colours.",
    "Is a goldfish a fish? Answer yes or no.",
    "Write one sentence about the sea.",
    "What is 2 + 3?",
    "Translate 'good morning' into French.",
    "Why is the sky blue?",
    "Repeat the numbers [0.10, 0.20, 0.50, 0.60].",
]


def forced(model, tokenizer) -> None:
    text = (HERE / "passage.txt").read_text(encoding="utf-8")
    ids = ([1] + tokenizer.encode(text, add_special_tokens=False).ids)[:LENGTH]
    if len(ids) < LENGTH:
        raise ValueError(f"the passage gives {len(ids)} tokens")
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_hidden_states=True, use_cache=False)
        # Module.double: transformers' own refuses, since the weights came from a quantized file
        double = torch.nn.Module.double(copy.deepcopy(model))(torch.tensor([ids]), use_cache=False).logits[0].numpy()
    logits = out.logits[0].double().numpy()
    vocabulary = logits.shape[1]
    top = np.sort(logits, axis=1)[:, -2:]
    following = np.array(ids[1:])
    right = (logits[:-1].argmax(axis=1) == following).mean()
    loss = np.log(np.exp(logits[:-1]).sum(axis=1)) - logits[np.arange(LENGTH - 1), following]
    print(f"next token right {right:.1%}, loss {loss.mean():.3f}, smallest lead of top-1 {np.diff(top).min():.4f}")
    same = (double.argmax(1) == logits.argmax(1)).mean()
    cosines = [common.cosine(a, b) for a, b in zip(double, logits, strict=True)]
    print(f"against f64: max abs {np.abs(double - logits).max():.1e}, top-1 {same:.2%}, cosine {min(cosines):.9f}")
    columns = (2 * np.arange(COLUMNS) + 1) * vocabulary // (2 * COLUMNS)
    # [layers + 1, kept rows, width]: the embedding, then each block's output (transformers: the
    # last after the norm)
    hidden = torch.stack(out.hidden_states)[:, 0, list(ROWS)].double().numpy()
    probe = common.hash_vec(hidden.shape[2], common.fnv1a("probe"), 2.0).astype(np.float64)
    tensors = {
        "ids": np.array(ids, dtype=np.int32),
        "top1": logits.argmax(axis=1).astype(np.int32),
        "lead": np.diff(top)[:, 0].astype(np.float32),
        "columns": columns.astype(np.int32),
        "logits": logits[:, columns].astype(np.float32),
        "l2": np.sqrt((logits**2).sum(axis=1)).astype(np.float32),
        "mean": logits.mean(axis=1).astype(np.float32),
        "full.rows": np.array(FULL_ROWS, dtype=np.int32),
        "full": logits[list(FULL_ROWS)].astype(np.float16),
        "hidden.rows": np.array(ROWS, dtype=np.int32),
        "hidden.l2": np.sqrt((hidden**2).sum(axis=2)).astype(np.float32),
        "hidden.probe": (hidden @ probe).astype(np.float32),
    }
    common.save(HERE / "forced.safetensors", tensors, {"case": "language/forced", "model": gguf_reference.MODEL})


def chats(model, tokenizer) -> None:
    """Greedy answers, at most 40 tokens, the stop token kept where it came."""
    rows = []
    for question in QUESTIONS:
        text = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
        prompt = tokenizer.encode(text, add_special_tokens=False).ids
        ids, leads = list(prompt), []
        with torch.no_grad():
            while len(ids) - len(prompt) < ANSWER and (ids == prompt or ids[-1] != STOP):
                best = model(torch.tensor([ids]), use_cache=False).logits[0, -1].topk(2)
                leads.append(float(best.values[0] - best.values[1]))
                ids.append(int(best.indices[0]))
        answer = ids[len(prompt) :]
        said = tokenizer.decode(answer, skip_special_tokens=False)
        print(f"{question} -> {said!r} (smallest lead {min(leads):.3f})")
        rows.append(
            {"question": question, "prompt": prompt, "answer": answer, "text": said, "lead": round(min(leads), 3)}
        )
    lines = ",\n".join(json.dumps(row) for row in rows)
    (HERE / "chats.json").write_text(f"[\n{lines}\n]\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gguf", type=Path, required=True)
    gguf = parser.parse_args().gguf
    torch.set_num_threads(1)  # the order of sums, hence the last bits, depends on it
    model, tokenizer = gguf_reference.model(gguf), gguf_reference.tokenizer(gguf)
    forced(model, tokenizer)
    chats(model, tokenizer)
    sequence.make(model, tokenizer)


if __name__ == "__main__":
    main()
