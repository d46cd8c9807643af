"""Claim 4: what makes the language model lose places, and what brings them back.

A run joins the shipped pair's frozen encoder to the language model behind a connector that starts from nothing. Adapters and
position vectors start as the first pair has them: they were taught boxes as fractions of the canvas, on mosaics of pictures,
cropped or letterboxed. Runs of one seed see the same pictures and questions, whatever their canvas.
"""

import copy
import functools
import math
import random
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from .. import photo_join
from ..bundle import ShippedArm
from ..data.kinds import COCO_NAMES, DENSE_OF_COCO
from ..data.photo_questions import SIDE
from ..data.photo_shard import SET
from ..data.questions import box_text, mirrored
from ..data.scenes import Question, loader, pack
from ..data.wordings import word
from ..encoders import ARMS, CANVAS, WIDTH
from ..evaluate import parse_box
from ..heads import Connector
from ..optim import MasterAdamW, batch_hash, cosine, step_generator, synchronize
from ..resume import OutOfTime
from ..smollm import WIDTH as LM_WIDTH
from ..vlm import Interface, task_means, to_device
from .canvases import CANVASES, STRIDE, Placing, dropped_paths, fitted, frame_of, stretched_line
from .collapse_report import report_section
from .records import DONE, Record, Rows
from .score import ANSWER, BOX, Judge, asked_presence, normalise
from .shared import Study
from .signals import collapsed, iou, signals

MOST = 4  # questions per picture
WEIGHTS = Path(__file__).resolve().parents[3]  # the shipped bundles


class DeepConnector(nn.Module):
    """The paper's 3-MLP (`fused-gelu-mlp`): encoder width -> four times that -> language width -> language width."""

    def __init__(self):
        super().__init__()
        hidden = 4 * WIDTH
        layers = (nn.Linear(WIDTH, hidden), nn.GELU(), nn.Linear(hidden, LM_WIDTH), nn.GELU())
        self.net = nn.Sequential(*layers, nn.Linear(LM_WIDTH, LM_WIDTH))

    def forward(self, tokens):
        return self.net(tokens)


def make_connector(kind: str, seed: int) -> nn.Module:
    """A fresh connector, "mlp2" or "mlp3"."""
    if kind == "mlp2":
        return Connector(seed=seed)
    if kind == "mlp3":
        torch.manual_seed(seed)
        return DeepConnector()
    raise ValueError(f"a connector is 'mlp2' or 'mlp3', not {kind!r}")


# ---- what is asked -----------------------------------------------------------------------------


@dataclass
class Place:
    """A thing of which a picture shows one: number, picture, name, COCO class (-1: another name), box in px of the picture."""

    sample: int
    row: int
    name: str
    kind: int
    box: list[float]


class Album:
    """Sizes of the photographs, and the things in them that can be asked for."""

    def __init__(self, ctx: Study):
        bank = ctx.bank([SET])
        self.first, end = bank.sets[SET]
        width, height = bank.width[self.first : end].tolist(), bank.height[self.first : end].tolist()
        self.size = list(zip(width, height, strict=True))
        self.asker = ctx.asker
        train = ctx.photos.rows("train")
        self.places = {row: found for row in train if (found := self.of(row))}
        self.rows = list(self.places)

    def of(self, row: int) -> list[Place]:
        return self.detected(row) + self.named(row)

    def detected(self, row: int) -> list[Place]:
        """Boxes of the detector that the published lists confirm."""
        found = sorted(self.asker.single(row).items())
        return [Place(row * 100 + c, row, COCO_NAMES[c], c, self._own(box, row)) for c, box in found]

    def named(self, row: int) -> list[Place]:
        """Boxes that people drew (Visual Genome)."""
        found = self.asker.named_boxes(row)
        return [Place(row * 100 + k, row, name, -1, self._own(box, row)) for k, (name, box) in enumerate(found)]

    def _own(self, box, row: int) -> list[float]:
        """From fractions of the centred square to px of the picture, cut to it."""
        square, (width, height) = Placing(SIDE, SIDE, True), self.size[row]
        most = (width, height) * 2
        return [min(max(v, 0.0), m) for v, m in zip(square.pixels(box, self.size[row]), most, strict=True)]


@functools.cache
def album(ctx: Study) -> Album:
    return Album(ctx)


def turned_box(box, width: float) -> list[float]:
    """The box in the mirrored picture."""
    return [width - box[2], box[1], width - box[0], box[3]]


class Asking(torch.utils.data.Dataset):
    """`[step]` -> packed batch with `rows`, `turned` and `rect`; pictures and questions are a pure function of seed and step."""

    def __init__(self, album: Album, placing: Placing, frame: Placing, prompter, recipe: dict):
        self.album, self.placing, self.frame, self.prompter, self.recipe = album, placing, frame, prompter, recipe

    def __len__(self) -> int:
        return self.recipe["steps"]

    def __getitem__(self, step: int) -> dict:
        rng = random.Random(self.recipe["seed"] * 1_000_003 + step)
        rows = rng.choices(self.album.rows, k=self.recipe["batch"])
        turned = [rng.random() < 0.5 for _ in rows]
        asked = [self._ask(rng, row, turn) for row, turn in zip(rows, turned, strict=True)]
        packed = [pack(self.prompter, questions, self.recipe["text"], MOST) for questions in asked]
        out = {k: torch.tensor([p[k] for p in packed]) for k in packed[0]}
        rect = torch.tensor([self.placing.rect(self.album.size[row]) for row in rows])
        return out | {"rows": torch.tensor(rows), "turned": torch.tensor(turned), "rect": rect}

    def _ask(self, rng: random.Random, row: int, turn: bool) -> list[Question]:
        size, known = self.album.size[row], self.album.places[row]
        out = []
        for place in rng.sample(known, min(self.recipe["asked"], len(known))):
            question = word(rng, "ground", place.name)
            box = turned_box(place.box, size[0]) if turn else place.box
            question = mirrored(question) if turn else question
            out.append(Question("ground", question, box_text(self.frame.fractions(box, size))))
        pairs = self.album.asker.presence(rng, row)
        return out + [Question(*q) for q in (rng.choice(pairs) if pairs else ())]


# ---- a run -------------------------------------------------------------------------------------


class Sight:
    """Visual tokens of photographs on one canvas."""

    def __init__(self, ctx: Study, arm: str, placing: Placing, interface: Interface):
        self.interface, self.placing, self.dtype = interface, placing, ctx.dtype
        model = ARMS[arm].model
        path = ctx.start(model) if ctx.toy else WEIGHTS / model / "model.safetensors"
        shipped = ShippedArm(path, arm, ctx.device, ctx.dtype, ctx.toy)
        self.encoder, self.dense = fitted(shipped.encoder, placing), shipped.dense
        self.bank, self.album = ctx.bank([SET]), album(ctx)

    @torch.no_grad()
    def features(self, rows: torch.Tensor, rect: torch.Tensor, turned: torch.Tensor) -> torch.Tensor:
        size = self.placing.height, self.placing.width
        return self.encoder(self.bank.render_placed(self.album.first + rows, rect, turned, size, self.dtype))

    def held_out(self, rows: list[int]) -> torch.Tensor:
        device = self.bank.device
        rect = torch.tensor([self.placing.rect(self.album.size[r]) for r in rows], device=device)
        return self.features(
            torch.tensor(rows, device=device), rect, torch.zeros(len(rows), dtype=torch.bool, device=device)
        )

    def visual(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.interface.place(self.interface.connector(tokens))


def joined(ctx: Study, row: dict) -> tuple[Sight, object]:
    """Encoder, fresh connector and the first pair's adapters and positions, stretched to the canvas."""
    placing = CANVASES[row["canvas"]]
    interface, prompter = photo_join.build(ctx, row["arm"], ctx.language)
    interface.connector = make_connector(row["connector"], row["seed"]).to(ctx.device, ctx.dtype)
    rows, cols = placing.grid
    interface.row, interface.col = stretched_line(interface.row, rows), stretched_line(interface.col, cols)
    interface.text_start = 1 + placing.tokens
    return Sight(ctx, row["arm"], placing, interface), prompter


def train(ctx: Study, row: dict, sight: Sight, prompter, recipe: dict) -> dict:
    """Trains connector, positions and adapters; returns losses and hashes of the batches by step."""
    interface, steps, seed = sight.interface, recipe["steps"], recipe["seed"]
    interface.lm.adapter_dropout = recipe["adapter_dropout"]
    if recipe["compile"]:
        interface.lm.compile_layers()
    maps, adapters = interface.parameters(connector=True)
    optimizer = MasterAdamW([(maps, recipe["lr_interface"], 0.01), (adapters, recipe["lr_adapters"], 0.01)])
    frame = frame_of(row["canvas"], row["labels"])
    dataset = Asking(sight.album, sight.placing, frame, prompter, recipe)
    losses, batches, start = {}, {}, time.time()
    for step, batch in enumerate(loader(dataset, recipe["workers"])):
        if ctx.deadline is not None and time.time() > ctx.deadline:
            raise OutOfTime
        batch = to_device(batch, ctx.device)
        generator = step_generator(ctx.device, seed, step)
        torch.manual_seed(seed * 1_000_003 + step)  # of the adapters' dropout
        paths = dropped_paths(sight.encoder, row["drop_path"], generator) if row["mode"] == "train" else nullcontext()
        with paths:
            tokens = sight.features(batch["rows"], batch["rect"], batch["turned"])
        loss, parts = interface.question_losses(sight.visual(tokens), batch)
        loss.backward()
        optimizer.step(cosine(step, steps, recipe["warmup"]))
        if step % 100 == 0:
            batches[step] = batch_hash(batch["rows"], batch["turned"])
        if step % 50 == 0 or step == steps - 1:
            losses[step] = {k: round(v, 4) for k, v in task_means(parts).items()}
    synchronize(ctx.device)
    interface.lm.adapter_dropout = 0.0
    if not all(math.isfinite(v) for part in losses.values() for v in part.values()):
        raise FloatingPointError(f"{row['name']}: the loss is not finite")
    return {"losses": losses, "batches": batches, "training_seconds": round(time.time() - start, 1)}


# ---- scores ------------------------------------------------------------------------------------


def thinned(items: list, most: int) -> list:
    """At most so many, evenly."""
    return items[:: max(1, -(-len(items) // most))]


def held_out_places(ctx: Study, most: int) -> dict[str, list[Place]]:
    """What is asked of pictures that nothing was trained on: by the detector and the lists, and drawn by people."""
    detected = [p for r in ctx.photos.rows("vqa_test") for p in album(ctx).detected(r)]
    drawn = [p for r in ctx.photos.rows("vg_test") for p in album(ctx).named(r)]
    return {name: found for name, found in (("ground", thinned(detected, most)), ("ground_vg", drawn)) if found}


def answers_of(judge: Judge, sight: Sight, items: list, questions: list[str], most: int) -> list[str]:
    rows = [item.row for item in items]
    return judge.answers(questions, lambda places: sight.visual(sight.held_out([rows[i] for i in places])), most)


def score_places(judge: Judge, sight: Sight, frame: Placing, measure: str, items: list[Place]) -> tuple[dict, dict]:
    """Rows of IoU 0.5 and IoU in the picture: of answers read in the labels' frame (`ground`), and read as if they were in the
    canvas's own (`ground_canvas`); `ground_elsewhere`: against the box of the same thing in another picture. And the signs."""
    texts = answers_of(judge, sight, items, [word(None, "ground", p.name) for p in items], BOX)
    boxes, size = [parse_box(t) for t in texts], [sight.album.size[p.row] for p in items]
    rows = lambda values: Rows([p.sample for p in items], [p.row for p in items], values)  # noqa: E731

    def overlaps(read: Placing) -> list[float]:
        found = zip(boxes, items, size, strict=True)
        return [0.0 if b is None else iou(read.pixels(b, s), p.box) for b, p, s in found]

    own, other = overlaps(frame), elsewhere(items)
    gold = [frame.fractions(p.box, s) for p, s in zip(items, size, strict=True)]
    whole = [frame.fractions((0, 0, *s), s) for s in size]
    moved = [0.0 if b is None else iou(b, gold[other[i]]) for i, b in enumerate(boxes)]
    hit = lambda values: [v >= 0.5 for v in values]  # noqa: E731
    out = {
        measure: rows(hit(own)),
        f"{measure}_iou": rows(own),
        f"{measure}_canvas": rows(hit(overlaps(sight.placing))),
        f"{measure}_elsewhere": rows(hit(moved)),
    }
    corners = ("x0", "y0", "x1", "y1")
    out |= {f"{measure}_{c}": rows([-1.0 if b is None else b[k] for b in boxes]) for k, c in enumerate(corners)}
    found = signals(boxes, gold, whole)
    signs = {"answers": found, "gold": signals(gold, gold, whole), "collapsed": collapsed(found), "said": texts[:8]}
    return out, signs


def elsewhere(items: list[Place]) -> list[int]:
    """For every question the next one about a thing of the same name in another picture, or itself where there is none."""
    by_name: dict[str, list[int]] = {}
    for i, place in enumerate(items):
        by_name.setdefault(place.name, []).append(i)
    out = list(range(len(items)))
    for same in by_name.values():
        for k, i in enumerate(same):
            out[i] = same[(k + 1) % len(same)]
    return out


@torch.no_grad()
def score_dense(sight: Sight, items: list[Place], size: int) -> Rows:
    """IoU 0.5 of the dense head behind the same tokens: what the encoder knows on this canvas without a language model."""
    overlap = []
    for start in range(0, len(items), size):
        chunk = items[start : start + size]
        out = sight.dense.net(sight.held_out([p.row for p in chunk])).float()
        logits, distances, _ = out.split([sight.dense.classes + 1, 4, 4], -1)
        kind = torch.tensor([DENSE_OF_COCO[p.kind] for p in chunk], device=out.device)
        best = logits.softmax(-1).gather(2, kind[:, None, None].expand(-1, logits.shape[1], 1))[..., 0].argmax(1)
        reach = F.softplus(distances[torch.arange(len(chunk), device=out.device), best]) * 0.25 * CANVAS
        for place, at, (left, up, right, down) in zip(chunk, best.tolist(), reach.tolist(), strict=True):
            y, x = ((v + 0.5) * STRIDE for v in divmod(at, sight.placing.grid[1]))
            full = (sight.placing.width, sight.placing.height) * 2
            box = [v / f for v, f in zip((x - left, y - up, x + right, y + down), full, strict=True)]
            overlap.append(iou(sight.placing.pixels(box, sight.album.size[place.row]), place.box))
    return Rows([p.sample for p in items], [p.row for p in items], [v >= 0.5 for v in overlap])


def run(ctx: Study, row: dict) -> Record:
    """One combination: trained, asked, scored."""
    recipe = ctx.overridden("collapse", row, {})
    sight, prompter = joined(ctx, row)
    content = train(ctx, row, sight, prompter, recipe)
    start, judge, scores, signs = time.time(), Judge(ctx, sight, prompter), {}, {}
    frame, places = frame_of(row["canvas"], row["labels"]), held_out_places(ctx, recipe["scored"])
    for measure, items in places.items():
        rows, signs[measure] = score_places(judge, sight, frame, measure, items)
        scores |= rows
    asked = thinned(asked_presence(ctx), recipe["scored"])
    texts = answers_of(judge, sight, asked, [a.question for a in asked], ANSWER)
    right = [normalise(t) == a.gold for a, t in zip(asked, texts, strict=True)]
    scores["presence"] = Rows([a.sample for a in asked], [a.row for a in asked], right)
    if sight.dense.classes > max(DENSE_OF_COCO) and "ground" in places:
        scores["dense"] = score_dense(sight, places["ground"], judge.size)
    content |= {"signals": signs, "scoring_seconds": round(time.time() - start, 1)}
    return Record(copy.deepcopy(row), DONE, content, scores)


KINDS = {"collapse": run}
__all__ = ["KINDS", "report_section"]  # what the runner and the report take from here
