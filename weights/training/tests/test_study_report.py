"""The page tells of complete, partial and failed studies."""

from pathlib import Path

import numpy as np
import pytest

from sightline_training.study.plan import read_plan
from sightline_training.study.records import DONE, FAILED, Record, Rows, load_records
from sightline_training.study.report import LEVELS, PROBES, page, unequal_batches

PLAN = Path(__file__).resolve().parents[1] / "study" / "plan.yaml"
COUNT = 60


def study(folder: Path, skipped: tuple = ()) -> dict[str, Record]:
    """Records of every planned run: VMamba's answers are much better, all else is noise."""
    for row in read_plan([PLAN]):
        if row["name"].startswith(skipped):
            continue
        rng, rows = np.random.default_rng(row["seed"]), {}
        if row["kind"] == "join":
            level = 0.9 if row["variant"] == "vmamba-600" else 0.4
            for measure in (*LEVELS, *PROBES, "vqa_permuted"):
                if row["arm"] != "blind" or measure in LEVELS:
                    rows[measure] = Rows(np.arange(COUNT), np.arange(COUNT) // 2, rng.random(COUNT) < level)
        content = {"batches": {"0": f"{row['kind']}{row['seed']}"}, "wall_seconds": 50.0}
        Record(row, DONE, content, rows).save(folder)
    return load_records(folder)


@pytest.fixture
def told(tmp_path, monkeypatch):
    monkeypatch.setattr("sightline_training.study.statistics.DRAWS", 1000)

    def tell(records) -> str:
        return page(read_plan([PLAN]), records, tmp_path / "figures", "figures")

    return tell


def test_a_whole_study(told, tmp_path):
    text = told(study(tmp_path / "records"))
    plan = read_plan([PLAN])
    assert f"Of {len(plan)} planned runs {len(plan)} are done. All runs of one kind and seed" in text
    assert "not run" not in text and ", clear |" in text
    short = "*VMamba - ViT, 600 steps each*: clearly above 0 in VQAv2, Visual7W, presence, grounding, naming 10 and naming 200."
    assert short in text and "rank correlations between probes and scores over 12 encoders" in text
    line = next(li for li in text.splitlines() if li.startswith("| VMamba - ViT, 600 steps each | VQAv2 |"))
    assert "+50" in line or "+4" in line or "+5" in line
    assert all(f"`{row['name']}`" in text for row in plan)
    figures = {p.name for p in (tmp_path / "figures").iterdir()}
    assert figures == {"levels.svg", "probes.svg", "claim1.svg", "claim2.svg"}
    assert all(f"figures/{name}" in text for name in figures)


def test_a_partial_study_says_what_is_missing(told, tmp_path):
    records = study(tmp_path / "records", skipped=("join-vit-600", "join-vit-narrow", "tune-vit-narrow"))
    records["tune-vit-200-101"] = Record(records["tune-vit-200-101"].plan, FAILED, {"error": "RuntimeError: no"})
    text = told(records)
    assert "The last table says which are not." in text and "`join-vit-600-101`" in text
    assert "| VMamba - ViT, 600 steps each | VQAv2 | not run |" in text
    assert "failed | RuntimeError: no |" in text
    assert told({}).count("too few encoders") == 24


def test_runs_with_other_batches_are_named(tmp_path):
    records = study(tmp_path / "records")
    assert unequal_batches(records) == []
    records["tune-vit-600-102"].content["batches"]["0"] = "else"
    assert "tune-vit-600-102" in unequal_batches(records)
