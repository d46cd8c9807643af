"""The stages on photographs at toy size, on invented pictures: they resume, both runs see equal batches, bundles read back."""

import json
import random

import pytest
import torch

from sightline_training import photo_join, photo_tune
from sightline_training.bundle import ShippedArm, bundle_path, export_photos
from sightline_training.context import Context
from sightline_training.data.kinds import DENSE_NAMES
from sightline_training.encoders import ARMS
from sightline_training.optim import MasterAdamW

ARM = "vit"


def logged(ctx: Context, name: str, key: str) -> list:
    lines = (ctx.logs / f"{name}.jsonl").read_text().splitlines()
    return [row[key] for row in map(json.loads, lines) if key in row]


class CutOffError(Exception):
    pass


def test_a_cut_off_tuning_ends_with_the_same_weights(context, monkeypatch):
    whole, cut = context("whole"), context("cut")
    photo_tune.run(whole, ARM)
    step, taken = MasterAdamW.step, []

    def failing(self, factor, clip=1.0):
        taken.append(1)
        if len(taken) == 2:
            raise CutOffError
        return step(self, factor, clip)

    monkeypatch.setattr(MasterAdamW, "step", failing)
    with pytest.raises(CutOffError):
        photo_tune.run(cut, ARM)
    photo_tune.run(cut, ARM)
    a, b = (ctx.load(f"{ARM}_photo") for ctx in (whole, cut))
    assert a["encoder"].keys() == b["encoder"].keys()
    assert all(torch.equal(a["encoder"][k], b["encoder"][k]) for k in a["encoder"])
    assert all(torch.equal(a["dense"][k], b["dense"][k]) for k in a["dense"])


def test_seeing_and_blind_runs_join_on_equal_batches(context):
    ctx = context("run")
    photo_tune.run(ctx, ARM)
    for run in (ARM, photo_join.BLIND):
        photo_join.run(ctx, run)
        export_photos(ctx, run)
    seeing, blind = (logged(ctx, f"photo_join_{run}", "batch") for run in (ARM, photo_join.BLIND))
    assert seeing == blind and seeing
    shipped = ShippedArm(bundle_path(ctx, ARM), ARM, "cpu", torch.float32, toy=True)
    assert shipped.dense.classes == len(DENSE_NAMES)
    trained = ctx.load(f"{ARM}_photo_join")["connector"]["net.0.weight"].float()
    stored = shipped.connector.state_dict()["net.0.weight"]
    assert (stored - trained).abs().max() <= trained.abs().max() / 127
    start = ShippedArm(ctx.start(ARMS[ARM].model), ARM, "cpu", torch.float32, toy=True)
    assert not torch.equal(start.connector.state_dict()["net.0.weight"], stored)


def test_a_repeat_draws_other_batches(context):
    first, second = context("first"), context("second", repeat=1)
    for ctx in (first, second):
        photo_tune.run(ctx, ARM)
    assert logged(first, f"photo_tune_{ARM}", "batch") != logged(second, f"photo_tune_{ARM}", "batch")


def test_a_mirrored_picture_is_asked_about_its_mirror_image():
    class Asker:
        def ask(self, _rng, _row):
            return [
                ("ground", "Where is the dog?", "[0.10, 0.20, 0.40, 0.90]"),
                ("relation", "Is it left of it?", "left"),
            ]

    batches = photo_join.PhotoBatches.__new__(photo_join.PhotoBatches)
    batches.asker = Asker()
    plain, turned = (batches._ask(random.Random(1), 0, turn) for turn in (False, True))
    assert [q.answer for q in plain] == ["[0.10, 0.20, 0.40, 0.90]", "left"]
    assert [(q.question, q.answer) for q in turned][1] == ("Is it right of it?", "right")
    assert turned[0].answer == "[0.60, 0.20, 0.90, 0.90]"
