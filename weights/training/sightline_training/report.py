"""Scores of a finished run of the first pair, from the answer lines and stage results; `cards` has those of what is shipped.

    python -m sightline_training.report --logs RUN/logs --out scores.json

Intervals are 95 % (normal approximation for means of paired differences, Wilson for shares). "Sees" is said only where the
paired difference to the blind run exceeds three standard errors.
"""

import argparse
import json
import math
from pathlib import Path

from .encoders import PAIR
from .manifest import sha256_file

TASKS = {
    "naming10": "naming, 10 Imagenette classes", "naming200": "naming, 200 Tiny ImageNet classes",
    "naming101": "naming, 101 Caltech classes", "presence": "presence in mosaics (balanced)",
    "relation": "relations in mosaics", "region": "naming a region of a mosaic", "count": "counting in mosaics",
    "ground": "grounding in mosaics by the language model, IoU 0.5", "daquar": "DAQUAR test, exact match",
}  # fmt: skip


def wilson(right: int, n: int) -> list[float]:
    """95 % interval of a share, in per cent."""
    z, p = 1.96, right / n
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [round(100 * (centre + sign * half) / (1 + z * z / n), 1) for sign in (-1, 1)]


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def read_answers(logs: Path, label: str) -> dict[int, dict]:
    return {a["i"]: a for a in read_lines(logs / f"answers_{label}.jsonl")}


def share(answers: dict[int, dict], task: str) -> dict | None:
    """Exact-match (or IoU 0.5) share of one task in per cent."""
    own = [a for a in answers.values() if a["task"] == task]
    if not own:
        return None
    right = sum(a["ok"] for a in own)
    out = {"percent": round(100 * right / len(own), 1), "n": len(own), "interval95": wilson(right, len(own))}
    if "iou" in own[0]:
        out["mean_iou"] = round(sum(a["iou"] for a in own) / len(own), 3)
    return out


def paired(a: dict[int, dict], b: dict[int, dict], task: str) -> dict:
    """Difference a - b on the same items, points, with its standard error."""
    d = [a[i]["ok"] - b[i]["ok"] for i in a if a[i]["task"] == task]
    mean = sum(d) / len(d)
    error = math.sqrt(sum((x - mean) ** 2 for x in d) / (len(d) - 1) / len(d))
    return {
        "points": round(100 * mean, 1), "standard_error": round(100 * error, 2),
        "interval95": [round(100 * (mean + s * 1.96 * error), 1) for s in (-1, 1)], "beyond_3_se": abs(mean) > 3 * error,
    }  # fmt: skip


def score_run(logs: Path) -> dict:
    """All tasks: each arm seeing, permuted, on oracle grids, the blind run, and paired differences."""
    runs = {f"{arm}_{k}": read_answers(logs, f"{arm}_{k}") for arm in PAIR for k in ("seeing", "permuted", "oracle")}
    runs["blind"] = read_answers(logs, "blind")
    tasks = {}
    for task in TASKS:
        row = {name: share(answers, task) for name, answers in runs.items()}
        for arm in PAIR:
            row[f"{arm}_minus_blind"] = paired(runs[f"{arm}_seeing"], runs["blind"], task)
            row[f"{arm}_permuted_minus_blind"] = paired(runs[f"{arm}_permuted"], runs["blind"], task)
        row["vmamba_minus_vit"] = paired(runs["vmamba_seeing"], runs["vit_seeing"], task)
        tasks[task] = row
    dense = {arm: share(read_answers(logs, f"{arm}_dense"), "dense") for arm in PAIR}
    read = lambda name: json.loads((logs / f"{name}.json").read_text())  # noqa: E731
    stages = {
        "probes_after_pretraining": {arm: read(f"probes_pretrain_{arm}") for arm in PAIR},
        "dense_held_out": {arm: read(f"dense_{arm}") for arm in PAIR},
        "align_nearest_name": {arm: read(f"align_{arm}") for arm in PAIR},
        "pretrain_loss_steps_1700_1799": {arm: late_loss(logs, arm) for arm in PAIR},
    }
    return {"tasks": tasks, "dense_head_named_object": dense, "stages": stages}


def late_loss(logs: Path, arm: str) -> float:
    """Mean total loss of the logged steps 1,700-1,799 of stage 1."""
    rows = read_lines(logs / f"pretrain_{arm}.jsonl")
    chosen = [r["loss"] for r in rows if "loss" in r and 1700 <= r["step"] < 1800]
    return round(sum(chosen) / len(chosen), 3)


def equal_batches(logs: Path) -> dict[str, int]:
    """Number of logged batch hashes per stage; raises where the arms' hashes differ."""
    out = {}
    for stage, runs in {"pretrain": PAIR, "dense": PAIR, "join": (*PAIR, "blind")}.items():
        hashes = []
        for run in runs:
            rows = read_lines(logs / f"{stage}_{run}.jsonl")
            hashes.append([(r["step"], r["batch"]) for r in rows if "batch" in r])
        if any(h != hashes[0] for h in hashes):
            raise ValueError(f"batches of stage {stage} differ between the runs")
        out[stage] = len(hashes[0])
    return out


def stage_seconds(logs: Path) -> dict[str, float]:
    """Seconds of every stage on the card, loading and compiling included."""
    rows = read_lines(logs / "status.jsonl")
    return {r["stage"]: r["seconds"] for r in rows if r.get("what") == "done"}


def data_table(data: Path, photos: Path) -> list[dict]:
    """Files with sha256, terms and their use: the older sets, and the packs of photographs."""
    terms = {
        "tiny_imagenet": "ImageNet terms, research only", "imagenette": "ImageNet terms, research only",
        "caltech101": "CC BY 4.0", "daquar": "research only (NYU Depth v2)", "flickr8k": "non-commercial research",
        "coco256": "annotations CC BY 4.0, images under their Flickr licences",
        "photos": "see weights/training/DATA.md, research only",
    }  # fmt: skip
    rows = []
    for prefix, licence in terms.items():
        folder = photos if prefix == "photos" else data
        for path in sorted(folder.glob(f"{prefix}*.parquet")):
            held = path.stem.endswith(("_val", "_test"))
            some = prefix in ("flickr8k", "coco256") or path.stem.startswith("photos-")
            use = (
                "watched"
                if path.stem.endswith("_dev")
                else "held out"
                if held
                else "train and held-out rows"
                if some
                else "train"
            )
            rows.append({"file": path.name, "use": use, "terms": licence, "sha256": sha256_file(path)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    scores = score_run(args.logs)
    scores["equal_batch_hashes"] = equal_batches(args.logs)
    scores["gpu_seconds"] = stage_seconds(args.logs)
    args.out.write_text(json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    main()
