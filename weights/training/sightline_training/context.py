"""What every stage needs: folders, device, recipe, pictures; kept in one place so that a run of all stages shares it."""

import json
import time
from pathlib import Path

import torch
import yaml

from .data.bank import Bank
from .distributed import Group
from .optim import RunLog

RECIPES = Path(__file__).resolve().parents[1] / "recipes"


def load_recipe(name: str, toy: bool = False, variant: str | None = None) -> dict:
    """`recipes/<name>.yaml`, by which the shipped pair was made; `recipes/<variant>/<name>.yaml` says only what differs, and the
    `toy:` section overrides the rest in rehearsals."""
    recipe = yaml.safe_load((RECIPES / f"{name}.yaml").read_text())
    rehearsal = recipe.pop("toy", {})
    if variant is not None:
        if not (RECIPES / variant).is_dir():
            raise FileNotFoundError(f"no recipes called {variant!r} in {RECIPES}")
        other = RECIPES / variant / f"{name}.yaml"
        recipe |= yaml.safe_load(other.read_text()) if other.exists() else {}
    return recipe | rehearsal if toy else recipe


class Context:
    """One run: `work` holds shards, checkpoints and logs; `toy` shrinks everything for a rehearsal on a CPU; `repeat` 1, 2, ...
    draws other random numbers by the same recipes."""

    def __init__(
        self, work: Path, toy: bool = False, device: str | None = None, variant: str | None = None, repeat: int = 0
    ):
        self.work = Path(work)
        self.toy, self.variant, self.repeat = toy, variant, repeat
        self.deadline: float | None = None  # when stages keep what they have and stop, as `time.time()` gives it
        self.group = Group()
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.dtype = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        torch.backends.cudnn.benchmark = self.device.type == "cuda"
        self.shards = self.work / "shards"
        self.checkpoints = self.work / "checkpoints"
        self.logs = self.work / "logs"
        for folder in (self.checkpoints, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self._bank: Bank | None = None

    def recipe(self, name: str) -> dict:
        recipe = load_recipe(name, self.toy, self.variant)
        if self.repeat and "seed" in recipe:
            recipe["seed"] += 1000 * self.repeat
        return recipe

    def bank(self, sets: list[str]) -> Bank:
        """A bank that holds at least `sets`, in a fixed order; waits for shards that are still being decoded."""
        if self._bank is None or not set(sets) <= set(self._bank.sets):
            for name in sets:
                self.wait_for(self.shards / f"{name}.pt")
            self.drop_bank()
            self._bank = Bank(self.shards, sets, self.device)
        return self._bank

    def drop_bank(self) -> None:
        """Frees the pictures on the device."""
        self._bank = None
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def excluded(self, bank: Bank) -> list[int]:
        """Picture ids, in `bank`, of held-out pictures that look like a training picture; they are never scored."""
        rows = {} if self.toy else self.recipe("evaluate")["excluded"]
        return [bank.sets[name][0] + r for name, listed in rows.items() if name in bank.sets for r in listed]

    def wait_for(self, path: Path, seconds: float = 900) -> Path:
        start = time.time()
        while not path.exists():
            if time.time() - start > seconds:
                raise TimeoutError(f"{path} did not appear")
            time.sleep(0.3)
        return path

    def start(self, model: str) -> Path:
        """The bundle that a tuning stage starts from, in `RUN/start/<model id>`."""
        return self.wait_for(self.work / "start" / model / "model.safetensors")

    @property
    def limit(self) -> int:
        """Photographs used in a rehearsal: as many as its shard holds; 0 for all."""
        return len(torch.load(self.shards / "photos.pt", weights_only=True)["height"]) if self.toy else 0

    def log(self, name: str) -> RunLog:
        return RunLog(self.logs, name, silent=not self.group.first)

    def save(self, name: str, **content) -> None:
        """Checkpoint under a temporary name, then renamed; floats as f16."""
        if not self.group.first:
            return
        path = self.checkpoints / f"{name}.pt"
        torch.save(_shrink(content), path.with_suffix(".tmp"))
        path.with_suffix(".tmp").rename(path)

    def load(self, name: str) -> dict:
        return torch.load(self.checkpoints / f"{name}.pt", map_location=self.device, weights_only=True)

    def result(self, name: str, values: dict) -> None:
        """Scores of a stage, kept as JSON beside the logs."""
        if self.group.first:
            (self.logs / f"{name}.json").write_text(json.dumps(values, indent=1) + "\n")


def _shrink(value):
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return value.half() if value.is_floating_point() else value
    if isinstance(value, dict):
        return {k: _shrink(v) for k, v in value.items()}
    return value
