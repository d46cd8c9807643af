"""Statistics: what scipy, statsmodels and numpy say, and the bootstrap written down a second time.

    python make_stats.py

CPython 3.11 with numpy, scipy and statsmodels (the versions are recorded).
"""

import platform
from importlib.metadata import version
from random import Random

import numpy as np
from make_vqa import write
from scipy.stats import binomtest, bootstrap
from statsmodels.stats.multitest import multipletests

MASK = (1 << 64) - 1


def split_mix(seed: int, at: int) -> int:
    z = (seed + (at + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def number(rows: np.ndarray, mean_of_settings: bool) -> np.ndarray | None:
    """Of rows [setting, score of each run]."""
    if not mean_of_settings:
        return rows[:, 1:].mean(axis=0)
    return np.mean([rows[rows[:, 0] == setting, 1:].mean(axis=0) for setting in np.unique(rows[:, 0])], axis=0)


def resample(samples: list[list], mean_of_settings: bool, seed: int, replicates: int) -> dict:
    names = sorted({sample[0] for sample in samples})
    groups = [np.array([sample[1:] for sample in samples if sample[0] == name]) for name in names]
    whole = number(np.concatenate(groups), mean_of_settings)
    found = []
    for replicate in range(replicates):
        own = split_mix(seed, replicate)
        drawn = [groups[split_mix(own, at) * len(groups) >> 64] for at in range(len(groups))]
        found.append(number(np.concatenate(drawn), mean_of_settings))
    values = np.array(found)
    if values.shape[1] == 2:
        whole, values = whole[:1] - whole[1:], values[:, :1] - values[:, 1:]
    low, high = np.quantile(values[:, 0], [0.025, 0.975])
    tail = min((values <= 1e-9).sum(), (values >= -1e-9).sum())
    p = min(1.0, 2 * (tail + 1) / (len(values) + 1))
    return {
        name: repr(float(value)) for name, value in (("estimate", whole[0]), ("low", low), ("high", high), ("p", p))
    }


def bootstraps(random: Random) -> list[dict]:
    lines = []
    for case in range(48):
        runs, pictures, settings = 1 + case % 2, random.choice([1, 2, 7, 40]), random.choice([1, 1, 3])
        levels = random.choice([1, 2, 3, 8])
        samples = []
        for _ in range(pictures * random.choice([1, 3])):
            scores = [random.randrange(levels) / levels for _ in range(runs)]
            # Small integers over a power of two or three: sums in any order differ in the last bits
            # at most.
            samples.append([f"img{random.randrange(pictures)}", random.randrange(settings), *scores])
        mean_of_settings = case % 3 == 0
        result = resample(samples, mean_of_settings, case, 200)
        lines.append({"samples": samples, "settings": mean_of_settings, "seed": case, "replicates": 200} | result)
    return lines


def by_scipy(random: Random) -> dict:
    """A single question a picture: the same distribution as scipy's percentile bootstrap."""
    scores = [random.choice([0, 0, 0.3, 0.6, 0.9, 1]) for _ in range(300)]
    generator = np.random.default_rng(1)
    result = bootstrap((scores,), np.mean, n_resamples=50000, method="percentile", rng=generator).confidence_interval
    return {"scores": scores, "scipy": [repr(float(result.low)), repr(float(result.high))]}


def make() -> list[dict]:
    random = Random(31)
    lines: list[dict] = [
        {"split_mix": str(seed), "first": [str(split_mix(seed, at)) for at in range(4)]} for seed in (0, 1234567)
    ]
    pairs = [(0, 1), (1, 1), (0, 10), (10, 10), (5, 10), (1222, 1222), (0, 214354), (700, 1222), (1, 100000)]
    pairs += [(all_right * n, n) for n in range(2, 60) for all_right in (0, 1)]
    pairs += [(random.randrange(n + 1), n) for n in [random.randrange(1, 5000) for _ in range(300)]]
    for right, count in pairs:
        interval = binomtest(right, count).proportion_ci(method="wilson")
        lines.append({"wilson": [right, count], "low": repr(float(interval.low)), "high": repr(float(interval.high))})
    for size in [1, 2, 3, 5, 11] * 20:
        p = [random.choice([random.random(), random.random() / 100, 0.01, 0.0, 1.0]) for _ in range(size)]
        adjusted = multipletests(p, method="holm")[1]
        lines.append({"holm": [repr(value) for value in p], "adjusted": [repr(float(value)) for value in adjusted]})
    for size in [1, 2, 3, 3, 4, 5, 7, 10, 40, 41] * 30 + [200, 1000]:
        values = sorted(random.random() for _ in range(size))
        share = random.choice([0.025, 0.975, 0.5, random.random()])
        value = repr(float(np.quantile(values, share)))
        lines.append({"quantile": [repr(value) for value in values], "share": repr(share), "value": value})
    return [*lines, *bootstraps(random), by_scipy(random)]


def main() -> None:
    packages = {package: version(package) for package in ("numpy", "scipy", "statsmodels")}
    write("stats", {"golden": "stats", "python": platform.python_version(), "packages": packages}, make())


if __name__ == "__main__":
    main()
