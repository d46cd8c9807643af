"""Held-out scoring of the shipped bundles: free greedy text, seeing, beside permuted pictures, the blind run and the oracle
grid. Every answer is written as a JSON line; `report.py` turns them into scores."""

import json
import random
import re
import time

import torch

from .bundle import ShippedArm, bundle_path
from .context import Context
from .data.questions import tidy_daquar, word
from .data.scenes import Scenes
from .data.sources import SETS
from .dense import box_iou, named_object_boxes
from .encoders import PAIR
from .join import BLIND
from .names import NAMES
from .optim import step_generator
from .oracle import grid_tokens, metadata_bank
from .probes import to_pixels
from .prompt import TEXT_START
from .vlm import Interface, load_language_model

MOSAIC_TASKS = ("presence", "relation", "region", "count", "ground")
BOX = re.compile(r"^\[(\d\.\d\d), (\d\.\d\d), (\d\.\d\d), (\d\.\d\d)\]$")


def parse_box(text: str) -> list[float] | None:
    """Four ordered numbers in 0..1 and nothing else, or None."""
    match = BOX.match(text)
    if not match:
        return None
    x0, y0, x1, y1 = (float(v) for v in match.groups())
    return [x0, y0, x1, y1] if x0 < x1 <= 1 and y0 < y1 <= 1 else None


def picture_items(bank, set_name: str, task: str, count: int, excluded: set, rng, texts=None) -> list[dict]:
    """Questions about whole held-out pictures, shown through the product's own transform."""
    first, end = bank.sets[set_name]
    rows = [r for r in range(end - first) if first + r not in excluded]
    if texts is not None:
        pairs = [(r, *tidy_daquar(q, a)) for r in rows for q, a in texts[r]]
        rng.shuffle(pairs)
        return [dict(task=task, set=set_name, row=r, question=q, answer=a) for r, q, a in pairs[:count]]
    rng.shuffle(rows)
    name = bank.name[first:end]
    return [
        dict(task=task, set=set_name, row=r, question=word(None, "name"), answer=NAMES[int(name[r])])
        for r in rows[:count]
    ]


def mosaic_items(scenes: Scenes, task: str, count: int, seed: int) -> list[dict]:
    """One question a mosaic of held-out Tiny ImageNet pictures."""
    rng, generator, items = random.Random(seed), torch.Generator().manual_seed(seed), []
    while len(items) < count:
        chosen = [scenes._mosaic(rng) for _ in range(256)]
        kinds = ["mosaic"] * len(chosen)
        pictures = torch.tensor([(p + [p[0]] * 16)[:16] for _, p in chosen])
        canvas = scenes.place(torch.tensor([lay for lay, _ in chosen]), pictures, kinds, generator)
        boxes, names = (scenes.bank.boxes(canvas) / 224).tolist(), scenes.token_names(canvas, kinds)
        for i in range(len(kinds)):
            classes = scenes.bank.tiny[pictures[i]].tolist()[: len(chosen[i][1])]
            q = scenes.mosaic_question(rng, task, classes, boxes[i])
            if q is not None:
                entry = dict(task=task, canvas=canvas[i : i + 1], names=names[i], question=q.question, answer=q.answer)
                if q.box is not None:
                    entry |= {"box": q.box, "name": NAMES.index(q.question.rsplit(": ", 1)[1])}
                items.append(entry)
    return items[:count]


def build_items(ctx: Context, recipe: dict) -> list[dict]:
    bank = metadata_bank(ctx, [s for s in SETS if not s.endswith("_train")])
    rng, n = random.Random(recipe["seed"]), recipe["counts"]
    excluded = {bank.sets[s][0] + r for s, rows in recipe["excluded"].items() for r in rows}
    scenes = Scenes(bank, "val", recipe)
    scenes.excluded = excluded
    items = picture_items(bank, "imagenette_val", "naming10", n["naming10"], excluded, rng)
    items += picture_items(bank, "tiny_val", "naming200", n["naming200"], excluded, rng)
    items += picture_items(bank, "caltech_val", "naming101", n["naming101"], excluded, rng)
    for k, task in enumerate(MOSAIC_TASKS):
        items += mosaic_items(scenes, task, n[task], recipe["seed"] + 100 + k)
    return items + picture_items(bank, "daquar_test", "daquar", n["daquar"], excluded, rng, bank.texts("daquar_test"))


class Scorer:
    """Features and answers for a fixed list of items, batch by batch."""

    def __init__(self, ctx: Context, recipe: dict):
        self.ctx, self.recipe, self.bank = ctx, recipe, ctx.bank(list(SETS))
        self.items = build_items(ctx, recipe)
        self.offset = self.bank.sets["tiny_val"][0]
        self.lm, self.prompter = load_language_model(ctx)
        self.pillow = {}

    def chunks(self, items: list[dict]):
        """Item indices, one task at a time."""
        size, out = self.recipe["batch"], []
        for task in dict.fromkeys(item["task"] for item in items):
            index = [i for i, item in enumerate(items) if item["task"] == task]
            out += [index[j : j + size] for j in range(0, len(index), size)]
        return out

    def pixels(self, index: list[int]) -> torch.Tensor:
        """Pixels of items of one task, on 8-bit levels as a picture file has them."""
        chosen = [self.items[i] for i in index]
        if "canvas" in chosen[0]:
            canvas = type(chosen[0]["canvas"]).cat([c["canvas"] for c in chosen]).to(self.ctx.device)
            canvas.picture = canvas.picture + self.offset
            exact = self.bank.render(canvas, dtype=torch.float32)
            return ((exact * 128).round() / 128).to(self.ctx.dtype)
        name = chosen[0]["set"]
        if name not in self.pillow:
            self.pillow[name] = self.bank.canvases(name)
        return to_pixels(self.pillow[name][[c["row"] for c in chosen]], self.ctx.device, self.ctx.dtype)

    @torch.no_grad()
    def features(self, encoder) -> torch.Tensor:
        """Encoder tokens of every item `[items, 196, 384]`."""
        out = torch.empty(len(self.items), 196, 384, device=self.ctx.device, dtype=self.ctx.dtype)
        for index in self.chunks(self.items):
            out[index] = encoder(self.pixels(index))
        return out

    def answer(self, label: str, adapters: dict, visual, tasks=None) -> None:
        """Answers all items (of some tasks) and writes `answers_<label>.jsonl`. visual: indices -> tokens, or None."""
        start, count = time.time(), 0
        with open(self.ctx.logs / f"answers_{label}.jsonl", "w") as file:
            for index in self.chunks(self.items):
                chosen = [self.items[i] for i in index]
                if tasks is not None and chosen[0]["task"] not in tasks:
                    continue
                prefix = self.lm.embedding[torch.ones(len(index), 1, dtype=torch.long, device=self.ctx.device)]
                if visual is not None:
                    prefix = torch.cat([prefix, visual(index)], 1)
                prompts = [self.prompter.prompt(c["question"]) for c in chosen]
                longest = self.recipe["max_new_box" if chosen[0]["task"] == "ground" else "max_new"]
                ids = self.lm.greedy(prefix, prompts, adapters, longest, offset=TEXT_START)
                for i, item, row in zip(index, chosen, ids, strict=True):
                    file.write(json.dumps(score(i, item, self.prompter.decode(row))) + "\n")
                count += len(index)
        self.ctx.log("evaluate").write(show=True, what=label, answers=count, seconds=time.time() - start)

    def permuted(self) -> list[int]:
        """Another item of the same task for every item."""
        target = list(range(len(self.items)))
        for task in dict.fromkeys(item["task"] for item in self.items):
            index = [i for i, item in enumerate(self.items) if item["task"] == task]
            random.Random(1).shuffle(index)
            for a, b in zip(index, index[1:] + index[:1], strict=True):
                target[a] = b
        return target

    def dense(self, label: str, arm: ShippedArm, features) -> None:
        """The dense head asked for the named objects of the grounding items."""
        index = [i for i, item in enumerate(self.items) if item["task"] == "ground"]
        names = torch.tensor([self.items[i]["name"] for i in index], device=self.ctx.device)
        boxes, confidence = named_object_boxes(arm.dense(features[index]), names)
        with open(self.ctx.logs / f"answers_{label}.jsonl", "w") as file:
            for i, box, c in zip(index, boxes.float().cpu(), confidence.tolist(), strict=True):
                iou = float(box_iou(box, torch.tensor(self.items[i]["box"]))[0])
                file.write(json.dumps({"i": i, "task": "dense", "iou": round(iou, 4), "ok": iou >= 0.5, "p": c}) + "\n")


def score(i: int, item: dict, text: str) -> dict:
    """One answer line: exact match without regard to case, or IoU of a box that parses."""
    line = {"i": i, "task": item["task"], "q": item["question"], "ref": item["answer"], "text": text}
    if "box" not in item:
        return line | {"ok": text.lower().strip(". ") == item["answer"].lower().strip(". ")}
    box = parse_box(text)
    iou = 0.0 if box is None else float(box_iou(torch.tensor(box), torch.tensor(item["box"]))[0])
    return line | {"parsed": box is not None, "iou": round(iou, 4), "ok": iou >= 0.5}


def run(ctx: Context, arms=PAIR) -> None:
    """Seeing, permuted and oracle answers of the shipped arms."""
    recipe = ctx.recipe("evaluate")
    scorer = Scorer(ctx, recipe)
    permuted = scorer.permuted()
    for arm in arms:
        shipped = ShippedArm(bundle_path(ctx, arm), arm, ctx.device, ctx.dtype, ctx.toy)
        features = scorer.features(shipped.encoder)
        scorer.dense(f"{arm}_dense", shipped, features)
        see = lambda index, f=features, s=shipped: s.visual_tokens(f[index])  # noqa: E731
        scorer.answer(f"{arm}_seeing", shipped.adapters, see)
        scorer.answer(f"{arm}_permuted", shipped.adapters, lambda index, see=see: see([permuted[i] for i in index]))
        scorer.answer(f"{arm}_oracle", shipped.adapters, oracle_visual(ctx, scorer, arm, shipped), MOSAIC_TASKS)


def run_blind(ctx: Context) -> None:
    recipe = ctx.recipe("evaluate")
    scorer = Scorer(ctx, recipe)
    adapters = {k: v.to(ctx.device, ctx.dtype) for k, v in ctx.load(f"{BLIND}_join")["adapters"].items()}
    scorer.answer(BLIND, adapters, None)


def oracle_visual(ctx: Context, scorer: Scorer, arm: str, shipped: ShippedArm):
    """Visual tokens from the true names of the mosaics with the oracle stage's random errors."""
    interface = Interface(ctx, scorer.lm, scorer.prompter)
    interface.load(ctx.load(f"{arm}_join"))

    def visual(index):
        names = torch.stack([scorer.items[i]["names"] for i in index]).to(ctx.device)
        tokens = grid_tokens(
            interface, names, scorer.recipe["oracle_error_rate"], step_generator(ctx.device, 19, index[0])
        )
        with torch.no_grad():
            return interface.place(interface.from_names(tokens))

    return visual
