"""What all runs of one process share: pictures, texts, targets, the language model. Everything is made once."""

import functools
import json
from pathlib import Path

import torch

from ..context import Context
from ..data.bank import Bank
from ..data.photo_questions import PhotoAsker
from ..data.photo_shard import SET
from ..data.photo_texts import Photos
from ..photo_join import OLD_SETS
from ..photo_targets import Targets
from ..photo_tune import find_targets
from ..vlm import load_language_model

# The join's sets first: its batches name pictures by their places in a bank of these alone.
SETS = [*OLD_SETS, SET, "imagenette_val", "tiny_val"]


class Study(Context):
    """A context whose pictures stay on the device from run to run."""

    def bank(self, sets: list[str] = SETS) -> Bank:
        if not set(sets) <= set(SETS):
            raise ValueError(f"the study has the sets {', '.join(SETS)}, not {', '.join(sets)}")
        return super().bank(SETS)

    def drop_bank(self) -> None:
        """Keeps the pictures: the next run needs them again."""

    @functools.cached_property
    def photos(self) -> Photos:
        return Photos(self.work, self.limit)

    @functools.cached_property
    def asker(self) -> PhotoAsker:
        boxes = {k: v.cpu() for k, v in self.load("boxes").items()}
        return PhotoAsker(self.photos.texts, boxes, self.photos.rows("train"))

    @functools.cached_property
    def targets(self) -> Targets:
        return find_targets(self, self.photos, self.bank())

    def keep_maps(self, device) -> None:
        """Where the teacher's maps are, which fill 9 GB and only tuning reads."""
        if "targets" in self.__dict__:
            self.targets.maps = self.targets.maps.to(device)

    @functools.cached_property
    def language(self) -> tuple:
        return load_language_model(self)

    def overridden(self, name: str, row: dict, settings: dict) -> dict:
        """Recipe `name` with the seed and steps of a run of the plan, and what else the plan says of it."""
        return self.recipe(name) | settings | row.get("recipe", {}) | {"seed": row["seed"], "steps": row["steps"]}

    def history(self, name: str) -> dict:
        """Losses, watched values and hashes of batches that a stage has logged; a step that was made twice counts once."""
        losses, watched, batches, seconds = {}, {}, {}, None
        path = Path(self.logs) / f"{name}.jsonl"
        for line in map(json.loads, path.read_text().splitlines() if path.exists() else []):
            step = line.pop("step", None)
            line.pop("s", None)
            what = line.pop("what", None)
            if what in ("done", "free answers"):
                seconds = line["seconds"]
            elif "batch" in line:
                batches[step] = line["batch"]
            elif what == "watched":
                watched[step] = line
            elif "loss" in line and step % 100 == 0:
                losses[step] = line
        return {"losses": losses, "watched": watched, "batches": batches, "stage_seconds": seconds}


def seeded(module: type, seed: int, *values) -> torch.nn.Module:
    """A module whose first weights follow from `seed`."""
    torch.manual_seed(seed)
    return module(*values)
