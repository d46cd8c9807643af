"""How far can pictures help on DAQUAR? A small classifier over its training answers reads the question and, in turn, nothing, the
tokens of either shipped encoder, or those of the ImageNet teacher. Its design was chosen among a few with test scores in sight
(README), so its numbers lean to the bright side; the last epoch is scored, whatever it gives.

    python -m sightline_training.daquar_probe --data PARQUET --weights weights --teacher teacher_f16.pth --out DIR

Minutes to an hour on a CPU, most of it for VMamba's features (kept in DIR). Prints a table and writes `daquar_probe.json`.
"""

import argparse
import io
import json
import re
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

from .bundle import ShippedArm
from .data.mentioned import MentionedObjects
from .data.questions import mirrored, tidy_daquar
from .data.sources import CANVAS, letterbox, read_rows
from .encoders import PAIR
from .manifest import MODEL_IDS
from .teacher import INPUT, load_teacher

LENGTH = 24  # words of a question
POOLED = 7  # tokens a side
WIDTH, WORD_WIDTH = 256, 160
EPOCHS, PICTURES, RATE = 40, 16, 1.5e-3
WEIGHT_PRESENCE = 10.0


def read_split(data: Path, split: str) -> tuple[list[Image.Image], list]:
    rows = read_rows(f"daquar_{split}", data)
    pictures = [Image.open(io.BytesIO(r["image"]["bytes"])).convert("RGB") for r in rows]
    return pictures, [[(q["question"], q["answers"]) for q in r["qa"]] for r in rows]


@torch.no_grad()
def encode(network, pictures: list[Image.Image], size: int, label: str) -> torch.Tensor:
    """Features of letterboxed pictures, pooled to 7x7 `[pictures, 49, width]` f16."""
    out, start = [], time.time()
    for i in range(0, len(pictures), 16):
        canvas = np.stack([np.asarray(letterbox(p, size)) for p in pictures[i : i + 16]])
        tokens = network((torch.from_numpy(canvas).float() - 127) / 128)
        side = round(tokens.shape[1] ** 0.5)
        grid = tokens.transpose(1, 2).unflatten(2, (side, side))
        out.append(F.adaptive_avg_pool2d(grid, POOLED).flatten(2).transpose(1, 2).half())
    print(f"{label}: {len(pictures)} pictures in {time.time() - start:.0f} s", flush=True)
    return torch.cat(out)


def networks(weights: Path, teacher: Path) -> dict:
    """name -> (function of pixels `[batch, size, size, 3]` giving tokens, size)"""

    def arm(name):
        return ShippedArm(weights / MODEL_IDS[name] / "model.safetensors", name, "cpu", torch.float32).encoder

    model = load_teacher(torch.load(teacher, map_location="cpu", weights_only=True))

    def classes(pixels):
        """The teacher's classes at every place of its last feature map."""
        grid = model.forward_features(pixels.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
        return model.classifier(grid)

    return {name: (arm(name), CANVAS) for name in PAIR} | {"teacher": (classes, INPUT)}


def features(args, splits: dict) -> dict:
    """name -> {"train", "mirrored", "test"} -> `[pictures, 49, width]`, kept in the output folder."""
    sources = {"train": splits["train"][0], "test": splits["test"][0]}
    sources["mirrored"] = [p.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for p in sources["train"]]
    found = {}
    for name, (network, size) in networks(args.weights, args.teacher).items():
        path = args.out / f"features_{name}.pt"
        if not path.exists():
            torch.save({k: encode(network, p, size, f"{name}, {k}") for k, p in sources.items()}, path)
        found[name] = torch.load(path, weights_only=True)
    return found


class Questions:
    """Words and answers of a split as numbers; vocabularies come from the training split."""

    def __init__(self, texts: list, of: "Questions | None" = None):
        asked = [(i, *tidy_daquar(*pair)) for i, pairs in enumerate(texts) for pair in pairs]
        if of is None:
            counts = Counter(w for _, q, _ in asked for w in self.words(q))
            self.vocabulary = {w: k + 1 for k, (w, c) in enumerate(counts.most_common()) if c >= 2}
            self.answers = {a: k for k, (a, _) in enumerate(Counter(a.lower() for *_, a in asked).most_common())}
        else:
            self.vocabulary, self.answers = of.vocabulary, of.answers
        self.picture = torch.tensor([i for i, *_ in asked])
        self.ids, self.answer = self.numbers([(q, a) for _, q, a in asked])
        self.mirrored_ids, self.mirrored_answer = self.numbers([(mirrored(q), mirrored(a)) for _, q, a in asked])

    @staticmethod
    def words(text: str) -> list[str]:
        return re.findall(r"[a-z0-9]+", text.lower())

    def numbers(self, pairs: list[tuple[str, str]]) -> tuple[torch.Tensor, torch.Tensor]:
        ids = torch.zeros(len(pairs), LENGTH, dtype=torch.long)
        for row, (question, _) in enumerate(pairs):
            known = [self.vocabulary.get(w, 0) for w in self.words(question)][:LENGTH]
            ids[row, : len(known)] = torch.tensor(known, dtype=torch.long)
        return ids, torch.tensor([self.answers.get(a.lower(), -1) for _, a in pairs])


class Classifier(nn.Module):
    """Bag of words with its first and last words apart; attention of the question over the picture's tokens."""

    def __init__(self, words: int, answers: int, width: int, objects: int, dropout: float = 0.5):
        super().__init__()
        self.embedding = nn.Embedding(words + 1, WORD_WIDTH, padding_idx=0)
        self.question, self.out = nn.Linear(4 * WORD_WIDTH, WIDTH), nn.Linear(WIDTH, answers)
        self.drop = nn.Dropout(dropout)
        self.seeing = width > 0
        if self.seeing:
            self.norm, self.token, self.drop_token = nn.LayerNorm(width), nn.Linear(width, WIDTH), nn.Dropout(0.3)
            self.position = nn.Parameter(torch.zeros(1, POOLED * POOLED, WIDTH))
            self.key, self.score = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 1)
            self.seen, self.gate = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
            self.objects = nn.Linear(WIDTH, objects)

    def forward(self, ids, tokens, which):
        """ids `[n, 24]`, tokens `[pictures, 49, width]` or None, which `[n]` -> answers `[n, answers]`, objects or None."""
        e, last, row = self.embedding(ids), (ids > 0).sum(1).clamp(min=2), torch.arange(len(ids))
        parts = [
            e.sum(1) / last[:, None] ** 0.5,
            e[:, 0] + e[:, 1],
            e[:, 1] + e[:, 2],
            e[row, last - 1] + e[row, last - 2],
        ]
        z = torch.tanh(self.question(self.drop(torch.cat(parts, -1))))
        if not self.seeing:
            return self.out(self.drop(z)), None
        v = torch.tanh(self.token(self.drop_token(self.norm(tokens))) + self.position)
        present, v = self.objects(self.drop(v.amax(1))), v[which]
        score = self.score(torch.tanh(v + self.key(z)[:, None]))[..., 0]
        if self.training:
            score = score.masked_fill(torch.rand_like(score) < 0.3, -1e4)
        seen = (score.softmax(1)[..., None] * v).sum(1) + v.mean(1)
        return self.out(self.drop(z + torch.tanh(self.seen(self.drop(seen))) * (1 + torch.tanh(self.gate(z))))), present


def train_and_test(
    train: Questions, test: Questions, given: dict | None, mentioned: torch.Tensor, seed: int
) -> torch.Tensor:
    """Which test questions are right `[questions]` after the last of a fixed number of epochs."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    width = 0 if given is None else given["train"].shape[-1]
    network = Classifier(len(train.vocabulary), len(train.answers), width, mentioned.shape[1])
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.1)
    pictures = int(train.picture.max()) + 1
    rows = [(train.picture == i).nonzero()[:, 0] for i in range(pictures)]
    for epoch in range(EPOCHS):
        optimizer.param_groups[0]["lr"] = RATE * (1 - epoch / EPOCHS)
        for chosen in torch.randperm(pictures, generator=generator).split(PICTURES):
            flip = bool(torch.rand((), generator=generator) < 0.5)
            row = torch.cat([rows[i] for i in chosen])
            which = torch.cat([torch.full((len(rows[i]),), k) for k, i in enumerate(chosen)])
            ids, answer = (train.mirrored_ids, train.mirrored_answer) if flip else (train.ids, train.answer)
            tokens = None if given is None else given["mirrored" if flip else "train"][chosen].float()
            logits, present = network(ids[row], tokens, which)
            loss = F.cross_entropy(logits, answer[row], ignore_index=-1, label_smoothing=0.1)
            if present is not None:
                loss = loss + WEIGHT_PRESENCE * F.binary_cross_entropy_with_logits(present, mentioned[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.eval()
    with torch.no_grad():
        tokens = None if given is None else given["test"].float()
        guess = [
            network(i, tokens, w)[0].argmax(1)
            for i, w in zip(test.ids.split(256), test.picture.split(256), strict=True)
        ]
    return torch.cat(guess) == test.answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with daquar_train.parquet and daquar_test.parquet"
    )
    parser.add_argument("--weights", type=Path, required=True, help="folder with the shipped bundles")
    parser.add_argument("--teacher", type=Path, required=True, help="the teacher's state dict")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    splits = {split: read_split(args.data, split) for split in ("train", "test")}
    given = {"blind": None} | features(args, splits)
    train = Questions(splits["train"][1])
    test = Questions(splits["test"][1], train)
    objects = MentionedObjects(splits["train"][1])
    names = sorted(set(objects.pool))
    mentioned = torch.tensor([[float(n in listed) for n in names] for listed in objects.of_picture])
    right, result = {}, {"questions": len(test.answer), "seeds": args.seeds}
    for name, tokens in given.items():
        runs = [train_and_test(train, test, tokens, mentioned, seed).float() for seed in range(args.seeds)]
        right[name] = torch.stack(runs).mean(0)
        difference = right[name] - right["blind"]
        result[name] = {
            "percent": round(100 * right[name].mean().item(), 2),
            "of_seeds": [round(100 * r.mean().item(), 2) for r in runs],
            "minus_blind": round(100 * difference.mean().item(), 2),
            "standard_error": round(100 * difference.std().item() / len(difference) ** 0.5, 2),
        }
        print(f"{name}: {json.dumps(result[name])}", flush=True)
        (args.out / "daquar_probe.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
