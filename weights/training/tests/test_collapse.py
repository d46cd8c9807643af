"""Claim 4 of the study: canvases and label frames, signs of collapse worked by hand, one toy run per canvas and arm."""

import json
from pathlib import Path

import pytest
import torch

from sightline_training.data import photo_texts
from sightline_training.encoders import ARMS, make_encoder
from sightline_training.export import write_bundle
from sightline_training.random_bundle import random_tensors
from sightline_training.study import collapse
from sightline_training.study.canvases import CANVASES, WRONG, dropped_paths, fitted, frame_of, stretched_line
from sightline_training.study.plan import read_plan
from sightline_training.study.records import Record
from sightline_training.study.shared import Study
from sightline_training.study.signals import collapsed, entropy, iou, signals

PLAN = Path(__file__).parents[1] / "study" / "collapse.yaml"
SIZES = [(224, 168), (168, 224), (224, 224), (224, 149), (100, 40)]


@pytest.mark.parametrize("name", CANVASES)
@pytest.mark.parametrize("size", SIZES)
def test_a_label_leads_back_to_the_pixels_it_came_from(name, size):
    box = [3.0, 5.5, size[0] - 8.0, size[1] - 1.25]
    back = CANVASES[name].pixels(CANVASES[name].fractions(box, size), size)
    assert back == pytest.approx(box, abs=1e-9)


@pytest.mark.parametrize("name", CANVASES)
def test_pictures_lie_on_their_canvas_and_keep_their_shape(name):
    placing = CANVASES[name]
    for size in SIZES:
        x0, y0, x1, y1 = placing.rect(size)
        assert min(x0, y0) >= -1e-9 and x1 <= placing.width + 1e-9 and y1 <= placing.height + 1e-9
        assert (x1 - x0) / (y1 - y0) == pytest.approx(size[0] / size[1])
        if not placing.centred:
            assert (x0, y0) == (0, 0) and x1 <= size[0]  # never enlarged


def test_the_wrong_frame_is_off_by_the_padding():
    size, box = (224, 168), [10.0, 20.0, 110.0, 120.0]
    for canvas, sign in (("letterbox", -1), ("corner", 1)):
        right = CANVASES[canvas].fractions(box, size)
        wrong = frame_of(canvas, "wrong").fractions(box, size)
        off = [w - r for w, r in zip(wrong, right, strict=True)]
        assert off == pytest.approx([0, sign * 28 / 224, 0, sign * 28 / 224])
    # On the wide canvas the picture is 224 x 168 px of 288 x 176, and its labels are those of the
    # square.
    assert CANVASES["wide"].fractions(box, size) == pytest.approx([10 / 288, 20 / 176, 110 / 288, 120 / 176])
    assert frame_of("wide", "wrong").fractions(box, size) == pytest.approx([10 / 224, 48 / 224, 110 / 224, 148 / 224])
    assert WRONG.keys() == CANVASES.keys()
    with pytest.raises(ValueError, match="right"):
        frame_of("wide", "left")


def test_canvases_have_nearly_equally_many_tokens():
    assert [p.tokens for p in CANVASES.values()] == [196, 196, 198]


@pytest.mark.parametrize("arm", ["vit", "vmamba"])
@pytest.mark.parametrize("name", CANVASES)
def test_encoders_give_the_tokens_of_every_canvas(arm, name):
    placing = CANVASES[name]
    encoder = make_encoder(arm, toy=True)
    pixels = torch.randn(1, placing.height, placing.width, 3)
    with torch.no_grad():
        tokens = fitted(encoder, placing)(pixels)
    assert tokens.shape == (1, placing.tokens, 384)
    if placing.grid == (14, 14):
        assert fitted(encoder, placing) is encoder


def test_positions_are_stretched_at_equal_fractions():
    line = torch.arange(14.0)[:, None].expand(-1, 3)
    assert torch.equal(stretched_line(line, 14), line)
    wide = stretched_line(line, 28)[:, 0]
    assert wide[1:-1].diff().tolist() == pytest.approx([0.5] * 25)
    assert (wide[0], wide[-1]) == (0, 13)


@pytest.mark.parametrize("arm", ["vit", "vmamba"])
def test_train_mode_drops_whole_branches_and_eval_mode_none(arm):
    encoder = make_encoder(arm).eval()
    pixels = torch.randn(1, 64, 64, 3).expand(4, -1, -1, -1)
    small = type(CANVASES["wide"])(64, 64, True)
    encoder = fitted(encoder, small)
    with torch.no_grad():
        plain = encoder(pixels)
        generator = torch.Generator().manual_seed(1)
        with dropped_paths(encoder, 0.5, generator):
            dropped = encoder(pixels)
        with dropped_paths(encoder, 0.0, generator):
            none = encoder(pixels)
        after = encoder(pixels)
    assert torch.equal(plain, after) and torch.allclose(plain, none)
    assert not torch.allclose(plain, dropped, atol=1e-3)
    assert not torch.allclose(dropped[0], dropped[1], atol=1e-3)  # each picture has its own


def test_iou_and_entropy_by_hand():
    assert iou((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    assert iou((0, 0, 1, 1), (1, 1, 2, 2)) == 0
    assert iou((0, 0, 1, 1), (0, 0, 1, 1)) == 1
    boxes = [(0.0, 0.0, 0.1, 0.1), (0.0, 0.0, 0.1, 0.1), (0.5, 0.5, 0.9, 0.9), (0.5, 0.0, 0.9, 0.1)]
    assert entropy(boxes) == pytest.approx(1.5)


def test_signs_of_runs_that_collapsed_and_of_one_that_did_not():
    gold = [[0.1 * i, 0.05 * i, 0.1 * i + 0.2, 0.05 * i + 0.2] for i in range(8)]
    whole = [[0.0, 0.125, 1.0, 0.875]] * 8
    good = signals(gold, gold, whole)
    assert (good["parsed"], good["spread"], good["whole"]) == (1, pytest.approx(1), 0)
    assert good["follows"] == pytest.approx(1) and not collapsed(good)
    one = signals([whole[0]] * 8, gold, whole)
    assert (one["same"], one["same_exact"], one["whole"], one["centre"]) == (1, 1, 1, 1)
    assert (one["entropy"], one["spread"], one["follows"]) == (0, 0, 0) and collapsed(one)
    mute = signals([None] * 7 + [gold[7]], gold, whole)
    assert mute["parsed"] == 1 / 8 and mute["same"] == 1 / 8 and collapsed(mute)
    backwards = signals(gold[::-1], gold, whole)
    assert backwards["follows"] == pytest.approx(-1) and collapsed(backwards)
    assert signals([None] * 8, gold, whole)["parsed"] == 0


def test_the_plan_has_every_combination_once_per_seed():
    runs = read_plan([PLAN])
    keys = ("arm", "canvas", "connector", "mode", "labels")
    first = [tuple(r[k] for k in keys) for r in runs if r["seed"] == 401 and r["drop_path"] == 0.1]
    assert len(first) == len(set(first)) == 2 * 3 * 2 * 2 * 2
    assert {r["canvas"] for r in runs} == set(CANVASES)
    assert all(r["name"].startswith("collapse-" + "-".join(r[k] for k in keys)) for r in runs)


def test_a_mirrored_label_is_that_of_the_mirrored_picture():
    assert collapse.turned_box([10, 20, 60, 80], 224) == [164, 20, 214, 80]


def test_elsewhere_is_another_picture_of_the_same_thing():
    place = lambda row, name: collapse.Place(row, row, name, 0, [0, 0, 1, 1])  # noqa: E731
    assert collapse.elsewhere([place(1, "dog"), place(2, "cat"), place(3, "dog"), place(4, "dog")]) == [2, 1, 3, 0]


@pytest.fixture
def study(context):
    """A study at toy size, with both arms and all sets; both held-out parts have pictures."""
    made = context("study")
    photo_texts.SPLITS.write_text(json.dumps({"train": list(range(12)), "vqa_test": [12, 13], "vg_test": [14, 15]}))
    for arm in ("vit", "vmamba"):
        path = made.work / "start" / ARMS[arm].model / "model.safetensors"
        if not path.exists():
            write_bundle(path, random_tensors(arm, 1, toy=True))
    ctx = Study(made.work, toy=True, device="cpu")
    for row in (14, 15):
        named = {"name": "red ball", "box": [20, 20, 100, 90], "attributes": []}
        ctx.photos.texts[row] = {"objects": [named], "size": [224, 224]}
    return ctx


@pytest.mark.parametrize("arm", ["vit", "vmamba"])
def test_a_run_on_every_canvas_leaves_its_record(study, arm, tmp_path):
    batches = set()
    for canvas, connector, mode, labels in (
        ("letterbox", "mlp2", "eval", "wrong"),
        ("corner", "mlp3", "train", "right"),
        ("wide", "mlp3", "train", "wrong"),
    ):
        row = {
            "name": f"{arm}-{canvas}", "kind": "collapse", "claims": [4], "arm": arm, "canvas": canvas, "connector": connector,
            "mode": mode, "labels": labels, "drop_path": 0.5, "seed": 3, "steps": 2, "seconds": 1, "priority": 1,
        }  # fmt: skip
        record = collapse.run(study, row)
        record.save(tmp_path)
        kept = Record.load(tmp_path / f"{arm}-{canvas}.json")
        assert kept.plan == row and kept.status == "done"
        assert len(kept.rows["ground"]) == 2 and len(kept.rows["ground_vg"]) == 2 and "presence" in kept.rows
        assert kept.content["signals"]["ground"]["gold"]["parsed"] == 1
        assert kept.content["losses"]["0"]["ground"] > 0
        batches.add(kept.content["batches"]["0"])
    assert len(batches) == 1  # the same pictures on every canvas


def test_boxes_of_the_album_are_pixels_of_the_picture(study):
    known = collapse.album(study)
    [dog] = known.detected(0)
    assert (dog.name, dog.box) == ("dog", pytest.approx([30, 30, 150, 170], abs=1e-3))
    [ball] = known.named(14)
    assert ball.box == pytest.approx([20, 20, 100, 90], abs=1e-3) and ball.kind == -1


def test_perfect_answers_score_in_every_frame(study, monkeypatch):
    """Who says the label is right in the labels' frame, and in the canvas's own only where that is the same."""
    row = {"name": "x", "arm": "vit", "connector": "mlp2", "seed": 1, "drop_path": 0.0}
    for canvas, labels in (("corner", "right"), ("wide", "wrong")):
        sight, prompter = collapse.joined(study, row | {"canvas": canvas})
        frame = frame_of(canvas, labels)
        items = collapse.held_out_places(study, 10)["ground"]
        said = [collapse.box_text(frame.fractions(p.box, sight.album.size[p.row])) for p in items]
        monkeypatch.setattr(collapse, "answers_of", lambda *_, said=said: said)
        rows, signs = collapse.score_places(None, sight, frame, "ground", items)
        assert rows["ground"].mean == 1 and rows["ground_iou"].mean > 0.95
        assert signs["answers"]["parsed"] == 1
        assert (rows["ground_canvas"].mean == 1) == (labels == "right")
