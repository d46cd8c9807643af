"""The plan counts what the study promises, and a wrong plan is refused."""

from collections import defaultdict
from pathlib import Path

import pytest

from sightline_training.encoders import ARMS
from sightline_training.join import BLIND
from sightline_training.study.kinds import KINDS
from sightline_training.study.plan import needed, read_plan
from sightline_training.study.report import COMPARISONS, VARIANTS

PLAN = Path(__file__).resolve().parents[1] / "study" / "plan.yaml"


def seeds() -> dict[str, set[int]]:
    out = defaultdict(set)
    for row in read_plan([PLAN]):
        if "variant" in row:
            out[row["variant"]].add(row["seed"])
    return out


def test_every_run_can_be_made():
    rows = {row["name"]: row for row in read_plan([PLAN])}
    for row in rows.values():
        assert row["kind"] in KINDS and row["arm"] in (*ARMS, BLIND)
        if needed(row):
            maker = rows[needed(row)]
            assert maker["kind"] == "tune" and (maker["arm"], maker["seed"]) == (row["arm"], row["seed"])
            assert maker["priority"] < row["priority"]


def test_compared_variants_have_three_seeds_in_common():
    planned = seeds()
    for comparisons in COMPARISONS.values():
        for _, names, weights in comparisons:
            assert len(names) == len(weights) and sum(weights) == 0
            assert len(set.intersection(*(planned[n] for n in names))) >= 3
    assert len(planned[BLIND]) >= 3


def test_claim_3_has_at_least_eight_encoders():
    planned = seeds()
    assert set(planned) == set(VARIANTS)
    assert len(set(planned) - {BLIND}) >= 8


@pytest.mark.parametrize(
    "rows, message",
    [
        ("- {name: a, kind: tune, claims: [1], seed: 1, seconds: 1}", "priority"),
        ("- {name: a, kind: tune, claims: [1], seed: 1, seconds: 1, priority: 1}\n" * 2, "named twice: a"),
        ("- {name: a, kind: join, claims: [1], seed: 1, seconds: 1, priority: 1, encoder: b}", "'b'"),
    ],
)
def test_a_wrong_plan_is_refused(tmp_path, rows, message):
    path = tmp_path / "plan.yaml"
    path.write_text(f"runs:\n{rows}\n")
    with pytest.raises(ValueError, match=message):
        read_plan([path])
