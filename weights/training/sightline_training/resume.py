"""Checkpoints within a stage, so that a run that was cut off goes on where it was and ends with the same weights."""

import time
from pathlib import Path

import torch


class OutOfTime(Exception):
    """The run's time is over; what it was doing is kept."""


class Progress:
    """The state of a stage: modules or tensors that are trained, and their optimiser, at full precision.

    `state`: name -> module or tensor. Batches are functions of the step, so nothing else is needed.
    """

    def __init__(self, ctx, name: str, state: dict, optimizer, every: int):
        self.path = Path(ctx.work) / "progress" / f"{name}.pt"
        self.group, self.device = ctx.group, ctx.device
        self.state, self.optimizer, self.every = state, optimizer, every
        self.deadline = ctx.deadline
        self.start, self.begun, self.before = 0, time.time(), 0.0
        if self.path.exists():
            self._load()

    @property
    def seconds(self) -> float:
        """Time spent in this stage, earlier runs included."""
        return self.before + time.time() - self.begun

    def after(self, step: int) -> None:
        """To be called when a step is complete. Raises `OutOfTime` when the run's deadline is over."""
        over = self.deadline is not None and time.time() > self.deadline
        if (over or (step + 1) % self.every == 0) and self.group.first:
            self._save(step + 1)
        if over:
            raise OutOfTime

    def finish(self) -> None:
        """The stage's result is written; its checkpoint is not needed any more."""
        if self.group.first:
            self.path.unlink(missing_ok=True)

    def _save(self, step: int) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {k: v.state_dict() if isinstance(v, torch.nn.Module) else v.detach() for k, v in self.state.items()}
        partial = self.path.with_suffix(".partial")
        content = {"step": step, "seconds": self.seconds, "state": tensors, "optimizer": self.optimizer.state_dict()}
        torch.save(content, partial)
        partial.rename(self.path)

    def _load(self) -> None:
        saved = torch.load(self.path, map_location=self.device, weights_only=True)
        for name, target in self.state.items():
            if isinstance(target, torch.nn.Module):
                target.load_state_dict(saved["state"][name])
            else:
                target.data.copy_(saved["state"][name])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.start, self.before = saved["step"], saved["seconds"]
