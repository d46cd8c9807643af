"""Renderer, boxes, questions and batches on a bank of a few synthetic pictures."""

import json
import random

import numpy as np
import pytest
import torch
from PIL import Image

from sightline_training.data.bank import Bank, letterbox_rect
from sightline_training.data.duplicates import difference_hash, near_pairs
from sightline_training.data.layouts import make_layouts
from sightline_training.data.questions import box_text
from sightline_training.data.scenes import SceneBatches, Scenes, pack
from sightline_training.data.sources import complete, letterbox
from sightline_training.names import NEUTRAL
from sightline_training.optim import batch_hash
from sightline_training.prompt import STOP

SETS = ["tiny_train", "imagenette_train", "caltech_train", "coco_train", "flickr_train", "daquar_train"]


class FakePrompter:
    """One id a character: enough for packing."""

    def prompt(self, question):
        return [1] + [ord(c) % 997 for c in question][:20]

    def answer(self, text):
        return [ord(c) % 997 for c in text][:20] + [STOP]


def write_shard(folder, name, count, width, height, labels):
    rng = np.random.default_rng(len(name))
    pixels = rng.integers(0, 256, (count, height, width, 3)).astype(np.int32)
    none, family = torch.full((count,), -1), name.split("_")[0]
    own = torch.arange(count) % labels if labels else none
    offset = {"tiny": 0, "imagenette": 200, "caltech": 210}.get(family)
    shard = {
        "pixels": torch.from_numpy((pixels[..., 0] | pixels[..., 1] << 8 | pixels[..., 2] << 16).ravel()),
        "height": torch.full((count,), height, dtype=torch.int32),
        "width": torch.full((count,), width, dtype=torch.int32),
        "imagenet": own, "caltech": own if family == "caltech" else none, "tiny": own if family == "tiny" else none,
        "name": none if offset is None else own + offset,
        "box": torch.tensor([[8.0, 16.0, 40.0, 60.0] if family == "tiny" else [0.0] * 4] * count),
    }  # fmt: skip
    torch.save(shard, folder / f"{name}.pt")
    return pixels


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shard(folder, "tiny_train", 400, 64, 64, 200)
    write_shard(folder, "imagenette_train", 20, 40, 30, 10)
    write_shard(folder, "caltech_train", 20, 30, 40, 101)
    for name in ("coco_train", "flickr_train", "daquar_train"):
        write_shard(folder, name, 4, 40, 30, 0)
    coco = {"w": 40, "h": 30, "objects": [["dog", [4, 3, 20, 15]], ["cat", [20, 10, 10, 10]]]}
    (folder / "coco_train_texts.json").write_text(json.dumps([coco] * 4))
    (folder / "flickr_train_texts.json").write_text(json.dumps([["A dog runs ."]] * 4))
    (folder / "daquar_train_texts.json").write_text(json.dumps([[["what is on the bed ?", ["toy_doll"]]]] * 4))
    return Bank(folder, SETS)


def test_a_file_that_is_still_being_copied_is_not_read(tmp_path):
    path = tmp_path / "set.parquet"
    assert not complete(path)
    for content, whole in ((b"", False), (b"PAR1 rows", False), (b"PAR1 rows PAR1", True)):
        path.write_bytes(content)
        assert complete(path) == whole


def test_layouts_cover_the_canvas():
    layouts = make_layouts(aligned=8, tiles=2, free=8)
    for rects, count in zip(layouts.rect, layouts.count, strict=True):
        sides = rects[:count, 2:] - rects[:count, :2]
        assert sides.prod(-1).sum() == 224 * 224


def test_squashed_picture_at_its_own_size_is_exact(bank):
    pixels = bank.render_square(torch.tensor([3]), 64, torch.float32)
    packed = bank.pixels[bank.offset[3] : bank.offset[3] + 64 * 64].view(64, 64)
    expected = torch.stack([(packed >> s) & 255 for s in (0, 8, 16)], -1)
    torch.testing.assert_close(pixels[0] * 128 + 127, expected.float())


def test_letterbox_pads_like_the_product(bank):
    first = bank.sets["imagenette_train"][0]
    pixels = bank.render(bank.full(torch.tensor([first]), letterboxed=True), dtype=torch.float32)[0]
    image = letterbox(Image.new("RGB", (40, 30), (255, 0, 0)))
    padded = (np.asarray(image) == 127).all(-1)
    ours = (pixels == 0).all(-1).numpy()
    assert padded[:16].all() and ours[:26].all()  # resampling mixes the rows next to the picture
    assert letterbox_rect(torch.tensor(40 / 30)).tolist() == pytest.approx([0, 28, 224, 196])


def test_boxes_follow_window_and_flip(bank):
    canvas = bank.full(torch.tensor([0]))
    assert (bank.boxes(canvas)[0, 0] / 224).tolist() == pytest.approx([8 / 64, 16 / 64, 40 / 64, 60 / 64])
    canvas.flip = ~canvas.flip
    assert (bank.boxes(canvas)[0, 0] / 224).tolist() == pytest.approx([24 / 64, 16 / 64, 56 / 64, 60 / 64])


def test_batches_depend_on_the_step_only(bank):
    recipe = {"seed": 1, "batch": 8, "mix": {"mosaic": 0.5, "tiny": 0.2, "imagenette": 0.1, "coco": 0.1, "daquar": 0.1}}
    first, second = (SceneBatches(bank, FakePrompter(), recipe, 10)[4] for _ in range(2))
    for key in ("ids", "segment", "position", "target", "task", "names"):
        assert torch.equal(first[key], second[key])
    assert batch_hash(first["ids"], first["canvas"].window) == batch_hash(second["ids"], second["canvas"].window)
    assert batch_hash(first["ids"]) != batch_hash(first["ids"].flip(0))


def test_presence_is_balanced_and_true(bank):
    scenes, rng = Scenes(bank, "train", {}), random.Random(0)
    answers = []
    for _ in range(600):
        q = scenes._presence(rng, None, [3, 17])
        named = any(n in q.question for n in ("tailed frog", "sea slug"))
        assert named == (q.answer == "yes") or "slug" in q.question or "frog" in q.question
        answers.append(q.answer == "yes")
    assert 0.4 < sum(answers) / len(answers) < 0.6


def test_tokens_outside_the_object_are_neutral(bank):
    scenes = Scenes(bank, "train", {})
    canvas, _, names = scenes.draw(random.Random(2), torch.Generator().manual_seed(2), ["tiny", "daquar"])
    assert {NEUTRAL, int(bank.name[canvas.picture[0, 0]])} >= set(names[0].tolist())
    assert (names[1] == -1).all()


def test_daquar_pictures_are_mirrored_with_their_words_and_kept_out(bank):
    first, end = bank.sets["daquar_train"]
    recipe = {"flip_daquar": True, "daquar_held_out": 3}
    scenes = Scenes(bank, "train", recipe)
    scenes.text["daquar"] = [[["what is left ?", ["left_thing"]]]] * (end - first)
    generator = torch.Generator().manual_seed(4)
    canvas, questions, _ = scenes.draw(random.Random(4), generator, ["daquar"] * 16)
    assert set(canvas.picture[:, 0].tolist()) == {first}  # three of four are kept out
    flips = canvas.flip[:, 0].tolist()
    assert True in flips and False in flips
    for flip, asked in zip(flips, questions, strict=True):
        side = "right" if flip else "left"
        assert (asked[0].question, asked[0].answer) == (f"What is {side}?", f"{side} thing")
    plain, _, _ = Scenes(bank, "train", {}).draw(random.Random(4), generator, ["daquar"] * 16)
    assert not plain.flip.any() and set(plain.picture[:, 0].tolist()) > {first}


def test_pack_predicts_answers_only(bank):
    scenes = Scenes(bank, "train", {})
    _, questions, _ = scenes.draw(random.Random(3), torch.Generator().manual_seed(3), ["mosaic"])
    row = pack(FakePrompter(), questions[0])
    assert len({len(v) for v in row.values()}) == 1
    for place, target in enumerate(row["target"]):
        if target >= 0:
            assert row["ids"][place + 1] == target and row["segment"][place + 1] == row["segment"][place]


def test_box_text_is_ordered():
    assert box_text((0.1, 0.2, 0.5, 0.6)) == "[0.10, 0.20, 0.50, 0.60]"
    assert box_text((1.0, 0.5, 1.0, 0.5)) == "[0.99, 0.50, 1.00, 0.51]"


def test_near_duplicates_are_found(tmp_path):
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 256, (16, 17, 3), dtype=np.uint8)).resize((68, 64)) for _ in range(4)]
    hashes = []
    for k, picture in enumerate([*pictures, pictures[2].resize((50, 50))]):
        picture.save(tmp_path / f"{k}.png")
        hashes.append(difference_hash((tmp_path / f"{k}.png").read_bytes()))
    pairs = near_pairs(np.stack(hashes[4:]), np.stack(hashes[:4]), near=40)
    assert [(a, b) for a, b, _ in pairs] == [(0, 2)]
