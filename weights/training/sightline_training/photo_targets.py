"""What photographs teach an encoder, and how a target moves when a window of the picture is shown (stage 4).

Captions give words, the gold lists presence, YOLOX-nano places and counts, the ImageNet teacher its classes at 9 x 9 places, the
pixels their own colours.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from .context import Context
from .data.bank import Bank, Canvas, letterbox_rect
from .data.kinds import COCO_INDEX, COCO_NAMES, DENSE_NAMES, DENSE_OF_COCO, relation
from .data.photo_shard import SET
from .data.photo_texts import Photos
from .encoders import CANVAS, GRID
from .heads import token_centres
from .teacher import INPUT, load_teacher

WORDS = 1500  # most frequent words of captions
MAP = 9  # the teacher's places per side at 260 px
SEEN = 7  # places per side of the map on a new canvas
SURE, SURE_WITH_GOLD, MAYBE = 0.5, 0.25, 0.3  # scores of the detector
COUNTED = 0.35  # a class is counted where all of its boxes reach this score
SHOWN = 0.3  # share of a box that a window must show
BACKGROUND = len(DENSE_NAMES)
STOP = frozenset(
    """a an the of on in with and to is at are next while his her it its their up down by for from that this there some as two
    three four several many very be has have into over out off through front top near one other another each which who whose he
    she they them him being about around along behind beside under it's not or was were can all both""".split()  # noqa: SIM905
)


def lemmas(caption: str) -> set[str]:
    """Words of a caption without function words and plural endings."""
    found = [w for w in re.findall(r"[a-z]+", caption.lower()) if w not in STOP and len(w) > 2]
    return {w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in found}


def caption_words(texts: list[dict], train: list[int]) -> torch.Tensor:
    """Words of every picture's captions, weighted by how rare they are; rows sum to 1, or to 0 without captions. `[n, 1500]`"""
    bags = [set().union(*map(lemmas, t["captions"])) if "captions" in t else set() for t in texts]
    seen = Counter(w for i in train for w in sorted(bags[i]))
    number = {w: k for k, (w, _) in enumerate(seen.most_common(WORDS))}
    captioned = sum(1 for i in train if bags[i])
    out = torch.zeros(len(texts), WORDS)
    for i, bag in enumerate(bags):
        for w in bag & number.keys():
            out[i, number[w]] = math.log(captioned / seen[w])
    return (out / out.sum(1, keepdim=True).clamp(min=1e-6)).half()


def presence(texts: list[dict], found: dict) -> torch.Tensor:
    """Presence of COCO's classes: 1, 0, or -1 where nobody said, or where the detector sees what the list lacks. `[n, 80]`"""
    out = torch.full((len(texts), len(COCO_NAMES)), -1, dtype=torch.int8)
    for i, t in enumerate(texts):
        if "present" in t:
            out[i] = 0
            out[i, [COCO_INDEX[c] for c in t["present"]]] = 1
    label, score = found["label"].long(), found["score"]
    none = len(COCO_NAMES)
    best = torch.zeros(len(texts), none + 1)
    best.scatter_reduce_(1, torch.where(label < 0, none, label), score, "amax")
    out[(out == 0) & (best[:, :none] > MAYBE)] = -1
    return out


def box_use(found: dict, present: torch.Tensor) -> torch.Tensor:
    """What is done with each of the detector's boxes: 1 learn from it, 0 its tokens say nothing, -1 there is none. `[n, 16]`"""
    label, score = found["label"].long(), found["score"]
    gold = present.long().gather(1, label.clamp(min=0)) == 1
    use = (gold & (score > SURE_WITH_GOLD)) | (score > SURE)
    return torch.where(label < 0, -1, use.long())


def countable(found: dict, present: torch.Tensor) -> torch.Tensor:
    """Classes whose boxes may be counted: in the gold list, every box sure, fewer boxes than are kept; absent ones too."""
    label, score = found["label"].long(), found["score"]
    none = len(COCO_NAMES)
    slot = torch.where(label < 0, none, label)
    lowest = torch.ones(len(label), none + 1).scatter_reduce_(1, slot, score, "amin")[:, :none]
    has = torch.zeros(len(label), none + 1).scatter_(1, slot, 1.0)[:, :none] > 0
    room = (label < 0).any(1, keepdim=True)
    return ((present == 1) & has & (lowest > COUNTED) & room) | ((present == 0) & ~has)


class Labels:
    """Which classes of the dense head count against each other, `[classes + 1, classes + 1]` bool for a token's label.

    Photographs are labelled with COCO's things only, the earlier canvases with Tiny ImageNet's only: a class that may be there
    without being labelled is left out.
    """

    def __init__(self, device):
        n, kinds = BACKGROUND, relation()
        things = torch.tensor(DENSE_OF_COCO)
        photo, old = torch.ones(n + 1, n + 1, dtype=torch.bool), torch.ones(n + 1, n + 1, dtype=torch.bool)
        for c, at in enumerate(DENSE_OF_COCO):
            photo[at, :n] = kinds[c] == 0
            related = (kinds[c] != 0).nonzero()[:, 0]
            old[related, at] = False
        photo[n] = old[n] = False
        photo[n, things] = True
        old[n, :200] = True
        for table in (photo, old):
            table[range(n + 1), range(n + 1)] = True
        self.photo, self.old = photo.to(device), old.to(device)


def dense_labels(bank: Bank, canvas: Canvas):
    """Classes `[b, 196]`, boxes in 0..1 `[b, 196, 4]` and inside-a-box mask of the earlier mosaics."""
    box, inside = bank.token_boxes(canvas)
    label = bank.tiny[canvas.picture].gather(1, bank.layouts.token_slot[canvas.layout])
    return label.masked_fill(~inside, BACKGROUND), box / CANVAS, inside


@dataclass
class PhotoTargets:
    """The targets of a batch `b`.

    content: tokens on the picture; words `[b, 1500]`; teacher: logits `[b, 49, 1000]`; present and count `[b, 80]`, -1 unknown;
    colour `[b, 196, 3]`; label `[b, 196]`; counted: tokens whose label is sure; on_object: tokens on a boxed object; box
    `[b, 196, 4]` in 0..1: the smallest object over each token.
    """

    content: torch.Tensor
    words: torch.Tensor
    teacher: torch.Tensor
    present: torch.Tensor
    count: torch.Tensor
    colour: torch.Tensor
    label: torch.Tensor
    counted: torch.Tensor
    on_object: torch.Tensor
    box: torch.Tensor


class Targets:
    """The targets of all photographs, on the device; `on` gives those of a batch of windows."""

    def __init__(self, photos: Photos, found: dict, bank: Bank, device):
        present = presence(photos.texts, found)
        self.words = caption_words(photos.texts, photos.rows("train")).to(device)
        self.present, self.use = present.to(device), box_use(found, present).to(device)
        self.countable = countable(found, present).to(device)
        first, end = bank.sets[SET]
        corner = letterbox_rect(bank.width[first:end].float() / bank.height[first:end].float())[:, None, :2]
        self.box = found["box"].to(device).float() - torch.cat([corner, corner], -1)  # px of the picture itself
        self.corner = corner[:, 0]
        self.label = found["label"].long().to(device)
        self.dense_of = torch.tensor([*DENSE_OF_COCO, BACKGROUND], device=device)
        self.maps: torch.Tensor | None = None

    def on(self, bank: Bank, canvas: Canvas, ids: torch.Tensor, pixels: torch.Tensor) -> PhotoTargets:
        rect, window, flip = canvas.rect[:, 0], canvas.window[:, 0], canvas.flip[:, 0]
        content = bank.token_slots(canvas)[1]
        cut, shown = self._boxes(ids, rect, window, flip)
        label, counted, on_object, box = self._tokens(ids, cut, shown)
        tiles = pixels.float().permute(0, 3, 1, 2)
        colour = F.avg_pool2d(tiles, CANVAS // GRID).flatten(2).transpose(1, 2)
        return PhotoTargets(
            content=content, words=self.words[ids].float(), teacher=self._seen_map(ids, rect, window, flip),
            present=self._present(ids, shown), count=self._count(ids, shown), colour=colour,
            label=label, counted=counted, on_object=on_object, box=box / CANVAS,
        )  # fmt: skip

    def _boxes(self, ids, rect, window, flip):
        """Boxes on the new canvas, px `[b, 16, 4]`, cut to what is shown; and whether enough of each is shown."""
        at, win = self.box[ids], window[:, None]
        scale = ((rect[:, 2:] - rect[:, :2]) / window[:, 2:])[:, None]
        low, high = (at[..., :2] - win[..., :2]) * scale, (at[..., 2:] - win[..., :2]) * scale
        width = (rect[:, 2] - rect[:, 0])[:, None]
        turned = flip[:, None]
        x0 = torch.where(turned, width - high[..., 0], low[..., 0])
        x1 = torch.where(turned, width - low[..., 0], high[..., 0])
        start = rect[:, None, :2]
        moved = torch.cat([torch.stack([x0, low[..., 1]], -1) + start, torch.stack([x1, high[..., 1]], -1) + start], -1)
        edge = rect[:, None]
        cut = torch.cat(
            [torch.minimum(torch.maximum(moved[..., k : k + 2], edge[..., :2]), edge[..., 2:]) for k in (0, 2)], -1
        )
        area = lambda t: (t[..., 2:] - t[..., :2]).clamp(min=0).prod(-1)  # noqa: E731
        return cut, (area(cut) > SHOWN * area(moved)) & (self.label[ids] >= 0)

    def _tokens(self, ids, cut, shown):
        """Label, whether it is sure, whether an object is there, and the smallest box over every token."""
        centre = token_centres(cut.device) * CANVAS
        x, y = centre[:, 0], centre[:, 1]
        box = cut[:, :, None]
        over = (x > box[..., 0]) & (x < box[..., 2]) & (y > box[..., 1]) & (y < box[..., 3])
        state = self.use[ids]
        over &= (state >= 0)[..., None]
        size = (cut[..., 2:] - cut[..., :2]).clamp(min=0).prod(-1)
        smallest, which = torch.where(over, size[..., None], 1e9).min(1)
        under = smallest < 1e8
        good = under & ((state == 1) & shown).gather(1, which)
        named = self.dense_of[self.label[ids]].gather(1, which)
        label = torch.where(good, named, BACKGROUND)
        return label, good | ~under, good, cut.gather(1, which[..., None].expand(-1, -1, 4))

    def _present(self, ids, shown):
        """Gold presence; a class of which the window shows no box any more is unknown."""
        gold = self.present[ids].long()
        label = torch.where(self.label[ids] < 0, len(COCO_NAMES), self.label[ids])
        empty = torch.zeros(len(ids), len(COCO_NAMES) + 1, device=ids.device)
        boxed = empty.scatter(1, label, 1.0)[:, :-1] > 0
        seen = empty.scatter_reduce(1, label, shown.float(), "amax")[:, :-1] > 0
        return torch.where((gold == 1) & boxed & ~seen, -1, gold)

    def _count(self, ids, shown):
        """Boxes of every class in the window, -1 where they may not be counted."""
        label = torch.where(self.label[ids] < 0, len(COCO_NAMES), self.label[ids])
        number = torch.zeros(len(ids), len(COCO_NAMES) + 1, device=ids.device).scatter_add(1, label, shown.float())
        return torch.where(self.countable[ids], number[:, :-1], -1.0)

    def _seen_map(self, ids, rect, window, flip):
        """The teacher's logits of the whole picture, resampled through the window at 7 x 7 places. `[b, 49, 1000]`"""
        place = (torch.arange(SEEN, device=ids.device).float() + 0.5) * (CANVAS / SEEN)
        u = (place[None] - rect[:, 0:1]) / (rect[:, 2:3] - rect[:, 0:1])
        v = (place[None] - rect[:, 1:2]) / (rect[:, 3:4] - rect[:, 1:2])
        u = torch.where(flip[:, None], 1 - u, u)
        corner = self.corner[ids]
        x = (window[:, 0:1] + u * window[:, 2:3] + corner[:, 0:1]) / CANVAS * 2 - 1
        y = (window[:, 1:2] + v * window[:, 3:4] + corner[:, 1:2]) / CANVAS * 2 - 1
        grid = torch.stack([x[:, None].expand(-1, SEEN, -1), y[:, :, None].expand(-1, -1, SEEN)], -1)
        maps = self.maps[ids]
        seen = F.grid_sample(maps, grid.to(maps.dtype), align_corners=False, padding_mode="border")
        return seen.flatten(2).transpose(1, 2).float()


@torch.no_grad()
def teacher_maps(ctx: Context, bank: Bank) -> torch.Tensor:
    """The ImageNet teacher's class logits at 9 x 9 places of every letterboxed photograph, `[n, 1000, 9, 9]`."""
    weights = torch.load(ctx.wait_for(ctx.work / "teacher_f16.pth"), map_location="cpu", weights_only=True)
    model = load_teacher(weights).to(ctx.device, ctx.dtype).to(memory_format=torch.channels_last)
    first, end = bank.sets[SET]
    out = torch.empty(end - first, 1000, MAP, MAP, dtype=ctx.dtype, device=ctx.device)
    weight, bias = model.classifier.weight[:, :, None, None], model.classifier.bias
    size = 256 if ctx.device.type == "cuda" else 4
    for i in range(first, end, size):
        ids = torch.arange(i, min(end, i + size), device=ctx.device)
        x = bank.render(bank.full(ids, letterboxed=True), dtype=ctx.dtype).permute(0, 3, 1, 2)
        x = F.interpolate(x, size=(INPUT, INPUT), mode="bilinear", align_corners=False)
        x = x.contiguous(memory_format=torch.channels_last)
        out[i - first : i - first + len(ids)] = F.conv2d(model.forward_features(x), weight, bias)
    return out
