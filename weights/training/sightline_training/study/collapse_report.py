"""The section of claim 4: signs of collapse per combination, and what each cause and each cure changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .figures import Bar, forest
from .records import DONE, Record
from .report import chance, change, generator, points, table, write
from .statistics import Estimate, estimate, holm

FACTORS = ("canvas", "connector", "mode", "labels")
USUAL = 0.1  # drop path of the runs that are compared; stronger ones are told in the table
SIGNS = ("parsed", "same", "whole", "centre", "entropy", "spread", "follows")
# (what, the settings of the one side, of the other); runs are paired by all other factors, the arm
# and the seed.
CONTRASTS = [
    ("corner - letterbox", {"canvas": "corner", "labels": "right"}, {"canvas": "letterbox", "labels": "right"}),
    ("wide - letterbox", {"canvas": "wide", "labels": "right"}, {"canvas": "letterbox", "labels": "right"}),
    ("wrong - right labels, letterbox",
     {"labels": "wrong", "canvas": "letterbox"}, {"labels": "right", "canvas": "letterbox"}),
    ("wrong - right labels, corner", {"labels": "wrong", "canvas": "corner"}, {"labels": "right", "canvas": "corner"}),
    ("wrong - right labels, wide", {"labels": "wrong", "canvas": "wide"}, {"labels": "right", "canvas": "wide"}),
    ("train - eval mode", {"mode": "train"}, {"mode": "eval"}),
    ("cure: 3-MLP - 2-MLP, all canvases", {"connector": "mlp3"}, {"connector": "mlp2"}),
    ("cure: 3-MLP - 2-MLP, wide and wrong",
     {"connector": "mlp3", "canvas": "wide", "labels": "wrong"}, {"connector": "mlp2", "canvas": "wide", "labels": "wrong"}),
    ("cure: corner - wide, wrong labels",
     {"canvas": "corner", "labels": "wrong"}, {"canvas": "wide", "labels": "wrong"}),
]  # fmt: skip
ARMS = {"vmamba": "VMamba", "vit": "ViT"}

HOW = """## Claim 4: localisation collapse and its cures

The paper says that some encoders lose places behind the language model. It blames the interface, and cures it
with a deeper connector or a square canvas. Its code suggests two more causes, which are tried here as well.
One is labels in another frame than the picture's, the other drop path in the frozen encoder during training.

- *Canvas.* Letterbox: 224 x 224 px, picture in the middle. Corner: the same, top left. Wide: 176 x 288 px, top
  left, never enlarged. It has 11 x 18 tokens, the squares 14 x 14. Its shape is nearly that of 800 x 1333 px. The
  ViT's position table is stretched to it (bicubic) and so are the connector's rows and columns (linear). VMamba
  needs no change.
- *Labels.* Right: fractions of the canvas. Wrong: fractions of the centred square for corner and wide, as the
  paper's training set has them; of the corner square for letterbox. Answers are read in the frame that was
  taught, as the paper's scorer does. A second column reads them in the canvas's own.
- *Connector.* Two layers, or three as in the paper (width, four times width, language width twice). Both start
  from nothing.
- *Mode.* Neither encoder has batch norm, and as built neither has drop path. In train mode whole residual
  branches are dropped per picture while the connector is trained. The rate grows to 0.1 in the last block, as
  VMamba's does in the paper's code. There the plain ViT has none, ViTDet 0.1 to 0.5. Scores are in eval mode.
- Encoder and dense head are the shipped pair's, tuned on photographs that mostly stood on the letterbox, so that
  canvas is at home here. Adapters and positions are the first pair's, which was taught boxes as fractions of the
  canvas, on mosaics of pictures, cropped or letterboxed. A run has 300 steps of 64 pictures, asks for places and
  presence alone, and never sees the pictures of the score. Runs of one seed have the same pictures.
- *Gold.* A thing of which the picture shows one: a published list says that it is there, and the detector's box
  is the gold. Boxes that people drew on 100 pictures (Visual Genome) stand beside them.

Bounds of a collapse were set before the first run. One is enough. Under half of the answers are boxes. Over a
quarter are one box, to a tenth of the side. The boxes' centres correlate under 0.3 with those of the gold.

In the columns, *elsewhere* scores each answer against the box of the same thing in another picture. *Dense* is
the dense head on the same canvas, without a language model. *Same* to *centre* are shares of answers that are the
most frequent box, the whole picture, or its middle. *Entropy* is in bits. *Spread* and *follows* compare the
centres of answers with those of the gold, by deviation and correlation."""


def runs_of(records: dict[str, Record]) -> list[Record]:
    return [r for r in records.values() if r.plan.get("kind") == "collapse" and r.status == DONE]


def combinations(runs: list[Record]) -> dict[tuple, list[Record]]:
    """Arm, factors and drop path -> the runs, one per seed."""
    out: dict[tuple, list[Record]] = {}
    order = {"letterbox": 0, "corner": 1, "wide": 2}
    key = lambda r: (r.plan["arm"], *(r.plan[f] for f in FACTORS), r.plan["drop_path"])  # noqa: E731
    for run in sorted(runs, key=lambda r: (r.plan["arm"], order[r.plan["canvas"]], key(r), r.plan["seed"])):
        out.setdefault(key(run), []).append(run)
    return out


def mean_of(runs: list[Record], measure: str) -> str:
    found = [r.rows[measure].mean for r in runs if measure in r.rows]
    return points(np.mean(found)) if found else "-"


def signs_table(runs: list[Record]) -> list[str]:
    rows = []
    for (arm, canvas, connector, mode, labels, rate), own in combinations(runs).items():
        mode = mode if rate == USUAL or mode == "eval" else f"train, {rate}"
        signs = [r.content["signals"]["ground"]["answers"] for r in own]
        told = [f"{np.mean([s[k] for s in signs]):.2f}" for k in SIGNS]
        lost = sum(r.content["signals"]["ground"]["collapsed"] for r in own)
        measures = ("ground", "ground_canvas", "ground_elsewhere", "ground_vg", "dense", "presence")
        cells = [mean_of(own, m) for m in measures]
        rows.append([ARMS[arm], canvas, connector, mode, labels, *cells, *told, f"{lost} of {len(own)}"])
    gold = next(r.content["signals"]["ground"]["gold"] for r in runs)
    told = [f"{gold[k]:.2f}" for k in SIGNS]
    rows.append(["the gold boxes", *["-"] * 10, *told, "-"])
    head = ["encoder", "canvas", "connector", "mode", "labels", "Acc@0.5", "read in the canvas", "elsewhere", "drawn boxes",
            "dense", "presence", *SIGNS, "collapsed"]  # fmt: skip
    return table(head, rows, 5)


def level_table(runs: list[Record]) -> list[str]:
    """How many runs collapsed at each level of each factor, and their mean accuracy; runs with strong drop path left out."""
    rows, usual = [], [r for r in runs if r.plan["drop_path"] == USUAL]
    for factor in FACTORS:
        for level in dict.fromkeys(r.plan[factor] for r in usual):
            cells = []
            for arm in ARMS:
                own = [r for r in usual if r.plan[factor] == level and r.plan["arm"] == arm]
                lost = sum(r.content["signals"]["ground"]["collapsed"] for r in own)
                cells += [f"{lost} of {len(own)}", mean_of(own, "ground")]
            rows.append([factor, level, *cells])
    head = ["factor", "level", *(f"{arm}, {what}" for arm in ARMS.values() for what in ("collapsed", "Acc@0.5"))]
    return table(head, rows, 2)


def pairs(runs: list[Record], arm: str, one: dict, other: dict) -> Iterator[tuple[tuple, int, Record, Record]]:
    """Runs that differ in a contrast alone: what they share, their seed, and the two."""
    usual = [r for r in runs if r.plan["arm"] == arm and r.plan["drop_path"] == USUAL]
    free = [f for f in FACTORS if f not in one]
    place = lambda r: (*(r.plan[f] for f in free), r.plan["seed"])  # noqa: E731
    has = lambda r, side: all(r.plan[k] == v for k, v in side.items())  # noqa: E731
    against = {place(r): r for r in usual if has(r, other)}
    for run in usual:
        if has(run, one) and place(run) in against:
            yield place(run)[:-1], run.plan["seed"], run, against[place(run)]


def contrast(runs: list[Record], arm: str, one: dict, other: dict, measure: str) -> tuple[Estimate | None, int]:
    """The mean difference over pairs, and pairs per seed. Where seeds have other pairs, those are used that all of them have."""
    found: dict[int, dict[tuple, tuple[Record, Record]]] = {}
    for shared, seed, a, b in pairs(runs, arm, one, other):
        if measure in a.rows and measure in b.rows:
            found.setdefault(seed, {})[shared] = (a, b)
    if not found:
        return None, 0
    common = sorted(set.intersection(*map(set, found.values())))
    if not common:
        found = dict([max(found.items(), key=lambda item: len(item[1]))])
        common = sorted(next(iter(found.values())))
    rows = [[r.rows[measure] for c in common for r in found[seed][c]] for seed in sorted(found)]
    weights = [1 / len(common), -1 / len(common)] * len(common)
    return estimate(rows, weights, generator("collapse", arm, measure, *one.values(), *other.values())), len(common)


def contrasts(runs: list[Record]) -> list[tuple[str, str, Estimate | None, Estimate | None, int]]:
    """(arm, what, difference of Acc@0.5, of presence, pairs per seed); the differences of Acc@0.5 corrected together."""
    out = []
    for arm in ARMS:
        for what, one, other in CONTRASTS:
            e, count = contrast(runs, arm, one, other, "ground")
            out.append((arm, what, e, contrast(runs, arm, one, other, "presence")[0], count))
    holm([e for _, _, e, _, _ in out if e is not None])
    return out


def contrast_table(results: list) -> list[str]:
    rows = []
    for arm, what, e, seen, count in results:
        if e is None:
            rows.append([ARMS[arm], what, "not run", *["-"] * 6])
            continue
        verdict = f"{chance(e.adjusted)}, {'clear' if e.adjusted < 0.05 else 'not clear'}"
        presence = "-" if seen is None else change(seen)
        cells = [change(e), verdict, chance(e.p), presence, str(count), f"{e.samples:,}", str(e.seeds)]
        rows.append([ARMS[arm], what, *cells])
    head = ["encoder", "difference", "Acc@0.5 [95 %], points", "Holm's p", "p", "presence [95 %], points",
            "pairs per seed", "questions", "seeds"]  # fmt: skip
    return table(head, rows, 2)


def figure(results: list) -> str | None:
    groups = []
    for arm, title in ARMS.items():
        bars = [
            Bar(what, 100 * e.value, 100 * e.low, 100 * e.high, "#333" if e.adjusted >= 0.05 else "#b2182b")
            for own, what, e, _, _ in results
            if own == arm and e is not None
        ]
        if bars:
            groups.append((title, bars))
    title = "Claim 4: what changes Acc@0.5"
    return forest(title, groups, "points; red: clear after Holm's correction") if groups else None


def in_short(runs: list[Record], results: list) -> list[str]:
    """What is clear in claim 4, in sentences."""
    lost = sum(r.content["signals"]["ground"]["collapsed"] for r in runs)
    out = [f"- Claim 4: {lost or 'none'} of {len(runs)} runs collapsed by the bounds that were set before."]
    for arm, title in ARMS.items():
        own = [(what, e) for a, what, e, _, _ in results if a == arm and e is not None]
        clear = [f"{what} ({100 * e.value:+.1f} points)" for what, e in own if e.adjusted < 0.05]
        told = f"clear in {', '.join(clear)}." if clear else "nothing is clear."
        out.append(
            f"- Claim 4, *{title}*: {told} Not clear: {len(own) - len(clear)} of {len(own)} differences of Acc@0.5."
        )
    return out + strong_drop(runs)


def strong_drop(runs: list[Record]) -> list[str]:
    """Runs with another drop path than the usual one, against those that differ in it alone."""
    place = lambda r: (r.plan["arm"], *(r.plan[f] for f in FACTORS), r.plan["seed"])  # noqa: E731
    usual = {place(r): r for r in runs if r.plan["drop_path"] == USUAL}
    found: dict[str, list[float]] = {}
    for run in runs:
        if run.plan["drop_path"] != USUAL and place(run) in usual:
            change_of = run.rows["ground"].mean - usual[place(run)].rows["ground"].mean
            found.setdefault(run.plan["arm"], []).append(100 * change_of)
    told = [f"{ARMS[a]} {np.mean(v):+.1f} points ({len(v)} runs)" for a, v in found.items()]
    return [f"- Claim 4, drop path 0.5 instead of {USUAL}: {', '.join(told)}; too few runs for a test."] if told else []


@dataclass
class Section:
    """What a kind of runs brings to the page."""

    lines: list[str]
    short: list[str]  # sentences for the top of the page


def report_section(records: dict[str, Record], plan: list[dict], folder: Path, link: str) -> Section:
    """Markdown; the figure is written to `folder`. Nothing where no plan has runs of this kind."""
    if not any(row["kind"] == "collapse" for row in plan):
        return Section([], [])
    runs, out = runs_of(records), [HOW, ""]
    if not runs:
        return Section([*out, "No run of this claim was made."], [])
    results = contrasts(runs)
    out += ["Collapsed runs and mean accuracy, in percent, per level of each factor:", "", *level_table(runs), ""]
    out += ["What each cause and each cure changes, all else equal:", "", *contrast_table(results), ""]
    if (svg := figure(results)) is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / "claim4.svg", svg)
        out += [f"![Differences of Acc@0.5 by cause and cure]({link}/claim4.svg)", ""]
    out += ["All combinations, accuracies in percent, means over seeds:", "", *signs_table(runs)]
    return Section(out, in_short(runs, results))
