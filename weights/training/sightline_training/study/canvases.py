"""Canvases on which a photograph can stand, and frames in which a box can be told (claim 4).

Boxes are `(x0, y0, x1, y1)`. A frame is the canvas whose fractions a box is given in; the frame is wrong where it is not that of
the canvas which the encoder sees.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from ..encoders.vit import Block
from ..encoders.vmamba import VSSBlock

STRIDE = 16  # px per token


@dataclass(frozen=True)
class Placing:
    """A canvas of `height` x `width` px. `centred`: the picture fills it as far as it can, in the middle; otherwise the picture
    is shrunk to fit, never enlarged, and stands in the top left corner."""

    height: int
    width: int
    centred: bool

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of tokens."""
        return -(-self.height // STRIDE), -(-self.width // STRIDE)

    @property
    def tokens(self) -> int:
        return self.grid[0] * self.grid[1]

    def rect(self, size: tuple[int, int]) -> tuple[float, float, float, float]:
        """Where a picture of `size` = (width, height) px lies, px of the canvas."""
        width, height = size
        scale = min(self.width / width, self.height / height)
        if not self.centred:
            scale = min(scale, 1.0)
        w, h = width * scale, height * scale
        x, y = ((self.width - w) / 2, (self.height - h) / 2) if self.centred else (0.0, 0.0)
        return x, y, x + w, y + h

    def fractions(self, box, size: tuple[int, int]) -> list[float]:
        """A box in px of the picture, as fractions of this canvas."""
        x, y, x1, _ = self.rect(size)
        scale = (x1 - x) / size[0]
        side, start = (self.width, self.height) * 2, (x, y) * 2
        return [(v * scale + s) / full for v, s, full in zip(box, start, side, strict=True)]

    def pixels(self, box, size: tuple[int, int]) -> list[float]:
        """The way back: fractions of this canvas as px of the picture; a box off the picture stays off it."""
        x, y, x1, _ = self.rect(size)
        scale = (x1 - x) / size[0]
        side, start = (self.width, self.height) * 2, (x, y) * 2
        return [(v * full - s) / scale for v, s, full in zip(box, start, side, strict=True)]


# The square ones are the policies `letterbox` and `letterbox-corner` of the Rust crate. The wide
# one is `letterbox-corner` on 176 x 288 px: 11 x 18 = 198 tokens where the squares have 196, and
# nearly the shape of the paper's 800 x 1333 px.
CANVASES = {
    "letterbox": Placing(224, 224, True),
    "corner": Placing(224, 224, False),
    "wide": Placing(176, 288, False),
}
# Labels in the wrong frame: where the picture stands in a corner, those of the centred square, as
# the paper's training set has them; where it is centred, those of the corner.
WRONG = {"letterbox": "corner", "corner": "letterbox", "wide": "letterbox"}


def frame_of(canvas: str, labels: str) -> Placing:
    """The frame of the labels "right" or "wrong" of a canvas."""
    if labels not in ("right", "wrong"):
        raise ValueError(f"labels are in the 'right' or the 'wrong' frame, not {labels!r}")
    return CANVASES[canvas if labels == "right" else WRONG[canvas]]


def fitted(encoder: nn.Module, placing: Placing) -> nn.Module:
    """The encoder for a canvas. A learned position table is stretched to the grid (bicubic, as timm does); VMamba has none: its
    convolutions and scans take any grid."""
    table = getattr(encoder, "pos_embed", None)
    if table is None or table.shape[1] == placing.tokens:
        return encoder
    encoder = copy.deepcopy(encoder)
    side = round(table.shape[1] ** 0.5)
    square = table.detach().float().view(1, side, side, -1).permute(0, 3, 1, 2)
    stretched = F.interpolate(square, placing.grid, mode="bicubic", antialias=True, align_corners=False)
    stretched = stretched.flatten(2).transpose(1, 2).to(table.dtype)
    encoder.pos_embed = nn.Parameter(stretched, requires_grad=False)
    return encoder


def stretched_line(vectors: torch.Tensor, count: int) -> torch.Tensor:
    """Position vectors of the rows or columns of another grid, at the same fractions of the canvas. `[n, c]` -> `[count, c]`"""
    line = F.interpolate(vectors.detach().float().t()[None], count, mode="linear", align_corners=False)
    return line[0].t().contiguous().to(vectors.dtype)


@contextmanager
def dropped_paths(encoder: nn.Module, rate: float, generator: torch.Generator) -> Iterator[None]:
    """The encoder as train mode has it where it was built with drop path: a residual branch of a block is left out for some
    pictures, with a probability that grows from 0 in the first block to `rate` in the last, and is scaled up for the others."""
    blocks = [m for m in encoder.modules() if isinstance(m, Block | VSSBlock)]
    rates = torch.linspace(0, rate, len(blocks)).tolist()
    handles = []
    for block, p in zip(blocks, rates, strict=True):
        for branch in (block.attn if isinstance(block, Block) else block.op, block.mlp):
            handles.append(branch.register_forward_hook(_leaving_out(p, generator)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _leaving_out(p: float, generator: torch.Generator):
    def hook(_module, _inputs, output):
        kept = torch.rand(len(output), device=output.device, generator=generator) >= p
        return output * (kept / (1 - p)).to(output.dtype).view(-1, *[1] * (output.dim() - 1))

    return hook
