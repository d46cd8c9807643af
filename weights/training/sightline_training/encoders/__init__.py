"""Encoders of the arms. Every arm is one file `arms/<name>.yaml`; its encoder maps pixels `[batch, height, width, 3]`,
`(p - 127) / 128`, to tokens `[batch, tokens, width]`."""

import importlib
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "arms"
WIDTH = 384
GRID = 14
TOKENS = GRID * GRID
CANVAS = 224


@dataclass(frozen=True)
class Arm:
    """One arm as its file says it: the shipped model's id, its encoder, and how the manifest describes that encoder."""

    name: str
    model: str
    title: str
    module: str
    build: dict
    toy: dict
    width: int
    image: int
    grid: int
    manifest: dict
    needs: tuple[str, ...] = ()  # stages to run before it is trained


def read_arm(path: Path) -> Arm:
    return Arm(name=path.stem, **yaml.safe_load(path.read_text()))


PAIR = ("vit", "vmamba")  # the arms that are shipped; others serve comparisons
ARMS: dict[str, Arm] = {path.stem: read_arm(path) for path in sorted(FOLDER.glob("*.yaml"))}


def make_encoder(arm: str, seed: int = 7, toy: bool = False) -> torch.nn.Module:
    """Freshly initialised encoder of one arm; `toy` gives a shallow one of the same interface for rehearsals."""
    if arm not in ARMS:
        raise ValueError(f"unknown arm {arm!r}, expected one of {sorted(ARMS)}")
    spec = ARMS[arm]
    torch.manual_seed(seed)
    module = importlib.import_module(f"{__name__}.{spec.module}")
    return module.build(**(spec.toy if toy else spec.build))
