"""Parity fixture for the Rust side, from the shipped weights: features and greedy answers in float32.

    python -m sightline_training.parity --weights weights --gguf FILE --data DIR --out tests/goldens/pair

Ten held-out Caltech-101 pictures (CC BY 4.0) are stored as PNG; `features.safetensors` holds, per arm, the first eight tokens
`[10, 8, 384]`, the norm of every token `[10, 196]` and the mean token `[10, 384]`; `answers.json` ten questions per arm with
the greedy answer, its ids and the smallest gap between the best and the second-best logit on the way; `blind.json` the same
questions answered by the blind run's adapters without a picture.
"""

import argparse
import io
import json
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save_file

from .bundle import ShippedArm
from .context import load_recipe
from .data.sources import letterbox, read_rows
from .encoders import PAIR
from .export import part, read_bundle
from .gguf_weights import build_tokenizer, load_tensors
from .manifest import BLIND_ID, MODEL_IDS
from .probes import to_pixels
from .prompt import BOS, TEXT_START, Prompter
from .smollm import SmolLM

QUESTIONS = [
    "What is the main object in the image?",
    "Is there an airplane in the image?",
    "Where is the cougar?",
    "What's this?",
    "What is the object in the region [0.10, 0.20, 0.90, 0.80]?",
    "how many boats",
    "Describe the image in one sentence.",
    "What does the sign say?",
    "What color is the stapler?",
    "Is the flower on water or on land?",
]
MAX_NEW = 28


def choose_pictures(data: Path, count: int = 10) -> list[tuple[str, Image.Image]]:
    """Held-out pictures of ten evenly spaced categories, the smallest file of each, none near a training picture."""
    excluded = set(load_recipe("evaluate")["excluded"]["caltech_val"])
    rows = [(i, r) for i, r in enumerate(read_rows("caltech_val", data)) if i not in excluded]
    chosen = []
    for k in range(count):
        label = 5 + k * 10
        _, row = min(((i, r) for i, r in rows if r["label"] == label), key=lambda p: len(p[1]["image"]["bytes"]))
        name = row["image"]["path"].removesuffix(".jpg").replace("/", "-").lower()
        chosen.append((name, Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB")))
    return chosen


@torch.no_grad()
def greedy_with_gap(lm: SmolLM, adapters, prefix, prompts: list[list[int]]) -> list[tuple[list[int], float]]:
    """Greedy ids of every prompt and the smallest gap between the two best logits up to and with the stop token."""
    margins = []
    rows = lm.greedy(prefix, prompts, adapters, MAX_NEW, margins=margins, offset=TEXT_START)
    gaps = torch.stack(margins, 1)
    return [(ids, float(gaps[i, : len(ids) + 1].min())) for i, ids in enumerate(rows)]


def answer_row(model: str, question: str, found: tuple[list[int], float], prompter: Prompter) -> dict:
    ids, gap = found
    return {
        "model": model, "question": question, "answer": prompter.decode(ids), "ids": ids, "smallest_gap": round(gap, 4),
    }  # fmt: skip


def blind_answers(weights: Path, lm: SmolLM, prompter: Prompter) -> list[dict]:
    """The questions without a picture: beginning of text, then the prompt at the position it has behind one."""
    adapters = part(read_bundle(weights / BLIND_ID / "model.safetensors"), "adapters")
    prefix = lm.embedding[torch.full((len(QUESTIONS), 1), BOS)]
    found = greedy_with_gap(lm, adapters, prefix, [prompter.prompt(q) for q in QUESTIONS])
    return [answer_row(BLIND_ID, q, f, prompter) for q, f in zip(QUESTIONS, found, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("weights", "gguf", "data", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    pictures = choose_pictures(args.data)
    for name, image in pictures:
        image.save(args.out / f"{name}.png", optimize=True)
    canvases = torch.stack(
        [torch.frombuffer(bytearray(letterbox(im).tobytes()), dtype=torch.uint8) for _, im in pictures]
    )
    pixels = to_pixels(canvases.view(-1, 224, 224, 3).numpy(), "cpu", torch.float32)
    prompter, lm = Prompter(build_tokenizer(args.gguf)), SmolLM(load_tensors(args.gguf), torch.float32)
    features, answers = {}, []
    for arm in PAIR:
        shipped = ShippedArm(args.weights / MODEL_IDS[arm] / "model.safetensors", arm, "cpu", torch.float32)
        with torch.no_grad():
            tokens = shipped.encoder(pixels)
        features[f"{arm}.first_tokens"] = tokens[:, :8].contiguous()
        features[f"{arm}.token_norms"] = tokens.norm(dim=-1)
        features[f"{arm}.mean"] = tokens.mean(1)
        visual = shipped.visual_tokens(tokens)
        prefix = torch.cat([lm.embedding[torch.full((len(pictures), 1), BOS)], visual], 1)
        found = greedy_with_gap(lm, shipped.adapters, prefix, [prompter.prompt(q) for q in QUESTIONS])
        for (name, _), question, one in zip(pictures, QUESTIONS, found, strict=True):
            answers.append({"image": f"{name}.png"} | answer_row(MODEL_IDS[arm], question, one, prompter))
            print(answers[-1], flush=True)
    save_file(features, args.out / "features.safetensors", metadata={"images": json.dumps([n for n, _ in pictures])})
    (args.out / "features.safetensors").chmod(0o644)
    (args.out / "answers.json").write_text(json.dumps(answers, indent=1) + "\n")
    blind = blind_answers(args.weights, lm, prompter)
    (args.out / "blind.json").write_text(json.dumps(blind, indent=1) + "\n")


if __name__ == "__main__":
    main()
