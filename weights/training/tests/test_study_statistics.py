"""Intervals recover known differences and cover them; corrections and rank correlations by hand."""

import numpy as np
import pytest
from scipy import stats

from sightline_training.study.records import Record, Rows, load_records
from sightline_training.study.statistics import Estimate, Unequal, estimate, holm, kendall, rank_correlation, spearman

PICTURES = 150


def runs(rng, difference: float, seeds: int = 3, spread: float = 0.02) -> list[list[Rows]]:
    """Pairs of runs on the same questions; two questions per picture, which share the picture's difficulty."""
    picture = np.repeat(np.arange(PICTURES), 2)
    easy = rng.normal(0, 0.15, PICTURES)
    out = []
    for _ in range(seeds):
        base = 0.5 + easy[picture] + rng.normal(0, 0.1, 2 * PICTURES)
        own = rng.normal(0, 0.15, PICTURES)[picture]
        shift = difference + rng.normal(0, spread) + own + rng.normal(0, 0.05, 2 * PICTURES)
        rows = [Rows(np.arange(2 * PICTURES), picture, s) for s in (base + shift, base)]
        out.append(rows)
    return out


def test_a_known_difference_is_recovered():
    e = estimate(runs(np.random.default_rng(1), 0.2), [1, -1], np.random.default_rng(2), 2000)
    assert e.value == pytest.approx(0.2, abs=0.05) and e.low < 0.2 < e.high and e.p < 0.01
    assert (e.samples, e.pictures, e.seeds) == (2 * PICTURES, PICTURES, 3)


def test_intervals_cover_the_truth():
    rng, hits, times = np.random.default_rng(3), 0, 120
    for _ in range(times):
        e = estimate(runs(rng, 0.05), [1, -1], rng, 600)
        hits += e.low <= 0.05 <= e.high
    assert 0.85 <= hits / times <= 1.0


def test_no_difference_is_not_clear_too_often():
    rng, found, times = np.random.default_rng(4), 0, 120
    for _ in range(times):
        found += estimate(runs(rng, 0.0, spread=0.0), [1, -1], rng, 600).p < 0.05
    assert found / times < 0.13


def test_seeds_widen_the_interval():
    still, moving = (runs(np.random.default_rng(5), 0.1, spread=s) for s in (0.0, 0.1))
    a, b = (estimate(r, [1, -1], np.random.default_rng(6), 2000) for r in (still, moving))
    assert b.high - b.low > 1.5 * (a.high - a.low)


def test_runs_with_other_questions_are_refused():
    (a, b), *_ = runs(np.random.default_rng(7), 0.0)
    b.sample = b.sample + 1
    with pytest.raises(Unequal):
        estimate([[a, b]], [1, -1], np.random.default_rng(8), 10)


def test_holm_by_hand():
    tests = [Estimate(0, 0, 0, p, 1, 1, 1) for p in (0.04, 0.01, 0.03)]
    holm(tests)
    assert [t.adjusted for t in tests] == pytest.approx([0.06, 0.03, 0.06])


def test_rank_correlations_equal_scipy():
    rng = np.random.default_rng(9)
    for _ in range(20):
        x, y = rng.integers(0, 6, 12), rng.integers(0, 6, 12)
        assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y)[0])
        assert kendall(x, y) == pytest.approx(stats.kendalltau(x, y)[0])


def test_the_interval_of_a_rank_correlation_holds_it():
    rng, levels = np.random.default_rng(10), np.linspace(0.2, 0.8, 9)
    answers = lambda level: Rows(np.arange(400), np.arange(400), rng.random(400) < level)  # noqa: E731
    probes, scores = ([[answers(v)] for v in levels] for _ in range(2))
    rank = rank_correlation(probes, scores, spearman, "vqa", 1, 200)
    assert rank.encoders == 9 and rank.value > 0.9
    assert rank.low <= rank.value <= rank.high and rank.fixed_low <= rank.value <= rank.fixed_high
    other = rank_correlation(probes, scores[::-1], spearman, "vqa", 1, 200)
    assert other.high < 0


def test_a_record_comes_back(tmp_path):
    rows = {"vqa": Rows([2**40, 7], [3, 4], [1.0, 0.3]), "v7w": Rows([], [], [])}
    Record({"name": "a", "seed": 1}, "done", {"seconds": 2.0}, rows).save(tmp_path)
    back = load_records(tmp_path)["a"]
    assert back.status == "done" and back.content["scores"]["vqa"]["n"] == 2
    assert back.content["scores"]["v7w"]["mean"] is None
    assert back.rows["vqa"].sample.tolist() == [2**40, 7] and back.rows["vqa"].score[1] == pytest.approx(0.3, abs=1e-3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "a.npz"]
