"""Scores and model cards of the shipped pair, from what `sightline eval` measured on the shipped files.

    python -m sightline_training.cards --runs RUNS --weights .. --logs ../curves/photos --photos PHOTOS --data DATA

`RUNS` holds `<task>/<model>`, `<task>/<model>+shuffled`, `<task>/sightline-blind` and `<task>/majority`. Written are
`weights/scores.json` and `weights/<model>/card.md`. Paired differences, their intervals and Holm's correction are those of
`sightline compare`; nothing is computed twice.
"""

import argparse
import json
import subprocess
from pathlib import Path

from .context import load_recipe
from .encoders import ARMS, PAIR, make_encoder
from .manifest import BLIND_ID
from .report import data_table
from .smollm import adapter_shapes

INTRO = """# {model}

{title}, {parameters:,} encoder parameters; connector (2 layers, row and column vectors) and low-rank adapters (rank 16,
{adapters:,} weights) in front of the frozen SmolLM2-135M-Instruct (Q4_1). int8 weights. Input: one picture, letterboxed to
224 px, 196 visual tokens. Output: short English answers, captions, boxes as text `[x1, y1, x2, y2]` in the padded square. A
dense head beside it gives boxes for {classes} names without the language model.

**One seed, one run. No verdict on either architecture follows from these numbers.**

## Scores

`sightline eval` on the shipped files, on CUDA, exact f32; pictures that were never trained on. Shuffled: the same model, the
question asked about another picture. Blind: the same training steps and batches without a picture. Intervals: 95 %, by picture.
"""

NOTE = """
"Beyond blind" and the comparison of the models are paired by question, bootstrap over pictures, p by Holm over all tasks of the
table (`sightline compare`).
"""

RECIPE = """
## Recipe

1. The first pair: encoders from scratch on mosaics of Tiny ImageNet, Imagenette and Caltech-101 with an ImageNet teacher, dense
   tuning, connector and adapters (`weights/training/README.md`, stages 1 to 3).
2. Stage 4, this encoder on photographs: {tune_steps:,} steps of {tune_photos} photographs and {tune_old} of the old canvases. It
   learns words of captions, the teacher's class maps, presence, counts and boxes of COCO's 80 things (YOLOX-nano, where the
   published lists agree) and colours. No question is shown.
3. Stage 5, joined to the language model: {join_steps:,} steps of {join_photos} photographs and {join_old} old canvases; up to
   seven questions per picture (VQAv2, Visual7W, Visual Genome, captions, and the question writer's).

Two H200 of one host, PyTorch 2.11, bf16 with float32 masters. Seconds of stages 4 and 5: {seconds}. Batch hashes agree between
the two models at {hashes} logged steps, and with the blind run in stage 5.

**Matched** between the two models: parameters (1.3 % apart), pictures and their order, steps, losses, optimiser, language side.
**Not matched**: arithmetic and seconds. No schedule was tuned for either.
"""

LIMITS = """
## Limits

- It names the things of `weights/names.json`. Of other things it says the nearest that it knows.
- Pictures are seen at 224 px: small things and text are not read. It was trained to say "I can't read text in pictures." to
  requests to read, and still guesses at times.
- Captions are fluent and often wrong in their details.
- A yes to "Is there ...?" is less certain than a no where a similar thing is in the picture.
- May repeat biases of its sources. Not for decisions about people.

## Terms

Research only: see `LICENSE-WEIGHTS`; sources of the photographs in `weights/training/DATA.md`.
"""


def results(runs: Path, models: list[str]) -> dict[str, dict]:
    """Task -> run -> headline of `results.json`, and the numbers that stand below it."""
    out = {}
    for path in sorted(runs.glob("*/*/results.json")):
        task, run = path.parts[-3:-1]
        if run.split("+")[0] not in models:
            continue
        totals = json.loads(path.read_text())["totals"]
        numbers = {n["name"]: n["value"] for n in totals["numbers"] if n["value"] is not None}
        out.setdefault(task, {})[run] = totals["headline"] | {"numbers": numbers}
    return out


def compare(program: str, runs: Path, a: str, b: str) -> dict[str, dict]:
    """Task -> paired difference of two runs (a minus b), over all tasks that both have."""
    command = [program, "compare", "--json", f"{runs}/*/{a}", f"{runs}/*/{b}"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    keys = ("count", "difference", "interval95", "p", "p_holm")
    return {row["task"]: {k: row[k] for k in keys} for row in found["tasks"]}


def percent(headline: dict | None) -> str:
    if headline is None:
        return ""
    low, high = (100 * v for v in headline["interval95"])
    return f"{100 * headline['score']:.1f} [{low:.1f}, {high:.1f}]"


def points(row: dict | None) -> str:
    if row is None:
        return ""
    low, high = (100 * v for v in row["interval95"])
    return f"{100 * row['difference']:+.1f} [{low:.1f}, {high:.1f}]{' *' if row['p_holm'] < 0.05 else ''}"


def score_table(model: str, scores: dict) -> str:
    lines = [
        "| task | n | this model [95 %] | shuffled | blind | beyond blind, points |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for task, runs in scores["tasks"].items():
        own = runs.get(model)
        if own is None:
            continue
        other = [percent(runs.get(run)).split(" ")[0] for run in (f"{model}+shuffled", BLIND_ID)]
        gain = points(scores["compare"][f"{model} - {BLIND_ID}"].get(task))
        lines.append(f"| {task} | {own['questions']} | {percent(own)} | {other[0]} | {other[1]} | {gain} |")
    return "\n".join(lines) + "\n\n`*`: p below 0.05 after Holm."


def comparison(scores: dict) -> str:
    a, b = (ARMS[arm].model for arm in ("vmamba", "vit"))
    lines = [f"| task | {a} - {b}, points [95 %] |", "|---|---:|"]
    lines += [f"| {task} | {points(row)} |" for task, row in scores["compare"][f"{a} - {b}"].items()]
    return "\n".join(lines)


def recipe_facts(scores: dict, arm: str) -> dict:
    tune, join = load_recipe("photo_tune"), load_recipe("photo_join")
    seconds = [f"{stage} {scores['seconds'][stage]:.0f}" for stage in (f"photo_tune_{arm}", f"photo_join_{arm}")]
    return {
        "tune_steps": tune["steps"], "tune_photos": tune["batch"]["photos"],
        "tune_old": tune["batch"]["mosaics"] + tune["batch"]["singles"], "join_steps": join["steps"],
        "join_photos": join["batch"]["photos"], "join_old": join["batch"]["old"], "seconds": ", ".join(seconds),
        "hashes": sum(scores["equal_batch_hashes"].values()),
    }  # fmt: skip


def logged(logs: Path, name: str) -> list[dict]:
    return [json.loads(line) for line in (logs / f"{name}.jsonl").read_text().splitlines()]


def equal_batches(logs: Path) -> dict[str, int]:
    """Logged batch hashes per stage; raises where the runs' hashes differ. A run that was cut off logged some steps twice."""
    out = {}
    for stage, runs in {"photo_tune": PAIR, "photo_join": (*PAIR, "blind")}.items():
        hashes = [{r["step"]: r["batch"] for r in logged(logs, f"{stage}_{run}") if "batch" in r} for run in runs]
        if any(h != hashes[0] for h in hashes):
            raise ValueError(f"batches of stage {stage} differ between the runs")
        out[stage] = len(hashes[0])
    return out


def stage_seconds(logs: Path) -> dict[str, float]:
    """Seconds of the training loops, parts before an interruption included."""
    out = {}
    for stage, runs in {"photo_tune": PAIR, "photo_join": (*PAIR, "blind")}.items():
        for run in runs:
            rows = [r["seconds"] for r in logged(logs, f"{stage}_{run}") if "seconds" in r]
            out[f"{stage}_{run}"] = round(rows[-1], 1)
    return out


def write_card(path: Path, arm: str, scores: dict, classes: int) -> None:
    encoder = sum(p.numel() for p in make_encoder(arm).parameters())
    adapters = sum(rows * columns for rows, columns in adapter_shapes().values())
    model = ARMS[arm].model
    data = ["| file | use | terms | sha256 |", "|---|---|---|---|"]
    data += [f"| {r['file']} | {r['use']} | {r['terms']} | `{r['sha256'][:16]}...` |" for r in scores["data"]]
    parts = [
        INTRO.format(model=model, title=ARMS[arm].title, parameters=encoder, adapters=adapters, classes=classes),
        score_table(model, scores), NOTE, comparison(scores), RECIPE.format(**recipe_facts(scores, arm)),
        "## Data\n", "\n".join(data), "\nFull hashes: `weights/scores.json`.", LIMITS,
    ]  # fmt: skip
    path.write_text("\n".join(parts).rstrip() + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("runs", "weights", "logs", "photos", "data"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--program", default="sightline")
    args = parser.parse_args()
    models = [ARMS[arm].model for arm in ("vmamba", "vit")]
    pairs = [(models[0], models[1])]
    pairs += [(m, other) for m in models for other in (BLIND_ID, f"{m}+shuffled")]
    scores = {
        "tasks": results(args.runs, [*models, BLIND_ID, "majority", "chance"]),
        "compare": {f"{a} - {b}": compare(args.program, args.runs, a, b) for a, b in pairs},
        "seconds": stage_seconds(args.logs), "equal_batch_hashes": equal_batches(args.logs),
        "data": data_table(args.data, args.photos),
    }  # fmt: skip
    classes = len(json.loads((args.weights / "classes.json").read_text()))
    for arm in PAIR:
        write_card(args.weights / ARMS[arm].model / "card.md", arm, scores, classes)
    (args.weights / "scores.json").write_text(json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    main()
