"""Runs of the study at toy size: equal batches in all arms, cut runs go on, the pool keeps to order, limit and what is done."""

import multiprocessing as mp
import threading
import time

import pytest
import torch

from sightline_training.resume import OutOfTime
from sightline_training.study import run as runner
from sightline_training.study.kinds import KINDS
from sightline_training.study.records import DONE, FAILED, Record, load_records
from sightline_training.study.shared import Study

BASE = {"claims": [1], "seed": 5, "seconds": 1, "priority": 1, "steps": 2}


def tuning(arm: str, start: str = "before") -> dict:
    return BASE | {"name": f"tune-{arm}", "kind": "tune", "arm": arm, "start": start}


def joining(arm: str, encoder: str, language: str) -> dict:
    return BASE | {
        "name": f"join-{arm}",
        "kind": "join",
        "arm": arm,
        "encoder": encoder,
        "language": language,
        "variant": arm,
    }


@pytest.fixture
def study(context):
    return lambda name: Study(context(name).work, toy=True, device="cpu")


def test_all_arms_have_equal_batches_and_samples(study, tmp_path):
    ctx, records = study("run"), tmp_path / "records"
    rows = [
        tuning("vit"), tuning("vmamba-narrow", "scratch"), joining("vit", "tune-vit", "vit"),
        joining("vmamba-narrow", "tune-vmamba-narrow", "vmamba"), BASE | {"name": "blind", "kind": "join", "arm": "blind"},
        joining("vmamba", "before", "vmamba"),
    ]  # fmt: skip
    for row in rows:
        assert runner.perform(ctx, row, records) == DONE
    made = load_records(records)
    for kind in ("tune", "join"):
        batches = [r.content["batches"] for r in made.values() if r.plan["kind"] == kind]
        assert batches[0] and all(b == batches[0] for b in batches)
    seeing, blind = made["join-vit"], made["blind"]
    assert set(seeing.rows) - set(blind.rows) == {"vqa_permuted", "probe_imagenette", "probe_tiny"}
    for measure in ("vqa", "v7w", "presence", "ground", "name_tiny"):
        assert len(seeing.rows[measure]) and (seeing.rows[measure].sample == blind.rows[measure].sample).all()
    assert "fit" in seeing.content and "fit" not in made["join-vmamba"].content


def test_a_seed_changes_the_batches(study):
    ctx = study("seeds")
    first = KINDS["tune"](ctx, tuning("vit")).content["batches"]
    second = KINDS["tune"](ctx, tuning("vit") | {"name": "other", "seed": 6}).content["batches"]
    assert first.keys() == second.keys() and first != second


@pytest.mark.parametrize("kind", ["tune", "join"])
def test_a_run_that_is_cut_ends_with_the_same_weights(study, kind):
    row = tuning("vit") if kind == "tune" else joining("vit", "before", "vit")
    whole, cut = study("whole"), study("cut")
    KINDS[kind](whole, row)
    cut.deadline = time.time() - 1
    for _ in range(row["steps"]):
        with pytest.raises(OutOfTime):
            KINDS[kind](cut, row)
    cut.deadline = None
    KINDS[kind](cut, row)
    a, b = (torch.load(ctx.checkpoints / f"{row['name']}.pt", weights_only=True) for ctx in (whole, cut))
    part = "encoder" if kind == "tune" else "adapters"
    assert all(torch.equal(a[part][k], b[part][k]) for k in a[part])


class Thread(threading.Thread):
    """A process's stand-in."""

    exitcode = 1

    def terminate(self):
        raise AssertionError("nothing was running")


def pool(monkeypatch, plan, records, how, gpus=("0", "1"), **options):
    """A pool whose workers do `how(row)` in threads; returns it and the names in the order of their beginning."""
    begun = []

    def act(connection):
        while (row := connection.recv()) is not None:
            begun.append(row["name"])
            status = how(row)
            if status != runner.CUT:
                Record(row, status).save(records)
            connection.send(status)

    def start(_self, gpu):
        ours, theirs = mp.Pipe()
        thread = Thread(target=act, args=(theirs,), daemon=True)
        thread.start()
        return runner.Worker(thread, ours, gpu)

    monkeypatch.setattr(runner.Pool, "_start", start)
    out = runner.Pool(plan, {"records": records, "deadline": None} | options, list(gpus))
    out.run()
    return out, begun


PLAN = [
    BASE | {"name": "tune", "kind": "tune"},
    BASE | {"name": "join", "kind": "join", "encoder": "tune"},
    BASE | {"name": "other", "kind": "join", "encoder": "before"},
]


def test_the_pool_makes_what_is_needed_first(monkeypatch, tmp_path):
    made, begun = pool(monkeypatch, PLAN, tmp_path, lambda row: time.sleep(0.05) or DONE)
    assert set(begun[:2]) == {"tune", "other"} and begun[2] == "join"
    assert made.ended == dict.fromkeys(("tune", "join", "other"), DONE)


def test_what_needs_a_failed_run_is_not_made(monkeypatch, tmp_path):
    made, begun = pool(monkeypatch, PLAN, tmp_path, lambda row: FAILED if row["name"] == "tune" else DONE)
    assert "join" not in begun and made.ended == {"tune": FAILED, "other": DONE}


def test_a_second_call_goes_on_with_what_is_left(monkeypatch, tmp_path):
    _, begun = pool(monkeypatch, PLAN, tmp_path, lambda row: runner.CUT if row["name"] == "tune" else DONE)
    assert sorted(begun) == ["other", "tune"]
    _, begun = pool(monkeypatch, PLAN, tmp_path, lambda row: DONE)
    assert begun == ["tune", "join"]


def test_nothing_begins_shortly_before_the_limit(monkeypatch, tmp_path):
    _, begun = pool(monkeypatch, PLAN, tmp_path, lambda row: DONE, deadline=time.time() + 5)
    assert begun == []
