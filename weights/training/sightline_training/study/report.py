"""From the records of the study to its tables and figures; what is missing is said.

python -m sightline_training.study.report --records study/records --plan study/plan.yaml --out docs/study.md --figures FOLDER
"""

import argparse
import importlib
import os
from pathlib import Path

import numpy as np

from .figures import COLOURS, Bar, forest, scatter
from .plan import read_plan
from .prose import HOW, INTRO, SIZE
from .records import DONE, Record, load_records
from .run import MODULES
from .statistics import (
    Estimate,
    Rank,
    estimate,
    holm,
    kendall,
    rank_correlation,
    spearman,
    variants,
)

SEED = 20261130
MEASURES = {
    "vqa": "VQAv2", "v7w": "Visual7W", "presence": "presence", "ground": "grounding",
    "name_imagenette": "naming, 10", "name_tiny": "naming, 200",
}  # fmt: skip
LEVELS = MEASURES | {"vqa_yesno": "VQAv2 yes/no", "vqa_number": "VQAv2 number", "vqa_other": "VQAv2 other"}
PROBES = {"probe_imagenette": "probe, 10 classes", "probe_tiny": "probe, 200 classes"}
# Claim -> (what is compared, variants, weights): the mean over seeds of the weighted sum of the
# variants' scores.
COMPARISONS = {
    1: [
        ("VMamba - ViT, 600 steps each", ("vmamba-600", "vit-600"), (1, -1)),
        ("VMamba - ViT, equal seconds", ("vmamba-600", "vit-1360"), (1, -1)),
    ],
    2: [
        ("VMamba, after - before", ("vmamba-600", "vmamba-before"), (1, -1)),
        ("ViT, after - before", ("vit-600", "vit-before"), (1, -1)),
        ("gain of VMamba - gain of ViT", ("vmamba-600", "vmamba-before", "vit-600", "vit-before"), (1, -1, -1, 1)),
    ],
}
VARIANTS = {
    "blind": "no picture", "vmamba-before": "first pair's VMamba", "vit-before": "first pair's ViT",
    "vmamba-200": "VMamba, 200 steps", "vit-200": "ViT, 200 steps", "vmamba-600": "VMamba, 600 steps",
    "vit-600": "ViT, 600 steps", "vit-1360": "ViT, 1,360 steps", "vmamba-scratch": "VMamba from scratch, 600 steps",
    "vit-scratch": "ViT from scratch, 600 steps", "convnext-scratch": "ConvNeXt from scratch, 600 steps",
    "vmamba-narrow": "half as wide VMamba from scratch", "vit-narrow": "half as wide ViT from scratch",
}  # fmt: skip


def points(value: float) -> str:
    return f"{100 * value:.1f}"


def change(e: Estimate) -> str:
    return f"{100 * e.value:+.1f} [{100 * e.low:+.1f}, {100 * e.high:+.1f}]"


def chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def table(head: list[str], rows: list[list[str]], right: int = 1) -> list[str]:
    """Markdown; columns from `right` on are numbers."""
    rule = ["---"] * right + ["---:"] * (len(head) - right)
    return ["| " + " | ".join(r) + " |" for r in (head, rule, *rows)]


def generator(*parts: object) -> np.random.Generator:
    """Random numbers of one comparison, whatever else is reported."""
    return np.random.default_rng([SEED, *"/".join(map(str, parts)).encode()])


def compare(records: dict[str, Record], names: tuple, weights: tuple, measure: str) -> Estimate | None:
    """None where no seed has all of the runs."""
    found = variants(records, measure)
    seeds = [set(found.get(name, ())) for name in names]
    common = sorted(set.intersection(*seeds))
    if not common:
        return None
    runs = [[found[name][seed] for name in names] for seed in common]
    return estimate(runs, list(map(float, weights)), generator(names, measure))


def compared(records: dict[str, Record], claim: int) -> list[tuple[str, str, Estimate | None]]:
    """(what, measure, difference) of all tests of a claim, corrected together."""
    out = [
        (what, measure, compare(records, names, weights, measure))
        for what, names, weights in COMPARISONS[claim]
        for measure in MEASURES
    ]
    holm([e for _, _, e in out if e is not None])
    return out


def claim_table(results: list[tuple[str, str, Estimate | None]]) -> list[str]:
    rows = []
    for what, measure, e in results:
        if e is None:
            rows.append([what, MEASURES[measure], *["not run"] * 2, *["-"] * 4])
            continue
        verdict = "clear" if e.adjusted < 0.05 else "not clear"
        size = [f"{e.samples:,}", f"{e.pictures:,}", str(e.seeds)]
        rows.append([what, MEASURES[measure], change(e), f"{chance(e.adjusted)}, {verdict}", chance(e.p), *size])
    head = ["difference, points", "measure", "value [95 %]", "Holm's p", "p", "questions", "pictures", "seeds"]
    return table(head, rows, 2)


def level_table(records: dict[str, Record]) -> list[str]:
    rows = []
    for variant, title in VARIANTS.items():
        cells, seeds = [], set()
        for measure in (*LEVELS, *PROBES):
            found = variants(records, measure).get(variant, {})
            seeds |= set(found)
            cells.append("-" if not found else points(np.mean([r.mean for r in found.values()])))
        rows.append([title, str(len(seeds)), *cells])
    return table(["encoder", "seeds", *LEVELS.values(), *PROBES.values()], rows)


def against_blind(records: dict[str, Record]) -> list[str]:
    """What the picture gives: above the blind run, and above the same run with other pictures."""
    rows = []
    for variant, title in VARIANTS.items():
        if variant == "blind":
            continue
        cells = []
        for measure in ("vqa", "vqa_other", "v7w", "presence"):
            e = compare(records, (variant, "blind"), (1, -1), measure)
            cells.append("not run" if e is None else change(e))
        own, moved = (variants(records, m).get(variant, {}) for m in ("vqa", "vqa_permuted"))
        runs = [[own[s], moved[s]] for s in sorted(set(own) & set(moved))]
        permuted = estimate(runs, [1.0, -1.0], generator("permuted", variant)) if runs else None
        cells.append("not run" if permuted is None else change(permuted))
        rows.append([title, *cells])
    head = ["encoder", "VQAv2", "VQAv2 other", "Visual7W", "presence", "VQAv2, above wrong pictures"]
    return table(head, rows)


def correlations(records: dict[str, Record], kept: set[str] = frozenset(VARIANTS)) -> tuple[list[str], list[Rank]]:
    """Claim 3: do probes rank encoders as the language model's answers do? `kept`: the encoders that are ranked."""
    rows, out = [], []
    for probe, title in PROBES.items():
        accuracy = variants(records, probe)
        for measure, name in MEASURES.items():
            scores = variants(records, measure)
            chosen = sorted(v for v in accuracy if v in scores and v in kept)
            if len(chosen) < 4:
                rows.append([title, name, str(len(chosen)), "too few encoders", "-", "-"])
                continue
            runs = [[list(kind[v].values()) for v in chosen] for kind in (accuracy, scores)]
            rho, tau = (rank_correlation(*runs, how, measure, SEED) for how in (spearman, kendall))
            out.append(rho)
            cells = [
                f"{rho.value:+.2f} [{rho.low:+.2f}, {rho.high:+.2f}]",
                f"[{rho.fixed_low:+.2f}, {rho.fixed_high:+.2f}]",
            ]
            rows.append([title, name, str(len(chosen)), *cells, f"{tau.value:+.2f} [{tau.low:+.2f}, {tau.high:+.2f}]"])
    head = ["probe", "score", "encoders", "Spearman [95 %]", "these encoders only", "Kendall [95 %]"]
    return table(head, rows, 2), out


def listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def in_short(results: dict[int, list], ranks: list[Rank], others: list[str]) -> list[str]:
    """What is clear in claims 1 to 3, in sentences, and the sentences of other claims."""
    out = []
    for claim, rows in results.items():
        for what in dict.fromkeys(w for w, _, _ in rows):
            kinds: dict[str, list[str]] = {}
            for w, measure, e in rows:
                if w == what and e is not None:
                    kind = (
                        "not clear" if e.adjusted >= 0.05 else "clearly above 0" if e.value > 0 else "clearly below 0"
                    )
                    kinds.setdefault(kind, []).append(MEASURES[measure].replace(", ", " "))
            said = [
                f"{k} in {listed(kinds[k])}" for k in ("clearly above 0", "clearly below 0", "not clear") if k in kinds
            ]
            out.append(f"- Claim {claim}, *{what}*: {'; '.join(said) or 'not run'}.")
    if ranks:
        apart = sum(r.low > 0 or r.high < 0 for r in ranks)
        out.append(
            f"- Claim 3: of {len(ranks)} rank correlations between probes and scores over {max(r.encoders for r in ranks)} "
            f"encoders {apart} are apart from 0."
        )
    out += others
    return ["## In short", "", *out, ""] if out else []


def ledger(plan: list[dict], records: dict[str, Record]) -> list[str]:
    """Every planned run and how it ended."""
    rows = []
    for row in sorted(plan, key=lambda r: (r["claims"], r["name"])):
        record = records.get(row["name"])
        status, seconds, note = "not run", "-", ""
        if record is not None:
            status, seconds = record.status, f"{record.content.get('wall_seconds', 0):.0f}"
            note = record.content.get("error", "")
            stage = record.content.get("stage_seconds")
            note = f"training {stage:.0f} s" if stage else note
        claims = ", ".join(map(str, row["claims"]))
        rows.append([f"`{row['name']}`", claims, str(row["seed"]), f"{row['seconds']:.0f}", seconds, status, note])
    return table(["run", "claims", "seed", "expected, s", "wall, s", "status", "remark"], rows)


def unequal_batches(records: dict[str, Record]) -> list[str]:
    """Runs of one kind and seed that were not given the same batches at a step that both logged."""
    seen, wrong = {}, []
    for record in records.values():
        plan = record.plan
        for step, digest in record.content.get("batches", {}).items():
            key = (plan["kind"], plan["seed"], step)
            if seen.setdefault(key, digest) != digest:
                wrong.append(record.name)
    return sorted(set(wrong))


def forest_of(results: list, title: str) -> str | None:
    groups = []
    for what in dict.fromkeys(w for w, _, _ in results):
        bars = [
            Bar(MEASURES[m], 100 * e.value, 100 * e.low, 100 * e.high, "#333" if e.adjusted >= 0.05 else "#b2182b")
            for w, m, e in results
            if w == what and e is not None
        ]
        if bars:
            groups.append((what, bars))
    return forest(title, groups, "points; red: clear after Holm's correction") if groups else None


def scatter_of(records: dict[str, Record]) -> str | None:
    accuracy, scores = variants(records, "probe_tiny"), variants(records, "vqa")
    mean = lambda runs: 100 * np.mean([r.mean for r in runs.values()])  # noqa: E731
    dots = [(v, mean(accuracy[v]), mean(scores[v])) for v in accuracy if v in scores]
    axes = ("linear probe of 200 classes, % right", "VQAv2 behind it, %")
    return scatter("Probe accuracy and answers, one dot per encoder", dots, axes) if len(dots) > 1 else None


def levels_figure(records: dict[str, Record]) -> str | None:
    """VQAv2 above the blind run, all encoders."""
    bars = []
    for variant, title in VARIANTS.items():
        e = compare(records, (variant, "blind"), (1, -1), "vqa") if variant != "blind" else None
        if e is not None:
            colour = COLOURS.get(variant.split("-")[0], "#333")
            bars.append(Bar(title, 100 * e.value, 100 * e.low, 100 * e.high, colour))
    return forest("VQAv2 above the run that sees nothing", [("encoder", bars)], "points") if bars else None


def claims(records: dict[str, Record], folder: Path, link: str, short: list[str]) -> list[str]:
    """The sections of claims 1 to 3, figures written beside them; `short` follows their sentences at the top."""
    pictures = {"levels": levels_figure(records), "probes": scatter_of(records)}
    results = {claim: compared(records, claim) for claim in COMPARISONS}
    titles = {1: "Claim 1: VMamba against ViT", 2: "Claim 2: before and after tuning"}
    pictures |= {f"claim{c}": forest_of(r, titles[c]) for c, r in results.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in pictures.items():
        if svg is not None:
            write(folder / f"{name}.svg", svg)
    show = lambda name, text: [f"![{text}]({link}/{name}.svg)", ""] if pictures[name] else []  # noqa: E731
    table3, ranks = correlations(records)
    related, _ = correlations(records, {v for v in VARIANTS if not v.endswith(("-scratch", "-narrow"))})
    return [
        *in_short(results, ranks, short), HOW, "",
        "## All encoders", "", "Percent, means over seeds.", "", *level_table(records), "",
        "What the picture gives, in points:", "", *against_blind(records), "",
        *show("levels", "VQAv2 above the blind run, per encoder"),
        "## Claim 1: state space model against transformer", "",
        "Both encoders start from the first pair, which was trained alike.",
        "The second reading gives the ViT the seconds that VMamba took.",
        "", *claim_table(results[1]), "", *show("claim1", "Differences of VMamba and ViT"),
        "## Claim 2: the encoder before and after dense tuning", "", *claim_table(results[2]), "",
        *show("claim2", "Differences of tuned and untuned encoders"),
        "## Claim 3: does accuracy predict?", "",
        "A linear probe of the mean token says how well an encoder tells classes apart. The first interval draws",
        "encoders, pictures and seeds; the second keeps these encoders. Encoders of one family are related, so",
        "even the first is too narrow.",
        "", *table3, "", *show("probes", "Probe accuracy against VQAv2"),
        "Encoders from scratch are far behind in probes and scores alike, and pull both ranks together. This table",
        "leaves them out. It was added after the first results were seen, and is no test:",
        "", *related, "",
    ]  # fmt: skip


def other_claims(records: dict[str, Record], plan: list[dict], folder: Path, link: str) -> tuple[list[str], list[str]]:
    """Sections of the modules that bring further kinds of runs (`report_section`), and their sentences for the top."""
    out, short = [], []
    for name in MODULES:
        path = Path(__file__).with_name(f"{name}.py")
        section = (
            getattr(importlib.import_module(f"{__package__}.{name}"), "report_section", None) if path.exists() else None
        )
        if section is not None:
            found = section(records, plan, folder, link)
            out, short = [*out, *found.lines, ""], [*short, *found.short]
    return out, short


def page(plan: list[dict], records: dict[str, Record], folder: Path, link: str) -> str:
    done = sum(records[r["name"]].status == DONE for r in plan if r["name"] in records)
    state = f"Of {len(plan)} planned runs {done} are done."
    if any(r["name"] not in records or records[r["name"]].status != DONE for r in plan):
        state += " The last table says which are not."
    wrong = unequal_batches(records)
    equal = (
        f"Batches differ in: {', '.join(wrong)}." if wrong else "All runs of one kind and seed had the same batches."
    )
    others, short = other_claims(records, plan, folder, link)
    parts = [
        INTRO, "", f"{state} {equal}", "", *claims(records, folder, link, short), *others, SIZE, "", "## Every planned run", "",
        "Several runs shared a GPU, so wall seconds are longer than the expected ones of a GPU alone.", "",
        *ledger(plan, records), "",
    ]  # fmt: skip
    return "\n".join(parts)


def write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    os.replace(partial, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--plan", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True, help="the Markdown page")
    parser.add_argument("--figures", type=Path, required=True, help="folder for SVG files")
    args = parser.parse_args()
    plan, records = read_plan(args.plan), load_records(args.records)
    planned = {row["name"] for row in plan}
    records = {name: record for name, record in records.items() if name in planned}
    link = os.path.relpath(args.figures, args.out.parent)
    write(args.out, page(plan, records, args.figures, link))
    print(f"{args.out}: {len(records)} records of {len(plan)} planned runs")


if __name__ == "__main__":
    main()
