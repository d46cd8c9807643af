"""Samples per second of an evaluation in PyTorch, one question at a time, as the paper's evaluation code asks them:
transformers' `generate` in bf16 behind our encoder, with the same weights, pictures and prompts as a run of
`sightline eval`.

    PYTHONPATH=weights/training python tests/peers/evaluate.py --run runs/imagenette/sightline-vmamba-tiny --data DATA \
        --weights weights --gguf SmolLM2-135M-Instruct.Q4_1.gguf --limit 64

Prints samples per second and how many answers equal the run's. Only tasks whose pictures are rows of Parquet files.
"""

import argparse
import io
import json
import time
from pathlib import Path

import torch
from PIL import Image
from sightline_training.bundle import ShippedArm
from sightline_training.data.sources import letterbox
from sightline_training.gguf_weights import build_tokenizer, load_tensors, transformers_state
from sightline_training.manifest import MODEL_IDS
from sightline_training.probes import to_pixels
from sightline_training.prompt import BOS, STOP, Prompter
from sightline_training.smollm import ADAPTER_SCALE

MAX_TOKENS = 128  # as the paper's evaluation


class Peer:
    """One arm in PyTorch; adapters are merged into the dense weights."""

    def __init__(self, arm: str, weights: Path, gguf: Path, device: str):
        from transformers import LlamaConfig, LlamaForCausalLM

        self.device, dtype = device, torch.bfloat16 if device == "cuda" else torch.float32
        self.dtype = dtype
        self.arm = ShippedArm(weights / MODEL_IDS[arm] / "model.safetensors", arm, device, dtype)
        self.prompter = Prompter(build_tokenizer(gguf))
        config = LlamaConfig(
            vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
            num_key_value_heads=3, rms_norm_eps=1e-5, rope_theta=100000.0, tie_word_embeddings=True,
            bos_token_id=BOS, eos_token_id=STOP, pad_token_id=STOP,
        )  # fmt: skip
        state = transformers_state(self.merged(load_tensors(gguf)))
        self.lm = LlamaForCausalLM(config)
        self.lm.load_state_dict(state, strict=False)
        self.lm = self.lm.to(device, dtype).eval()

    def merged(self, tensors: dict) -> dict:
        """The file's tensors plus the adapters' products."""
        adapters = {key: value.float().cpu() for key, value in self.arm.adapters.items()}
        for key in [k for k in adapters if k.endswith(".lora_a")]:
            name = key.removesuffix(".lora_a")
            product = adapters[name + ".lora_b"] @ adapters[key]
            tensors[name + ".weight"] = tensors[name + ".weight"] + ADAPTER_SCALE * product
        return tensors

    @torch.no_grad()
    def answer(self, picture: Image.Image, prompt: str) -> str:
        canvas = torch.frombuffer(bytearray(letterbox(picture).tobytes()), dtype=torch.uint8).view(1, 224, 224, 3)
        features = self.arm.encoder(to_pixels(canvas.numpy(), self.device, self.dtype))
        visual = self.arm.visual_tokens(features)
        embed = self.lm.get_input_embeddings()
        ids = lambda list_: torch.tensor([list_], device=self.device)  # noqa: E731
        x = torch.cat([embed(ids([BOS])), visual, embed(ids(self.prompter.prompt(prompt)))], 1)
        mask = torch.ones(x.shape[:2], dtype=torch.long, device=self.device)
        out = self.lm.generate(inputs_embeds=x, attention_mask=mask, max_new_tokens=MAX_TOKENS, do_sample=False)
        return self.prompter.decode([i for i in out[0].tolist() if i != STOP])


def read_run(run: Path, limit: int) -> list[dict]:
    """Questions of a finished run, with its answers."""
    lines = lambda name: [json.loads(line) for line in (run / name).read_text().splitlines()][:limit]  # noqa: E731
    answers = {r["id"]: r["outcome"].get("text") for r in lines("samples.jsonl")}
    return [q | {"answer": answers.get(q["id"])} for q in lines("questions.jsonl")]


def read_pictures(data: Path, keys: list[str]) -> dict[str, Image.Image]:
    """Pictures by `file#row`."""
    import pyarrow.parquet as pq

    tables, out = {}, {}
    for key in dict.fromkeys(keys):
        name, row = key.rsplit("#", 1)
        if name not in tables:
            tables[name] = pq.read_table(data / name, columns=["image"])["image"]
        out[key] = Image.open(io.BytesIO(tables[name][int(row)].as_py()["bytes"])).convert("RGB")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("run", "data", "weights", "gguf"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=64)
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    arm = "vmamba" if "vmamba" in args.run.name else "vit"
    questions = read_run(args.run, args.limit)
    pictures = read_pictures(args.data, [q["image_key"] for q in questions])
    peer = Peer(arm, args.weights, args.gguf, device)
    for q in questions[:2]:
        peer.answer(pictures[q["image_key"]], q["prompt"])  # warm-up
    start, equal = time.perf_counter(), 0
    for q in questions:
        equal += peer.answer(pictures[q["image_key"]], q["prompt"]) == q["answer"].strip()
    seconds = time.perf_counter() - start
    result = {"peer": f"transformers generate, batch 1, {peer.dtype}", "arm": arm, "samples": len(questions)}
    print(json.dumps(result | {"samples_per_second": len(questions) / seconds, "equal_answers": equal}))


if __name__ == "__main__":
    main()
