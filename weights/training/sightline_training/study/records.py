"""What a run of the study leaves: `<name>.json`, and `<name>.npz` with one row per scored sample.

The JSON holds `plan` (the row of the plan), `status` ("done" or "failed"), `seconds`, `losses`, `watched`, `batches` (step ->
hash of the batch) and `scores` (measure -> `n` and `mean`). The NPZ holds per measure `<measure>.sample` (number of the
question, int64), `<measure>.picture` (int32) and `<measure>.score` (f16, 0..1). Rows of one measure stand in the same order in
every run, so runs are compared sample by sample.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

DONE, FAILED = "done", "failed"


@dataclass
class Rows:
    """The samples of one measure: numbers of the questions, pictures, and scores from 0 to 1."""

    sample: np.ndarray
    picture: np.ndarray
    score: np.ndarray

    def __post_init__(self):
        self.sample = np.asarray(self.sample, np.int64)
        self.picture = np.asarray(self.picture, np.int32)
        self.score = np.asarray(self.score, np.float16)
        if not len(self.sample) == len(self.picture) == len(self.score):
            raise ValueError("samples, pictures and scores differ in number")

    def __len__(self) -> int:
        return len(self.sample)

    @property
    def mean(self) -> float | None:
        return round(float(self.score.astype(np.float64).mean()), 5) if len(self) else None


@dataclass
class Record:
    """One run: its row of the plan, how it ended, and its samples by measure."""

    plan: dict
    status: str
    content: dict = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.plan["name"]

    def save(self, folder: Path) -> None:
        """Writes both files under temporary names first; the JSON last, because it says that the run is over."""
        folder.mkdir(parents=True, exist_ok=True)
        scores = {m: {"n": len(r), "mean": r.mean} for m, r in self.rows.items()}
        if self.rows:
            columns = {f"{m}.{c}": getattr(r, c) for m, r in self.rows.items() for c in ("sample", "picture", "score")}
            partial = folder / f"{self.name}.partial.npz"
            np.savez_compressed(partial, **columns)
            os.replace(partial, folder / f"{self.name}.npz")
        content = {"plan": self.plan, "status": self.status, **self.content, "scores": scores}
        partial = folder / f"{self.name}.partial"
        partial.write_text(json.dumps(content, indent=1) + "\n")
        os.replace(partial, folder / f"{self.name}.json")

    @classmethod
    def load(cls, path: Path) -> "Record":
        content, columns = json.loads(path.read_text()), path.with_suffix(".npz")
        rows = {}
        if columns.exists():
            with np.load(columns) as kept:
                measures = dict.fromkeys(key.rsplit(".", 1)[0] for key in kept.files)
                rows = {m: Rows(*(kept[f"{m}.{c}"] for c in ("sample", "picture", "score"))) for m in measures}
        plan, status = content.pop("plan"), content.pop("status")
        return cls(plan, status, content, rows)


def load_records(folder: Path) -> dict[str, Record]:
    """All records of a folder by name."""
    return {path.stem: Record.load(path) for path in sorted(Path(folder).glob("*.json"))}
