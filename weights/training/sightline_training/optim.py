"""Optimiser, schedule, run log and batch hashes shared by the stages."""

import json
import math
import os
import time
from pathlib import Path

import torch

from .distributed import Group


class MasterAdamW:
    """AdamW over float32 master copies of low-precision working weights.

    groups: list of (parameters, learning rate, weight decay); decay acts on matrices only.
    group: processes that share a batch; their gradients are averaged.
    """

    def __init__(self, groups, betas=(0.9, 0.98), group: Group | None = None):
        self.group = group
        self.working, self.masters, self.rates, torch_groups = [], [], [], []
        for parameters, rate, decay in groups:
            parameters = [p for p in parameters if p.requires_grad]
            for matrices in (True, False):
                chosen = [p for p in parameters if (p.dim() >= 2) == matrices]
                if not chosen:
                    continue
                masters = [p.detach().float().clone() for p in chosen]
                self.working += chosen
                self.masters += masters
                self.rates.append(rate)
                torch_groups.append({"params": masters, "lr": rate, "weight_decay": decay if matrices else 0.0})
        self.adamw = torch.optim.AdamW(torch_groups, betas=betas, fused=self.working[0].is_cuda)

    def step(self, factor: float, clip: float = 1.0) -> torch.Tensor:
        """One update at `factor` times the base rates; returns the gradient norm before clipping."""
        for working, master in zip(self.working, self.masters, strict=True):
            master.grad = None if working.grad is None else working.grad.float()
        if self.group is not None:
            self.group.average([m.grad for m in self.masters if m.grad is not None])
        norm = torch.nn.utils.clip_grad_norm_(self.masters, clip, foreach=True)
        for group, rate in zip(self.adamw.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        self.adamw.step()
        with torch.no_grad():
            torch._foreach_copy_(self.working, self.masters)
        for working in self.working:
            working.grad = None
        return norm

    def state_dict(self) -> dict:
        return {"masters": [m.detach() for m in self.masters], "adamw": self.adamw.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        """Takes up where another optimiser of the same parameters was."""
        with torch.no_grad():
            for master, saved in zip(self.masters, state["masters"], strict=True):
                master.copy_(saved)
        self.adamw.load_state_dict(state["adamw"])


def cosine(step: int, steps: int, warmup: int, floor: float = 0.01) -> float:
    """Linear warm-up, then a cosine from 1 to `floor`."""
    decay = 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
    return min(1.0, (step + 1) / warmup) * (decay * (1 - floor) + floor)


class Diverged(ArithmeticError):
    """A loss is no number: what the run would go on to make is worth nothing."""


class RunLog:
    """Appends JSON lines to `<folder>/<name>.jsonl`, flushed as they come. A step whose loss is no number ends the run."""

    def __init__(self, folder: Path, name: str, silent: bool = False):
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.silent = name, silent
        path = os.devnull if silent else folder / f"{name}.jsonl"
        self.file = open(path, "a")  # noqa: SIM115  (open as long as the run)
        self.start = time.time()

    def write(self, show: bool = False, **values) -> None:
        values["s"] = round(time.time() - self.start, 1)
        line = json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()})
        self.file.write(line + "\n")
        self.file.flush()
        if show and not self.silent:
            print(f"{self.name}: {line}", flush=True)
        if "step" in values and "what" not in values:
            losses = {"loss": values["loss"]} if "loss" in values else values
            wrong = [k for k, v in losses.items() if k != "gn" and isinstance(v, float) and not math.isfinite(v)]
            if wrong:
                raise Diverged(f"{self.name}: {', '.join(wrong)} at step {values['step']} is no finite number")


def batch_hash(*tensors: torch.Tensor) -> str:
    """Order-independent exact hash of the bits of a batch: equal batches, equal hash, whatever the device adds first."""
    total = 0
    for tensor in tensors:
        bits = tensor.contiguous().view(torch.uint8).flatten()
        bits = torch.nn.functional.pad(bits, (0, -len(bits) % 8)).view(torch.int64)
        index = torch.arange(len(bits), device=bits.device)
        mixed = (bits ^ (index * -7046029254386353131)) * -4658895280553007687  # int64 products wrap
        mixed = mixed ^ (mixed >> 29)
        total = (total * 1_000_003 + int((mixed * -7723592293110705685).sum())) & (2**64 - 1)
    return f"{total:016x}"


def step_generator(device, seed: int, step: int) -> torch.Generator:
    """Random numbers that depend on the stage's seed and the step only: equal batches in both arms, resumable anywhere."""
    return torch.Generator(device=device).manual_seed(seed * 1_000_003 + step)


def synchronize(device) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()
