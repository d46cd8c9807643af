"""Texts and splits of the photographs, as `data/photos.py` writes them: `photos_texts.json.gz` in the run's folder, and
`recipes/photos/splits.json`, which is the law."""

import gzip
import json
from pathlib import Path

SPLITS = Path(__file__).resolve().parents[2] / "recipes" / "photos" / "splits.json"


class Photos:
    """What is known of every photograph beside its pixels. `texts[row]` holds some of `captions`, `present`, `vqa`, `v7w`, `vg`;
    `splits[name]` the rows of a part; `limit` keeps the first rows only (rehearsals)."""

    def __init__(self, work: Path, limit: int = 0):
        with gzip.open(Path(work) / "photos_texts.json.gz", "rt", encoding="utf-8") as file:
            data = json.load(file)
        self.texts, self.set_of = data["texts"], data["set"]
        self.splits = json.loads(SPLITS.read_text())
        if limit:
            self.texts, self.set_of = self.texts[:limit], self.set_of[:limit]
            self.splits = {name: [r for r in rows if r < limit] for name, rows in self.splits.items()}

    def __len__(self) -> int:
        return len(self.texts)

    def rows(self, split: str) -> list[int]:
        return self.splits[split]
