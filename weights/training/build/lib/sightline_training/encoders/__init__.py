"""Encoders of the two arms. Both map `[batch, 224, 224, 3]` pixels, `(p - 127) / 128`, to `[batch, 196, 384]` tokens."""

import torch

from .vit import VisionTransformer
from .vmamba import VMamba

ARMS = ("vit", "vmamba")
WIDTH = 384
GRID = 14
TOKENS = GRID * GRID
CANVAS = 224


def make_encoder(arm: str, seed: int = 7, toy: bool = False) -> torch.nn.Module:
    """Freshly initialised encoder of one arm; `toy` gives a shallow one of the same interface for rehearsals."""
    torch.manual_seed(seed)
    if arm == "vit":
        return VisionTransformer(width=WIDTH, depth=1 if toy else 8, heads=6)
    if arm == "vmamba":
        return VMamba(dims=(32, 64, WIDTH), depths=(1, 1, 1)) if toy else VMamba()
    raise ValueError(f"unknown arm {arm!r}, expected one of {ARMS}")
