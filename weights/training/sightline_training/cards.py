"""Model cards, written from `scores.json`."""

from pathlib import Path

from .context import load_recipe
from .encoders import ARMS
from .report import DAQUAR_GAIN, GOALS, TASKS

PARAMETERS = {"vmamba": "14,375,040", "vit": "14,567,040"}

INTRO = """# {model}

{title}, {parameters} encoder parameters, trained from scratch; connector (2 layers, row and column
vectors) and low-rank adapters (rank 16) in front of the frozen SmolLM2-135M-Instruct (Q4_1). int8 weights. Input: one
picture, letterboxed to 224 px, 196 visual tokens. Output: short English answers, boxes as text `[x1, y1, x2, y2]` in the
padded square; a dense head beside it gives boxes for 200 names without the language model.

**One seed, one run. No verdict on either architecture follows from these numbers.**
"""

SCORES_NOTE = """
Held-out pictures, free greedy text, exact match (no candidate list), weights as shipped (int8 de-quantised to bf16, language
model de-quantised from the GGUF to bf16, PyTorch). Permuted: the same model, pictures exchanged among the questions. Blind:
the same steps and batches without visual tokens (one run for both arms). Oracle: true names as visual tokens with 15 %
random errors (the language side's ceiling). Difference: seeing minus blind on the same items; "sees" where it exceeds three
standard errors.
"""

RECIPE = """
## Recipe

Four H100 of one host (two an arm in stages 1 and 2, one a run afterwards), PyTorch 2.11, bf16 with float32 masters;
`weights/training/recipes/*.yaml` are the settings of this run.

1. Pretraining: {pretrain_steps:,} steps of {pretrain_batch} mosaics rendered on the GPU; teacher EfficientNet-Lite2 (KL)
   and labels.
2. Dense tuning: {dense_steps:,} steps of {dense_batch} mosaics with boxes.
3. Language side: {oracle_steps:,} steps of {oracle_batch} name grids, without pictures or with the dense heads'
   posteriors (one run for both arms); connector regressed to names, {align_steps:,} steps of {align_batch}; {join_steps:,}
   joint steps of {join_batch} real pictures (30 % name grids kept), the last quarter with more DAQUAR and captions.

Equal batches: hashes agree in both arms at {pretrain} + {dense} logged steps of stages 1 and 2 (rendered pixels and targets)
and at {join} of the joint stage (pictures, windows, texts, token names; both arms and the blind run).

**Matched** between the two arms: parameters (1.3 % apart), pictures and their order, steps, losses, optimiser, language side.
**Not matched**: arithmetic and seconds (below). No schedule was tuned for either arm.
"""

LIMITS = """
## Limits

- Knows 200 + 10 + 101 object names and the question types of the manifest; anything else is outside training.
- Most training pictures are 64-160 px; small objects and text are not seen.
{blind}- Mosaics are composed pictures; counting, relations and boxes were trained and scored on them, not on natural scenes.
- Captions were trained on 900 pictures only and are not scored.
- May repeat biases of its sources; not for decisions about people.

## Terms

Research only: see `LICENSE-WEIGHTS`. Held-out pictures close to a training picture (256-bit difference hash within 16 bits: 6
of Tiny ImageNet val, 26 of Caltech-101 val) are left out of every score.
"""


def recipe_facts() -> dict:
    """Steps and batch of every stage, as the recipes have them."""
    stages = ("pretrain", "dense", "oracle", "align", "join")
    return {f"{s}_{key}": load_recipe(s)[key] for s in stages for key in ("steps", "batch")}


def limit_lines(arm: str, tasks: dict) -> str:
    """The limits; tasks on which the arm is not shown to see are named."""
    unseen = [title for task, title in TASKS.items() if not sees(tasks[task][f"{arm}_minus_blind"])]
    blind = f"- Not shown to beat the blind run, so do not read it as seeing: {'; '.join(unseen)}.\n" if unseen else ""
    return LIMITS.format(blind=blind)


def sees(gain: dict) -> bool:
    """Whether a paired difference to the blind run is above three standard errors."""
    return gain["beyond_3_se"] and gain["points"] > 0


def _percent(entry: dict | None) -> str:
    if entry is None:
        return "-"
    low, high = entry["interval95"]
    return f"{entry['percent']} [{low}, {high}]"


def score_table(arm: str, tasks: dict) -> str:
    """Markdown table of one arm's scores."""
    lines = ["| task | n | seeing [95 %] | permuted | blind | oracle | seeing - blind (SE) | sees |", "|" + "---|" * 8]
    for task, title in TASKS.items():
        row = tasks[task]
        gain, bare = row[f"{arm}_minus_blind"], lambda k, row=row: "-" if row[k] is None else f"{row[k]['percent']}"
        verdict = "yes" if sees(gain) else "not shown"
        lines.append(
            f"| {title} | {row[f'{arm}_seeing']['n']} | {_percent(row[f'{arm}_seeing'])} | {bare(f'{arm}_permuted')} | "
            f"{bare('blind')} | {bare(f'{arm}_oracle')} | {gain['points']:+} ({gain['standard_error']}) | {verdict} |"
        )
    return "\n".join(lines)


def goal_lines(arm: str, tasks: dict) -> str:
    """How far each goal set for the better arm was met or missed."""
    lines = []
    for task, goal in GOALS.items():
        got = tasks[task][f"{arm}_seeing"]["percent"]
        verdict = "reached" if got >= goal else f"{round(goal - got, 1)} points short"
        lines.append(f"- {TASKS[task]}: {got} against {goal}, {verdict}")
    gain = tasks["daquar"][f"{arm}_minus_blind"]["points"]
    verdict = "reached" if gain >= DAQUAR_GAIN else f"{round(DAQUAR_GAIN - gain, 1)} points short"
    lines.append(f"- DAQUAR: blind {gain:+} against +{DAQUAR_GAIN}, {verdict}")
    return "\n".join(lines)


def comparison(tasks: dict) -> str:
    lines = ["| task | VMamba - ViT, points [95 %] |", "|---|---|"]
    for task, title in TASKS.items():
        d = tasks[task]["vmamba_minus_vit"]
        lines.append(f"| {title} | {d['points']:+} [{d['interval95'][0]}, {d['interval95'][1]}] |")
    return "\n".join(lines)


def stage_lines(arm: str, scores: dict) -> str:
    """Encoder scores by stage, and the seconds on the card."""
    stages, seconds = scores["stages"], scores["gpu_seconds"]
    lines = [
        "| probe after pretraining | squashed | letterboxed | letterboxed, Pillow | 20-NN |",
        "|---|---|---|---|---|",
    ]
    for name, row in stages["probes_after_pretraining"][arm].items():
        show = lambda k, row=row: f"{100 * row[k]:.1f}" if k in row else "(square)"  # noqa: E731
        cells = (show(k) for k in ("probe_squash", "probe_letterbox", "probe_pillow", "knn20_squash"))
        lines.append(f"| {name} (n = {row['n']}) | " + " | ".join(cells) + " |")
    dense = stages["dense_held_out"][arm]
    found = scores["dense_head_named_object"][arm]
    lines.append(
        f"\nDense head after stage 2, Tiny-val mosaics: named object at IoU 0.5 {100 * dense['named_object_at_50']:.1f} % "
        f"(n = {dense['objects']}); as shipped on the grounding items {_percent(found)} % (n = {found['n']})."
    )
    own = [f"{s} {seconds[s]:.0f}" for s in (f"pretrain_{arm}", f"dense_{arm}", f"align_{arm}", f"join_{arm}")]
    shared = [f"{s} {seconds[s]:.0f}" for s in ("teacher", "oracle", "join_blind")]
    lines.append(
        f"\nSeconds on the card, loading and compiling included: {', '.join(own)}; shared: {', '.join(shared)}."
    )
    return "\n".join(lines)


def data_lines(scores: dict) -> str:
    lines = ["| file | use | terms | sha256 |", "|---|---|---|---|"]
    lines += [f"| {r['file']} | {r['use']} | {r['terms']} | `{r['sha256'][:16]}...` |" for r in scores["data"]]
    return "\n".join(lines) + "\n\nFull hashes: `weights/scores.json`."


def write_card(path: Path, arm: str, scores: dict) -> None:
    tasks = scores["tasks"]
    parts = [
        INTRO.format(model=ARMS[arm].model, title=ARMS[arm].title, parameters=PARAMETERS[arm]),
        "## Scores", SCORES_NOTE, score_table(arm, tasks),
        "\nGoals (set for the better arm):\n", goal_lines(arm, tasks),
        "\nPaired difference between the arms, same items:\n", comparison(tasks),
        RECIPE.format(**recipe_facts(), **scores["equal_batch_hashes"]), stage_lines(arm, scores),
        "\n## Data\n", data_lines(scores), limit_lines(arm, tasks),
    ]  # fmt: skip
    path.write_text("\n".join(parts).rstrip() + "\n")
