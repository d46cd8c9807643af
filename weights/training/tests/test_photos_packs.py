"""Packs of scored photographs, from invented pictures."""

import gzip
import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from sightline_training.data import photos_packs
from sightline_training.data.kinds import COCO_INDEX, COCO_NAMES


def jpeg(width: int, height: int, exif: Image.Exif | None = None) -> bytes:
    pixels = np.random.default_rng(width).integers(0, 255, (6, 8, 3)).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).resize((width, height), Image.BICUBIC).save(out, "JPEG", **({"exif": exif} if exif else {}))
    return out.getvalue()


QUESTION = {
    "id": 36000, "question": "What is it?", "answers": ["A dog"] * 10, "normal": ["dog"] * 10, "kind": "other", "type": "what is",
}  # fmt: skip
TEXTS = [
    {"captions": ["A dog."], "image_id": 36, "present": ["dog"], "vqa": [QUESTION]},
    {"captions": ["Grass."], "image_id": 37, "present": [], "vqa": [QUESTION | {"id": 37000}]},
    {"v7w": [{"question": "Who is it?", "options": ["A.", "B.", "C.", "D."], "part": "Dev"},
             {"question": "Under what?", "options": ["A.", "B.", "C.", "D."], "part": "Dev"}]},
    {"captions": ["one", "two", "three", "four", "five"]},
    {"image_id": 2, "size": [224, 112], "objects": [{"name": "car", "box": [56, 28, 112, 84], "attributes": []}]},
    {"captions": ["A cat and a dog."], "present": ["cat", "dog"], "image_id": 40},
]  # fmt: skip
PICTURES = [jpeg(320, 240), jpeg(240, 320), jpeg(224, 224), jpeg(200, 150), jpeg(800, 400), jpeg(64, 64)]
SPLITS = {"train": [5], "vqa_test": [0], "vqa_dev": [1], "v7w_test": [2], "flickr_test": [3], "vg_test": [4]}


@pytest.fixture
def written(tmp_path, monkeypatch):
    with gzip.open(tmp_path / "photos_texts.json.gz", "wt") as file:
        json.dump({"texts": TEXTS, "set": [0] * 6, "names": []}, file)
    boxes = {
        "label": torch.full((6, 16), -1, dtype=torch.int16),
        "score": torch.zeros(6, 16),
        "box": torch.zeros(6, 16, 4),
    }
    torch.save(boxes, tmp_path / "boxes.pt")

    class Mirror:
        def __init__(self, *_):
            pass

        def blob(self, identity):
            return PICTURES[int(identity)]

    monkeypatch.setattr(photos_packs, "Mirror", Mirror)
    monkeypatch.setattr(photos_packs, "load_splits", lambda: SPLITS)
    monkeypatch.setattr(photos_packs, "list_pictures", lambda _: [("coco", f"{i}.jpg", str(i)) for i in range(6)])
    sizes = photos_packs.write(tmp_path, tmp_path, tmp_path / "boxes.pt")
    assert {p: n for p, (n, _) in sizes.items()} == {p: 1 for p in SPLITS if p != "train"}
    return {p: pq.read_table(tmp_path / f"photos_{p}.parquet").to_pylist()[0] for p in SPLITS if p != "train"}


def test_vqa_keeps_the_bytes_and_the_raw_answers(written):
    row = written["vqa_test"]
    assert row["image"] == {"bytes": PICTURES[0], "path": "0.jpg"}
    assert (row["image_id"], row["width"], row["height"]) == (36, 320, 240)
    asked = {"question_id": 36000, "question": "What is it?", "question_type": "what is", "answer_type": "other"}
    assert row["qa"] == [asked | {"answers": ["A dog"] * 10}]


def test_presence_asks_one_listed_and_one_absent_thing(written):
    row = written["vqa_test"]
    assert row["present"] == ["dog"] and row["absent"] == ["cat"]  # the only other thing that is ever present
    assert written["vqa_dev"]["present"] == written["vqa_dev"]["absent"] == []


def test_what_the_detector_sees_is_not_absent():
    label = torch.full((6, 16), -1, dtype=torch.int16)
    label[0, 3] = COCO_INDEX["cat"]
    boxes = {"label": label, "score": torch.full((6, 16), 0.2), "box": torch.zeros(6, 16, 4)}
    asker = photos_packs.PhotoAsker(TEXTS, boxes, SPLITS["train"])
    assert photos_packs.presence(asker, 0) == ([], [])
    assert set(COCO_NAMES) > {"cat", "dog"}


def test_v7w_has_the_right_option_apart(written):
    first, second = written["v7w_test"]["qa"]
    assert (first["answer"], first["multiple_choices"], first["type"]) == ("A.", ["B.", "C.", "D."], "who")
    assert second["type"] is None and first["qa_id"] != second["qa_id"]


def test_captions_and_boxes(written):
    assert written["flickr_test"]["captions"] == ["one", "two", "three", "four", "five"]
    row = written["vg_test"]
    assert (row["width"], row["height"]) == (320, 160)
    assert Image.open(io.BytesIO(row["image"]["bytes"])).size == (320, 160)
    assert row["objects"] == [{"name": "car", "bbox": [80.0, 40.0, 80.0, 80.0]}]
    assert Image.open(io.BytesIO(written["flickr_test"]["image"]["bytes"])).size == (200, 150)  # never enlarged


def test_a_turned_picture_is_an_error():
    exif = Image.Exif()
    exif[274] = 6
    with pytest.raises(SystemExit, match="EXIF turn"):
        photos_packs.upright(jpeg(30, 20, exif))
