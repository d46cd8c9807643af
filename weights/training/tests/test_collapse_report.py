"""The section of claim 4, from records whose effects are known."""

from pathlib import Path

import numpy as np
import pytest

from sightline_training.study.collapse_report import contrast, report_section
from sightline_training.study.plan import read_plan
from sightline_training.study.records import DONE, FAILED, Record, Rows
from sightline_training.study.signals import collapsed

PLAN = read_plan([Path(__file__).parents[1] / "study" / "collapse.yaml"])
COUNT = 40


def record(row: dict) -> Record:
    """Wrong labels cost the ViT everything and VMamba nothing; all else is the same."""
    lost = row["labels"] == "wrong" and row["arm"] == "vit"
    score = np.zeros(COUNT) if lost else (np.arange(COUNT) % 2)
    rows = {m: Rows(np.arange(COUNT), np.arange(COUNT), score) for m in ("ground", "ground_canvas", "presence")}
    gold = {"parsed": 1.0, "same": 0.05, "whole": 0.0, "centre": 0.1, "entropy": 5.0, "spread": 1.0, "follows": 1.0}
    answers = gold | ({"follows": 0.0} if lost else {})
    signs = {"ground": {"answers": answers, "gold": gold, "collapsed": collapsed(answers)}}
    return Record(row, DONE, {"signals": signs}, rows)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr("sightline_training.study.statistics.DRAWS", 2000)


def lines_with(text: str, *parts: str) -> list[str]:
    return [line for line in text.splitlines() if all(p in line for p in parts)]


def test_known_effects_are_told(tmp_path):
    records = {row["name"]: record(row) for row in PLAN}
    section = report_section(records, PLAN, tmp_path, "figures")
    text = "\n".join(section.lines)
    assert "not run" not in text and (tmp_path / "claim4.svg").exists()
    [vit] = lines_with(text, "| ViT | wrong - right labels, wide |")
    assert "-50.0 [" in vit and ", clear |" in vit
    [vmamba] = lines_with(text, "| VMamba | wrong - right labels, wide |")
    assert "+0.0 [" in vmamba and "not clear" in vmamba
    [level] = lines_with(text, "| labels | wrong |")
    assert "| 0 of 18 | 50.0 | 18 of 18 | 0.0 |" in level
    assert len(lines_with(text, "train, 0.5")) == 4
    count, vmamba, vit, drop = section.short
    assert count.startswith("- Claim 4: 19 of 76 runs collapsed")
    assert vmamba.endswith("*VMamba*: nothing is clear. Not clear: 9 of 9 differences of Acc@0.5.")
    assert "wrong - right labels, wide (-50.0 points)" in vit
    assert "VMamba +0.0 points (2 runs), ViT +0.0 points (2 runs)" in drop


def test_contrasts_pair_what_all_seeds_have():
    runs = [record(row) for row in PLAN]
    e, count = contrast(runs, "vit", {"connector": "mlp3"}, {"connector": "mlp2"}, "ground")
    assert (e.seeds, count, e.value) == (2, 6, 0)  # eval mode alone has two seeds
    e, count = contrast(runs, "vit", {"mode": "train"}, {"mode": "eval"}, "ground")
    assert (e.seeds, count) == (1, 12)


def test_what_is_missing_is_said(tmp_path):
    records = {row["name"]: record(row) for row in PLAN if row["arm"] == "vmamba" and row["mode"] == "eval"}
    name = PLAN[-1]["name"]
    records[name] = Record(PLAN[-1], FAILED, {"error": "RuntimeError: no"})
    text = "\n".join(report_section(records, PLAN, tmp_path, "figures").lines)
    assert lines_with(text, "| ViT | wide - letterbox | not run |")
    assert lines_with(text, "| VMamba | train - eval mode | not run |")
    assert report_section({}, PLAN, tmp_path, "figures").lines[-1] == "No run of this claim was made."
    assert report_section({}, [], tmp_path, "figures").lines == []
