"""Intervals and tests of the study: paired by picture, over pictures and seeds."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .records import Record, Rows

DRAWS = 10_000
CHUNK = 500  # draws at a time
LEVEL = 0.95


@dataclass
class Estimate:
    """A mean difference or a mean, with its interval; `p` is two-sided, against 0."""

    value: float
    low: float
    high: float
    p: float
    samples: int
    pictures: int
    seeds: int
    adjusted: float | None = None


class Unequal(ValueError):
    """Two runs were not asked the same."""


def by_picture(rows: list[Rows], weights: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sum of several runs' scores per picture, and samples per picture. The runs must have the same samples."""
    first = rows[0]
    for other in rows[1:]:
        if not np.array_equal(first.sample, other.sample) or not np.array_equal(first.picture, other.picture):
            raise Unequal("runs that are compared have different samples")
    pictures, place = np.unique(first.picture, return_inverse=True)
    score = sum(w * r.score.astype(np.float64) for w, r in zip(weights, rows, strict=True))
    return np.bincount(place, score, len(pictures)), np.bincount(place, minlength=len(pictures)).astype(np.float64)


def drawn_weights(pictures: int, draws: int, rng: np.random.Generator):
    """How often each picture is drawn, in chunks `[draws, pictures]`."""
    for start in range(0, draws, CHUNK):
        yield rng.multinomial(pictures, np.full(pictures, 1 / pictures), min(CHUNK, draws - start)).astype(np.float64)


def resample(
    sums: np.ndarray, count: np.ndarray, rng: np.random.Generator, weights: Iterable[np.ndarray]
) -> np.ndarray:
    """Means of resampled pictures and resampled seeds. sums `[seeds, pictures]`, count `[pictures]` -> `[draws]`

    `weights` are those of `drawn_weights`. All seeds of a draw share the pictures. Resampling `s` seeds shows their spread
    too small by `sqrt((s - 1) / s)`, which is put right; with one seed only pictures are resampled.
    """
    seeds, out = len(sums), []
    for weight in weights:
        means = weight @ sums.T / (weight @ count)[:, None]
        centre = means.mean(1)
        if seeds > 1:
            chosen = rng.integers(seeds, size=means.shape)
            moved = np.take_along_axis(means, chosen, 1).mean(1)
            centre = centre + np.sqrt(seeds / (seeds - 1)) * (moved - centre)
        out.append(centre)
    return np.concatenate(out)


def interval(draws: np.ndarray) -> tuple[float, float]:
    edge = (1 - LEVEL) / 2
    return tuple(float(v) for v in np.quantile(draws, [edge, 1 - edge]))


def estimate(runs: list[list[Rows]], weights: list[float], rng: np.random.Generator, draws: int = 0) -> Estimate:
    """Mean over seeds of a weighted sum of runs; `runs[seed]` holds the rows of the runs of one seed; `draws`: 0 for the
    study's number."""
    draws = draws or DRAWS
    parts = [by_picture(rows, weights) for rows in runs]
    counts = [count for _, count in parts]
    if any(not np.array_equal(counts[0], c) for c in counts):
        raise Unequal("runs of different seeds have different samples")
    sums = np.stack([s for s, _ in parts])
    drawn = resample(sums, counts[0], rng, drawn_weights(len(counts[0]), draws, rng))
    value = float(sums.sum(1).mean() / counts[0].sum())
    tail = min((drawn <= 0).sum(), (drawn >= 0).sum())
    p = min(1.0, 2 * (tail + 1) / (draws + 1))
    return Estimate(value, *interval(drawn), p, int(counts[0].sum()), len(counts[0]), len(runs))


def holm(estimates: list[Estimate]) -> None:
    """Sets `adjusted` of all tests of one claim."""
    worst = 0.0
    for k, e in enumerate(sorted(estimates, key=lambda e: e.p)):
        worst = max(worst, min(1.0, e.p * (len(estimates) - k)))
        e.adjusted = worst


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Of ranks, ties share their mean rank."""
    return pearson(ranks(x), ranks(y))


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    size = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / size) if size > 0 else float("nan")


def ranks(x: np.ndarray) -> np.ndarray:
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    last = count.cumsum()
    return (last - (count - 1) / 2)[place]


def kendall(x: np.ndarray, y: np.ndarray) -> float:
    """Tau b."""
    upper = np.triu_indices(len(x), 1)
    a, b = (np.sign(v[:, None] - v[None])[upper] for v in (x, y))
    size = np.sqrt((a != 0).sum() * (b != 0).sum())
    return float((a * b).sum() / size) if size > 0 else float("nan")


@dataclass
class Rank:
    """A rank correlation over encoders: its interval when encoders are drawn too, and when these alone are meant."""

    measure: str
    encoders: int
    value: float
    low: float
    high: float
    fixed_low: float
    fixed_high: float


def drawn_means(variants: list[list[Rows]], seed: int, draws: int) -> np.ndarray:
    """Resampled means of several variants, all with the same pictures. `[variants, draws]`"""
    parts = [[by_picture([rows], [1.0]) for rows in runs] for runs in variants]
    count = parts[0][0][1]
    if any(not np.array_equal(count, c) for own in parts for _, c in own):
        raise Unequal("encoders that are compared have different samples")
    rng = np.random.default_rng(seed)
    weights = list(drawn_weights(len(count), draws, rng))
    return np.stack([resample(np.stack([s for s, _ in own]), count, rng, weights) for own in parts])


def rank_correlation(
    probes: list[list[Rows]], scores: list[list[Rows]], how, measure: str, seed: int, draws: int = 2000
) -> Rank:
    """Of probe accuracy and score over encoders; `probes[encoder]` and `scores[encoder]` hold one run per seed."""
    mean = lambda runs: np.array([np.mean([r.score.astype(np.float64).mean() for r in own]) for own in runs])  # noqa: E731
    drawn = [drawn_means(runs, seed + k, draws) for k, runs in enumerate((probes, scores))]
    rng, count = np.random.default_rng(seed), len(probes)
    fixed = np.array([how(drawn[0][:, d], drawn[1][:, d]) for d in range(draws)])
    chosen = rng.integers(count, size=(draws, count))
    free = np.array([how(drawn[0][c, d], drawn[1][c, d]) for d, c in enumerate(chosen)])
    return Rank(measure, count, how(mean(probes), mean(scores)), *interval(free[~np.isnan(free)]), *interval(fixed))


def variants(records: dict[str, Record], measure: str) -> dict[str, dict[int, Rows]]:
    """Samples of a measure: variant -> seed -> rows."""
    out: dict[str, dict[int, Rows]] = {}
    for record in records.values():
        if "variant" in record.plan and measure in record.rows and len(record.rows[measure]):
            out.setdefault(record.plan["variant"], {})[record.plan["seed"]] = record.rows[measure]
    return out
