"""Scores of one joined run on pictures that nothing was trained on: every question, one row. All answers are greedy.

`vqa` (VQAv2's soft accuracy, also by kind of answer), `vqa_permuted` (the same questions to other pictures), `v7w` (Visual7W,
the option with the least mean cost of its tokens), `presence` (one listed thing and one absent thing per picture), `ground` (IoU
0.5 or more with the detector's box of a listed thing of which there is one) and `ground_iou`, `name_imagenette` and `name_tiny`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from ..data.kinds import COCO_NAMES
from ..data.photo_questions import short
from ..data.photos_packs import presence
from ..data.questions import word as old_word
from ..data.scenes import Question, pack
from ..data.wordings import word
from ..dense import box_iou
from ..evaluate import parse_box
from ..names import NAMES, with_article
from ..photo_join import Visual
from ..probes import features, fit_probe
from ..vlm import to_device
from .records import Rows
from .shared import Study
from .vqa_rule import normalise, soft_accuracy

OPTIONS = 4
KINDS = {"yes/no": "vqa_yesno", "number": "vqa_number", "other": "vqa_other"}
ANSWER, NAME, BOX = 6, 8, 28  # tokens of an answer at most
NAMED = 1000  # pictures of each labelled set whose name is asked
PROBED = {"imagenette": ("name", 311, 0), "tiny": ("tiny", 200, 20_000)}  # column, classes, training pictures (0: all)


@dataclass
class Asked:
    """A question to a photograph, with a number that is the same in every run."""

    sample: int
    row: int
    question: str
    gold: object
    kind: str = ""


def asked_vqa(ctx: Study) -> list[Asked]:
    texts, rows = ctx.photos.texts, ctx.photos.rows("vqa_test")
    return [Asked(q["id"], r, q["question"], q["answers"], q["kind"]) for r in rows for q in texts[r].get("vqa", ())]


def asked_v7w(ctx: Study) -> list[Asked]:
    texts, rows = ctx.photos.texts, ctx.photos.rows("v7w_test")
    return [
        Asked(r * 100 + i, r, q["question"], q["options"]) for r in rows for i, q in enumerate(texts[r].get("v7w", ()))
    ]


def asked_presence(ctx: Study) -> list[Asked]:
    out = []
    for r in ctx.photos.rows("vqa_test"):
        for i, (names, gold) in enumerate(zip(presence(ctx.asker, r), ("yes", "no"), strict=True)):
            out += [Asked(r * 2 + i, r, word(None, "presence", with_article(name)), gold) for name in names]
    return out


def asked_ground(ctx: Study) -> list[Asked]:
    rows = ctx.photos.rows("vqa_test")
    found = [(r, c, box) for r in rows for c, box in sorted(ctx.asker.single(r).items())]
    return [Asked(r * 100 + c, r, word(None, "ground", COCO_NAMES[c]), box) for r, c, box in found]


def chunks(items: list, size: int) -> Iterator[list]:
    return (items[i : i + size] for i in range(0, len(items), size))


def elsewhere(rows: list[int]) -> dict[int, int]:
    """Another picture for every picture, the same in every run."""
    rows = sorted(set(rows))
    return {r: rows[(k + max(1, len(rows) // 2)) % len(rows)] for k, r in enumerate(rows)}


class Judge:
    """Asks one joined run."""

    def __init__(self, ctx: Study, visual: Visual, prompter):
        self.ctx, self.visual, self.interface, self.prompter = ctx, visual, visual.interface, prompter
        self.size = 384 if ctx.device.type == "cuda" else 4

    @torch.no_grad()
    def answers(self, questions: list[str], see: Callable, most: int) -> list[str]:
        """Greedy answers; `see(places)` gives the visual tokens of the questions at these places, or None."""
        prompts = [self.prompter.prompt(q) for q in questions]
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        out = [""] * len(prompts)
        for places in chunks(order, self.size):
            prefix = self.interface.prefix(see(places), len(places))
            batch = [prompts[i] for i in places]
            ids = self.interface.lm.greedy(
                prefix, batch, self.interface.adapters, most, offset=self.interface.text_start
            )
            for i, row in zip(places, ids, strict=True):
                out[i] = self.prompter.decode(row)
        return out

    def of_photos(self, rows: list[int]) -> Callable:
        at = torch.tensor(rows, device=self.ctx.device)
        return lambda places: self.visual.of_photos(at[places])

    def asked(self, items: list[Asked], most: int, moved: dict[int, int] | None = None) -> list[str]:
        rows = [moved[a.row] if moved else a.row for a in items]
        return self.answers([a.question for a in items], self.of_photos(rows), most)

    def vqa(self) -> dict[str, Rows]:
        items = asked_vqa(self.ctx)
        score = [soft_accuracy(text, a.gold) for a, text in zip(items, self.asked(items, ANSWER), strict=True)]
        out = {"vqa": rows_of(items, score)}
        for kind, measure in KINDS.items():
            chosen = [i for i, a in enumerate(items) if a.kind == kind]
            out[measure] = rows_of([items[i] for i in chosen], [score[i] for i in chosen])
        if self.visual.encoder is not None:
            texts = self.asked(items, ANSWER, elsewhere([a.row for a in items]))
            out["vqa_permuted"] = rows_of(items, [soft_accuracy(t, a.gold) for a, t in zip(items, texts, strict=True)])
        return out

    def presence(self) -> dict[str, Rows]:
        items = asked_presence(self.ctx)
        texts = self.asked(items, ANSWER)
        return {"presence": rows_of(items, [normalise(t) == a.gold for a, t in zip(items, texts, strict=True)])}

    def ground(self) -> dict[str, Rows]:
        items, overlap = asked_ground(self.ctx), []
        for a, text in zip(items, self.asked(items, BOX), strict=True):
            box = parse_box(text)
            overlap.append(0.0 if box is None else float(box_iou(torch.tensor(box), torch.tensor(a.gold))[0]))
        return {"ground": rows_of(items, [v >= 0.5 for v in overlap]), "ground_iou": rows_of(items, overlap)}

    @torch.no_grad()
    def v7w(self) -> dict[str, Rows]:
        items, right = asked_v7w(self.ctx), []
        for part in chunks(items, max(1, self.size // 4)):
            questions = [[Question("v7w", a.question, short(o)) for o in a.gold] for a in part]
            packed = [pack(self.prompter, q, most=OPTIONS) for q in questions]
            batch = to_device({k: torch.tensor([p[k] for p in packed]) for k in packed[0]}, self.ctx.device)
            visual = self.of_photos([a.row for a in part])(slice(None))
            right += first_is_least(self.costs(visual, batch)).tolist()
        return {"v7w": rows_of(items, right)}

    def costs(self, visual, batch: dict) -> torch.Tensor:
        """Mean cross-entropy of every question's tokens, infinite where it had no room. `[batch, 4]`"""
        hidden, keep = self.interface.text_hidden(visual, batch, fast=False), batch["target"] >= 0
        cost = F.cross_entropy(self.interface.lm.logits(hidden[keep]), batch["target"][keep], reduction="none")
        place = (torch.arange(len(keep), device=keep.device)[:, None] * OPTIONS + batch["segment"] - 1)[keep]
        empty = torch.zeros(len(keep) * OPTIONS, device=keep.device)
        count = empty.index_add(0, place, torch.ones_like(cost))
        mean = empty.index_add(0, place, cost) / count
        return mean.masked_fill(count == 0, float("inf")).view(-1, OPTIONS)

    @torch.no_grad()
    def names(self) -> dict[str, Rows]:
        bank, out = self.ctx.bank(), {}
        for family in ("imagenette", "tiny"):
            ids = held_out(self.ctx, f"{family}_val")
            ids = ids[:: max(1, len(ids) // NAMED)][:NAMED]
            texts = self.answers(
                [old_word(None, "name")] * len(ids), lambda places, ids=ids: self._see(ids[places]), NAME
            )
            gold = [NAMES[k] for k in bank.name[ids].tolist()]
            score = [t.lower().strip(". ") == g.lower() for t, g in zip(texts, gold, strict=True)]
            first = bank.sets[f"{family}_val"][0]
            out[f"name_{family}"] = Rows((ids - first).tolist(), (ids - first).tolist(), score)
        return out

    def _see(self, ids) -> torch.Tensor | None:
        if self.visual.encoder is None:
            return None
        bank = self.ctx.bank()
        tokens = self.visual.encoder(bank.render(bank.full(ids, letterboxed=True), dtype=self.ctx.dtype))
        return self.interface.place(self.interface.connector(tokens))

    def all(self) -> dict[str, Rows]:
        return self.vqa() | self.v7w() | self.presence() | self.ground() | self.names()


def first_is_least(costs: torch.Tensor) -> torch.Tensor:
    """Whether the right option, which is the first, costs least; never where it has no cost, as without room or after a run that
    diverged."""
    return (costs.argmin(1) == 0) & costs[:, 0].isfinite()


def rows_of(items: list[Asked], score: list) -> Rows:
    return Rows([a.sample for a in items], [a.row for a in items], np.asarray(score, np.float64))


def held_out(ctx: Study, name: str) -> torch.Tensor:
    """Pictures of a held-out set without those that look like a training picture."""
    bank = ctx.bank()
    ids = torch.arange(*bank.sets[name], device=bank.device)
    return ids[~torch.isin(ids, torch.tensor(ctx.excluded(bank), device=bank.device, dtype=torch.long))]


def probe(ctx: Study, encoder) -> dict[str, Rows]:
    """Linear probes of the mean token, letterboxed pictures: `probe_imagenette` and `probe_tiny`, one row per picture."""
    bank, out = ctx.bank(), {}
    for family, (column, classes, most) in PROBED.items():
        train = torch.arange(*bank.sets[f"{family}_train"], device=bank.device)
        if most and most < len(train):
            chosen = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[:most]
            train = train[chosen.sort().values.to(bank.device)]
        held, labels = held_out(ctx, f"{family}_val"), getattr(bank, column)
        size = 512 if ctx.device.type == "cuda" else 8
        seen = lambda ids, f=family, s=size: features(encoder, bank, f"{f}_train", "letterbox", ctx.dtype, s, ids)  # noqa: E731
        known = fit_probe(seen(train), labels[train], classes)(seen(held)).argmax(1) == labels[held]
        place = (held - bank.sets[f"{family}_val"][0]).tolist()
        out[f"probe_{family}"] = Rows(place, place, known.float().tolist())
    return out
