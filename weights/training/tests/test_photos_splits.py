"""The splits of the photographs: disjoint, the drawn parts as published, and nothing in `train` that looks like a scored picture.

The last two tests need the pictures: `SIGHTLINE_PHOTOS` (folder of the packs) and `SIGHTLINE_DATA` (the other sets).
"""

import hashlib
import io
import json
import os
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from sightline_training.data import photos_splits
from sightline_training.data.duplicates import image_hash
from sightline_training.data.photos import COUNT, descriptor
from sightline_training.data.photos_splits import HELD_OUT, Looks, complete, draw_vg_test, elsewhere, load_splits
from sightline_training.data.sources import TRAIN_SETS, read_rows

# Rows of the drawn parts, hashed: a changed draw would let a picture that was trained on be scored.
DRAWN = {
    "vqa_test": (2730, "d3e5f26036120f16"), "vqa_dev": (729, "f2e6b8a048d90151"), "v7w_test": (786, "6bb9cdcb7b294e74"),
    "flickr_test": (500, "1a2230531e441ec1"), "vg_test": (100, "b8a24095f8ffb258"), "reserve": (600, "5958deefc0cedb9c"),
}  # fmt: skip
# Looked at: they are different pictures (a biplane and a helicopter, each small in a plain sky).
DIFFERENT = {("caltech_train", 31685)}


def folder(name: str) -> Path:
    value = os.environ.get(name)
    if not value:
        pytest.skip(f"{name} not set: the pictures are not part of the repository")
    return Path(value)


def digest(rows: list[int]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def invented(count: int, seed: int) -> tuple[list[Image.Image], Looks]:
    rng = np.random.default_rng(seed)
    pictures = [
        Image.fromarray(rng.integers(0, 255, (8, 8, 3)).astype(np.uint8)).resize((96, 72)) for _ in range(count)
    ]
    return pictures, looks(pictures)


def looks(pictures: list[Image.Image]) -> Looks:
    return Looks(np.stack([image_hash(p) for p in pictures]), np.stack([descriptor(p) for p in pictures]))


def test_parts_are_disjoint_and_as_drawn():
    splits = load_splits()
    rows = [r for part in splits.values() for r in part]
    assert len(rows) == len(set(rows)) and min(rows) >= 0 and max(rows) < COUNT
    assert all(part == sorted(part) for part in splits.values())
    assert {n: (len(splits[n]), digest(splits[n])) for n in HELD_OUT} == DRAWN
    assert len(splits["train"]) > 49_000


def test_alike_finds_copies_and_nothing_else():
    pictures, found = invented(20, 1)
    again = io.BytesIO()
    pictures[7].resize((64, 48)).save(again, "JPEG", quality=60)
    _, others = invented(15, 2)
    copy = looks([Image.open(again).convert("RGB")])
    everything = Looks(torch.cat([others.hash, copy.hash]), torch.cat([others.descriptor, copy.descriptor]))
    alike = found.alike(everything, batch=6)
    assert alike.tolist() == [15 if i == 7 else -1 for i in range(20)]
    assert len(found[[]].alike(others)) == 0


def test_complete_draws_vg_test_and_cleans_train(monkeypatch):
    monkeypatch.setattr(photos_splits, "VG_TEST", 3)
    pictures, _ = invented(40, 3)
    pictures[20], pictures[21] = pictures[30], pictures[5]  # 20 copies a reserved picture, 21 one that stays in train
    mine = looks(pictures)
    texts = [{"objects": [{}]} if i >= 34 else {} for i in range(40)]
    splits = {n: [] for n in HELD_OUT if n != "vg_test"} | {
        "train": list(range(30)) + list(range(34, 40)),
        "reserve": [30, 31],
    }
    out, left = complete(splits, texts, mine, {"shown": looks([pictures[2]])})
    assert out["vg_test"] == draw_vg_test(texts, splits["train"]) and set(out["vg_test"]) <= set(range(34, 40))
    gone = {20, 2} | set(out["vg_test"])
    assert out["train"] == [r for r in splits["train"] if r not in gone]
    assert left["reserve"] == 1 and left["shown"] == 1 and left["vqa_test"] == 0
    again, left = complete(out, texts, mine, {})
    assert again == out and not any(left.values())


def test_the_index_describes_the_packs():
    photos = folder("SIGHTLINE_PHOTOS")
    index = np.load(photos / "photos_index.npz")
    mine, seen = Looks.of_index(index), 0
    for file in sorted(photos.glob("photos-[0-9].parquet")):
        group = pq.ParquetFile(file).read_row_group(0).to_pylist()[::50]
        found = looks([Image.open(io.BytesIO(r["image"]["bytes"])).convert("RGB") for r in group])
        rows = [r["row"] for r in group]
        assert ((mine[rows].descriptor * found.descriptor).sum(1) > 0.95).all()
        assert [index["name"][r] for r in rows] == [r["image"]["path"] for r in group]
        seen += len(group)
    assert seen >= 100


def test_nothing_in_train_looks_like_a_scored_or_shown_picture():
    photos, data = folder("SIGHTLINE_PHOTOS"), folder("SIGHTLINE_DATA")
    splits, mine = load_splits(), Looks.of_index(np.load(photos / "photos_index.npz"))
    train = mine[splits["train"]]
    with Pool(2) as pool:
        others = elsewhere(data, pool)
        assert len(others["shown"]) > 20, "the folders of shown pictures have moved"
        for name, other in [(n, mine[splits[n]]) for n in HELD_OUT] + list(others.items()):
            assert not (train.alike(other) >= 0).any(), name


def test_older_training_sets_hold_no_scored_photograph():
    photos, data = folder("SIGHTLINE_PHOTOS"), folder("SIGHTLINE_DATA")
    splits, mine = load_splits(), Looks.of_index(np.load(photos / "photos_index.npz"))
    with Pool(2) as pool:
        for name in ("coco_train", "flickr_train", "daquar_train", "caltech_train"):
            assert name in TRAIN_SETS
            older = photos_splits.looks_of([r["image"]["bytes"] for r in read_rows(name, data)], pool)
            for part in HELD_OUT:
                alike = (mine[splits[part]].alike(older) >= 0).tolist()
                rows = [r for r, near in zip(splits[part], alike, strict=True) if near and (name, r) not in DIFFERENT]
                assert not rows, (name, part, rows)
