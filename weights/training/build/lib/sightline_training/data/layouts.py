"""Mosaic layouts of the 224 px canvas: up to 16 rectangles ("slots") that cover it."""

import random
from dataclasses import dataclass

import torch

from ..encoders import CANVAS, GRID, TOKENS

SLOTS = 16
SINGLE, ALIGNED, TILES, FREE = range(4)  # kinds: one picture, cuts on the token grid, 4x4 tiles, cuts anywhere


@dataclass
class Layouts:
    """rect `[layouts, 16, 4]` px, count `[layouts]`, slot_map `[layouts, 224 * 224]` uint8, ranges: kind -> (first, end)."""

    rect: torch.Tensor
    count: torch.Tensor
    slot_map: torch.Tensor
    token_slot: torch.Tensor  # [layouts, 196], slot under each token's centre
    ranges: dict[int, tuple[int, int]]

    def to(self, device) -> "Layouts":
        move = lambda t: t.to(device)  # noqa: E731
        return Layouts(move(self.rect), move(self.count), move(self.slot_map), move(self.token_slot), self.ranges)


def guillotine(rng: random.Random, parts: int, grid: int, smallest: int) -> list[tuple]:
    """Cuts the canvas into about `parts` rectangles by repeated straight cuts at multiples of `grid` px."""
    rects = [(0, 0, CANVAS, CANVAS)]
    for _ in range(200):
        if len(rects) >= parts:
            break
        rects.sort(key=lambda r: -(r[2] - r[0]) * (r[3] - r[1]) * rng.uniform(0.5, 1))
        x0, y0, x1, y1 = rects[0]
        width, height = x1 - x0, y1 - y0
        vertical = width > height if abs(width - height) > 20 else rng.random() < 0.5
        side = width if vertical else height
        if side < 2 * smallest:
            continue
        cut = rng.uniform(max(smallest, 0.3 * side), min(side - smallest, 0.7 * side))
        cut = int(round(cut / grid) * grid)
        if cut < smallest or side - cut < smallest:
            continue
        rects.pop(0)
        if vertical:
            rects += [(x0, y0, x0 + cut, y1), (x0 + cut, y0, x1, y1)]
        else:
            rects += [(x0, y0, x1, y0 + cut), (x0, y0 + cut, x1, y1)]
    return rects


def _tiles(rng: random.Random) -> list[tuple]:
    """4x4 tiles of 48 or 64 px."""
    cuts = []
    for _ in range(2):
        widths = [48, 48, 64, 64]
        rng.shuffle(widths)
        cuts.append([sum(widths[:i]) for i in range(5)])
    xs, ys = cuts
    return [(xs[i], ys[j], xs[i + 1], ys[j + 1]) for j in range(4) for i in range(4)]


def make_layouts(seed: int = 0, aligned: int = 512, tiles: int = 64, free: int = 1024) -> Layouts:
    """The fixed table of layouts that all stages draw from."""
    rng = random.Random(seed)
    table = [([(0, 0, CANVAS, CANVAS)], SINGLE)]
    table += [(guillotine(rng, rng.choice([2, 3, 4, 4, 5, 6, 8]), 16, 48), ALIGNED) for _ in range(aligned)]
    table += [(_tiles(rng), TILES) for _ in range(tiles)]
    table += [(guillotine(rng, rng.choice([2, 3, 4, 5, 6]), 1, 56), FREE) for _ in range(free)]
    rect = torch.zeros(len(table), SLOTS, 4)
    slot_map = torch.zeros(len(table), CANVAS, CANVAS, dtype=torch.uint8)
    for i, (rects, _) in enumerate(table):
        for s, (x0, y0, x1, y1) in enumerate(rects):
            rect[i, s] = torch.tensor((x0, y0, x1, y1), dtype=torch.float32)
            slot_map[i, y0:y1, x0:x1] = s
    kinds = [kind for _, kind in table]
    ranges = {k: (kinds.index(k), len(kinds) - kinds[::-1].index(k)) for k in (SINGLE, ALIGNED, TILES, FREE)}
    step = CANVAS // GRID
    token_slot = slot_map[:, step // 2 :: step, step // 2 :: step].reshape(-1, TOKENS).long()
    count = torch.tensor([len(rects) for rects, _ in table])
    return Layouts(rect, count, slot_map.flatten(1), token_slot, ranges)
