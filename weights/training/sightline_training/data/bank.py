"""All pictures of chosen sets in one flat pixel array, and the renderer that cuts mosaics out of it on the device.

A canvas is described by a `Canvas`: which layout, which picture in each slot, which window of it, flipped or not. The same
description gives pixels, boxes and token labels, on CPU (metadata only) and GPU alike.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch

from ..encoders import CANVAS, TOKENS
from ..heads import token_centres
from .layouts import SLOTS, make_layouts

COLUMNS = ("height", "width", "imagenet", "caltech", "tiny", "name", "box")


@dataclass
class Canvas:
    """A batch of canvases. All `[batch, ...]`: layout `[]`, picture `[16]`, rect and window `[16, 4]`, flip `[16]`.

    rect: where the slot's content lies on the canvas, px x0 y0 x1 y1 (smaller than the slot where it is letterboxed);
    window: the part of the picture shown, px x y width height.
    """

    layout: torch.Tensor
    picture: torch.Tensor
    rect: torch.Tensor
    window: torch.Tensor
    flip: torch.Tensor

    def to(self, device) -> "Canvas":
        return Canvas(*(getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)))

    def __getitem__(self, index) -> "Canvas":
        return Canvas(*(getattr(self, f.name)[index] for f in fields(self)))

    @staticmethod
    def cat(parts: list["Canvas"]) -> "Canvas":
        return Canvas(*(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(Canvas)))


def letterbox_rect(aspect: torch.Tensor) -> torch.Tensor:
    """Content rectangle of a letterboxed picture of `aspect` = width / height. `[...]` -> `[..., 4]` px"""
    width = CANVAS * aspect.clamp(max=1)
    height = CANVAS / aspect.clamp(min=1)
    x0, y0 = (CANVAS - width) / 2, (CANVAS - height) / 2
    return torch.stack([x0, y0, x0 + width, y0 + height], -1)


def shard_pixels(folder: Path, name: str, shard: dict) -> torch.Tensor:
    """All pixels of a set, int32 RGBX: in the shard, or in a file of their own beside it (`data/photo_shard.py`)."""
    if "pixels" in shard:
        return shard["pixels"]
    return torch.from_numpy(np.memmap(folder / f"{name}.pixels", np.int32, "c"))


class Bank:
    """Pictures of several sets. `sets[name] = (first, end)` picture ids; columns are one entry a picture."""

    def __init__(self, folder: Path, sets: list[str], device="cpu", pixels: bool = True):
        self.device = torch.device(device)
        self.folder = Path(folder)
        shards = [torch.load(self.folder / f"{s}.pt", mmap=True, weights_only=True) for s in sets]
        self.sets, start = {}, 0
        for name, shard in zip(sets, shards, strict=True):
            self.sets[name] = (start, start + len(shard["height"]))
            start += len(shard["height"])
        for column in COLUMNS:
            setattr(self, column, torch.cat([s[column] for s in shards]).to(self.device))
        areas = torch.cat([s["height"].long() * s["width"].long() for s in shards])
        self.offset = (areas.cumsum(0) - areas).to(self.device)
        if pixels:
            self.pixels = torch.empty(int(areas.sum()), dtype=torch.int32, device=self.device)
            at = 0
            for name, shard in zip(sets, shards, strict=True):
                part = shard_pixels(self.folder, name, shard)
                self.pixels[at : at + len(part)] = part.to(self.device)
                at += len(part)
        self.layouts = make_layouts().to(self.device)

    def texts(self, name: str):
        return json.loads((self.folder / f"{name}_texts.json").read_text())

    def canvases(self, name: str) -> np.ndarray:
        """Held-out pictures of a set through the product's transform, `[n, 224, 224, 3]` uint8."""
        return np.load(self.folder / f"{name}_canvas.npy", mmap_mode="r")

    def pick(self, probabilities: dict[str, float], shape: tuple, generator) -> torch.Tensor:
        """Random picture ids, each from a set drawn with the given probability."""
        p = torch.tensor(list(probabilities.values()), device=self.device)
        first = torch.tensor([self.sets[s][0] for s in probabilities], device=self.device)
        end = torch.tensor([self.sets[s][1] for s in probabilities], device=self.device)
        count = int(np.prod(shape))
        which = torch.multinomial(p, count, replacement=True, generator=generator).view(shape)
        share = torch.rand(shape, device=self.device, dtype=torch.float64, generator=generator)
        return (first[which] + share * (end - first)[which]).long()

    def windows(self, picture, rect, area_min, jitter, generator, keep_box: bool = False) -> torch.Tensor:
        """Random windows with the aspect of `rect`, area `area_min`..1 of the largest that fits, log-aspect +-`jitter`.

        With `keep_box` a window holds the whole object box where it can, else it is centred on it.
        # Shapes
        picture `[batch, slots]`, rect `[batch, slots, 4]` -> `[batch, slots, 4]` px x y width height
        """
        rand = lambda: torch.rand(picture.shape, device=self.device, generator=generator)  # noqa: E731
        full_w, full_h = self.width[picture].float(), self.height[picture].float()
        rect_w = (rect[..., 2] - rect[..., 0]).clamp(min=1)
        rect_h = (rect[..., 3] - rect[..., 1]).clamp(min=1)
        aspect = rect_w / rect_h * torch.exp((rand() * 2 - 1) * jitter)
        width = torch.minimum(full_w, full_h * aspect)
        height = width / aspect
        scale = (area_min + (1 - area_min) * rand()).sqrt()
        width, height = width * scale, height * scale
        x0 = self._place(full_w, width, rand(), self.box[picture][..., 0::2] if keep_box else None)
        y0 = self._place(full_h, height, rand(), self.box[picture][..., 1::2] if keep_box else None)
        return torch.stack([x0, y0, width, height], -1)

    @staticmethod
    def _place(full, size, share, interval):
        """Start of a window of `size` in 0..full; `interval` `[..., 2]` is to stay inside it where it can."""
        free = share * (full - size)
        if interval is None:
            return free
        low = (interval[..., 1] - size).clamp(min=0)
        high = torch.minimum(full - size, interval[..., 0])
        centred = torch.minimum(((interval[..., 0] + interval[..., 1]) / 2 - size / 2).clamp(min=0), full - size)
        kept = torch.where(high >= low, low + share * (high - low), centred)
        return torch.where(interval[..., 1] > 0, kept, free)

    def boxes(self, canvas: Canvas) -> torch.Tensor:
        """Object boxes on the canvas, px `[batch, slots, 4]`."""
        box, win, rect = self.box[canvas.picture], canvas.window, canvas.rect
        u0 = ((box[..., 0] - win[..., 0]) / win[..., 2]).clamp(0, 1)
        u1 = ((box[..., 2] - win[..., 0]) / win[..., 2]).clamp(0, 1)
        v0 = ((box[..., 1] - win[..., 1]) / win[..., 3]).clamp(0, 1)
        v1 = ((box[..., 3] - win[..., 1]) / win[..., 3]).clamp(0, 1)
        u0, u1 = torch.where(canvas.flip, 1 - u1, u0), torch.where(canvas.flip, 1 - u0, u1)
        width, height = rect[..., 2] - rect[..., 0], rect[..., 3] - rect[..., 1]
        corners = (rect[..., 0] + u0 * width, rect[..., 1] + v0 * height)
        return torch.stack([*corners, rect[..., 0] + u1 * width, rect[..., 1] + v1 * height], -1)

    def token_slots(self, canvas: Canvas) -> tuple[torch.Tensor, torch.Tensor]:
        """Slot of every token `[batch, 196]`, and whether its centre lies on content (False: letterbox padding)."""
        slot = self.layouts.token_slot[canvas.layout]
        rect = canvas.rect.gather(1, slot[..., None].expand(-1, -1, 4))
        return slot, _inside(rect)

    def token_boxes(self, canvas: Canvas):
        """For every token the box of its slot's object, px `[batch, 196, 4]`, and whether its centre lies in it."""
        slot = self.layouts.token_slot[canvas.layout]
        box = self.boxes(canvas).gather(1, slot[..., None].expand(-1, -1, 4))
        return box, _inside(box)

    def full(self, pictures: torch.Tensor, letterboxed: bool = False) -> Canvas:
        """Canvases of whole pictures, squashed to the square or letterboxed."""
        batch = len(pictures)
        picture = pictures.view(-1, 1).expand(-1, SLOTS)
        w, h = self.width[picture].float(), self.height[picture].float()
        zero = torch.zeros_like(w)
        square = torch.tensor([0.0, 0.0, CANVAS, CANVAS], device=self.device).expand(batch, SLOTS, 4)
        return Canvas(
            layout=torch.zeros(batch, dtype=torch.long, device=self.device),
            picture=picture,
            rect=letterbox_rect(w / h) if letterboxed else square,
            window=torch.stack([zero, zero, w, h], -1),
            flip=torch.zeros(batch, SLOTS, dtype=torch.bool, device=self.device),
        )

    @torch.no_grad()
    def render(
        self, canvas: Canvas, jitter: float = 0.0, generator=None, dtype=torch.bfloat16, channel: float | None = None
    ) -> torch.Tensor:
        """Pixels `(p - 127) / 128` of the canvases, bilinear, `[batch, 224, 224, 3]`; padding is 0.

        jitter: contrast and brightness +-jitter per slot; channel: gain of a colour channel, +-jitter / 2 where not given.
        """
        slot = self.layouts.slot_map[canvas.layout].long()
        channel = 0.5 * jitter if channel is None else channel
        return self._sample(canvas, slot, CANVAS, jitter, generator, channel).to(dtype)

    @torch.no_grad()
    def render_square(self, pictures, size: int, dtype=torch.bfloat16) -> torch.Tensor:
        """Whole pictures squashed to `size` px (the teacher's input)."""
        canvas = self.full(pictures)
        canvas.rect = canvas.rect * (size / CANVAS)
        slot = torch.zeros(len(pictures), size * size, dtype=torch.long, device=self.device)
        return self._sample(canvas, slot, size, 0.0, None).to(dtype)

    @torch.no_grad()
    def render_placed(self, pictures, rect, flip, size: tuple[int, int], dtype=torch.bfloat16) -> torch.Tensor:
        """One whole picture on each canvas of `size` = (height, width) px, at `rect` `[batch, 4]` px, mirrored where `flip`
        `[batch]` says so. `[batch, height, width, 3]`"""
        canvas = self.full(pictures)
        canvas.rect = rect[:, None].expand(-1, SLOTS, 4)
        canvas.flip = flip[:, None].expand(-1, SLOTS)
        slot = torch.zeros(len(pictures), size[0] * size[1], dtype=torch.long, device=self.device)
        return self._sample(canvas, slot, size, 0.0, None).to(dtype)

    def _sample(self, canvas: Canvas, slot, size: int | tuple[int, int], jitter: float, generator, channel=0.0):
        batch, device = slot.shape[0], self.device
        tall, wide = (size, size) if isinstance(size, int) else size
        at = lambda t: t.gather(1, slot)  # noqa: E731
        xs = torch.arange(wide, device=device).repeat(tall).float() + 0.5
        ys = torch.arange(tall, device=device).repeat_interleave(wide).float() + 0.5
        rect, win = canvas.rect, canvas.window
        u = (xs - at(rect[..., 0])) / at((rect[..., 2] - rect[..., 0]).clamp(min=1))
        v = (ys - at(rect[..., 1])) / at((rect[..., 3] - rect[..., 1]).clamp(min=1))
        content = (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
        u = torch.where(at(canvas.flip), 1 - u, u)
        width, height = at(self.width[canvas.picture].long()), at(self.height[canvas.picture].long())
        sx = torch.minimum((at(win[..., 0]) + u * at(win[..., 2]) - 0.5).clamp(min=0), (width - 1).float())
        sy = torch.minimum((at(win[..., 1]) + v * at(win[..., 3]) - 0.5).clamp(min=0), (height - 1).float())
        x0, y0 = sx.floor().long(), sy.floor().long()
        fx, fy = (sx - x0)[..., None], (sy - y0)[..., None]
        x1, y1 = torch.minimum(x0 + 1, width - 1), torch.minimum(y0 + 1, height - 1)
        start = at(self.offset[canvas.picture])
        shift = torch.tensor([0, 8, 16], device=device, dtype=torch.int32)
        pixel = lambda x, y: ((self.pixels[start + y * width + x][..., None] >> shift) & 255).float()  # noqa: E731
        top = pixel(x0, y0) * (1 - fx) + pixel(x1, y0) * fx
        bottom = pixel(x0, y1) * (1 - fx) + pixel(x1, y1) * fx
        color = (top * (1 - fy) + bottom * fy - 127) / 128
        if jitter > 0:
            rand = lambda n: torch.rand(batch, SLOTS, n, device=device, generator=generator) * 2 - 1  # noqa: E731
            gain = (1 + jitter * rand(1)) * (1 + channel * rand(3))
            shade = (jitter * rand(1)).expand(-1, -1, 3)
            index = slot[..., None].expand(-1, -1, 3)
            color = color * gain.gather(1, index) + shade.gather(1, index)
        return (color * content[..., None]).view(batch, tall, wide, 3)


def _inside(box: torch.Tensor) -> torch.Tensor:
    """Whether the centre of each token lies in its box. `[batch, 196, 4]` px -> `[batch, 196]`"""
    centre = token_centres(box.device).view(1, TOKENS, 2) * CANVAS
    x, y = centre[..., 0], centre[..., 1]
    return (x > box[..., 0]) & (x < box[..., 2]) & (y > box[..., 1]) & (y < box[..., 3])
