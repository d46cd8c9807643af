"""Both errors of a model that may refuse: questions outside what it can do that it answers, and answerable ones that it refuses.

    python -m sightline_training.refusals write --photos PHOTOS --out ASKED
    sightline ask --batch ASKED/questions.jsonl > answers.jsonl
    python -m sightline_training.refusals score --asked ASKED --answers answers.jsonl [--runs RUNS]

The questions are those of `data.wordings.abstention`, which training never asks, about pictures of the split `vqa_test`. With
`--runs`, refusals are also counted among the answers to people's own questions, task `vqav2-coco40k` of `sightline eval`.
"""

import argparse
import json
import random
from pathlib import Path

from .data.wordings import abstention, is_refusal

PICTURES = 240  # every question has pictures of its own while there are enough
TASK = "vqav2-coco40k"


def write(photos: Path, out: Path) -> int:
    """Writes pictures, and the questions as `sightline ask --batch` reads them; gives their number."""
    import pyarrow.parquet as parquet

    table = parquet.read_table(photos / "photos_vqa_test.parquet", columns=["image", "image_id"]).slice(0, PICTURES)
    pictures = table.to_pylist()
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    lines = []
    for number, (row, question, wanted) in enumerate(abstention(list(range(len(pictures))))):
        name = f"pictures/{pictures[row]['image_id']}{Path(pictures[row]['image']['path']).suffix}"
        (out / name).write_bytes(pictures[row]["image"]["bytes"])
        asked = {"id": str(number), "image": str((out / name).resolve()), "question": question}
        lines.append((asked, wanted))
    (out / "questions.jsonl").write_text("".join(json.dumps(asked) + "\n" for asked, _ in lines))
    wanted = {asked["id"]: {"question": asked["question"], "wanted": sentence} for asked, sentence in lines}
    (out / "wanted.json").write_text(json.dumps(wanted))
    return len(lines)


def share(hits: list[bool], groups: list | None = None, draws: int = 2000) -> dict:
    """In percent, with n and a 95 % interval.

    Hits of a group (one wording about several pictures) go together: the interval is a bootstrap over groups, seeded. Where all
    hits are alike, or none have a group, it is Wilson's, with as many cases as there are groups.
    """
    n, total = len(hits), sum(hits)
    by_group: dict = {}
    for number, hit in enumerate(hits):
        by_group.setdefault(groups[number] if groups else number, []).append(hit)
    if groups is None or total in (0, n):
        cases = len(by_group)
        interval = wilson(total / max(n, 1), cases)
    else:
        rng, parts = random.Random(20261130), list(by_group.values())
        shares = []
        for _ in range(draws):
            drawn = [hit for part in rng.choices(parts, k=len(parts)) for hit in part]
            shares.append(sum(drawn) / len(drawn))
        shares.sort()
        interval = [shares[int(draws * at)] for at in (0.025, 0.975)]
    return {"n": n, "percent": round(100 * total / max(n, 1), 1), "interval": [round(100 * x, 1) for x in interval]}


def wilson(p: float, n: int) -> list[float]:
    """95 % interval of a share."""
    if n == 0:
        return [0.0, 1.0]
    z = 1.959964
    middle, half = p + z * z / (2 * n), z * ((p * (1 - p) + z * z / (4 * n)) / n) ** 0.5
    return [min(max((middle + sign * half) / (1 + z * z / n), 0.0), 1.0) for sign in (-1, 1)]


def score(asked: dict[str, dict], answers: list[dict]) -> dict:
    """Per model: how much of what it cannot do is refused, with which sentence, and how much of what it can do.

    `asked` holds question and wanted sentence by id; no sentence is wanted where the question can be answered.
    """
    out = {}
    for model in sorted({answer["model"] for answer in answers}):
        own = [(asked[str(a["id"])], a["answer"]) for a in answers if a["model"] == model]
        outside = [(q, said) for q, said in own if q["wanted"] is not None]
        answerable = [(q, said) for q, said in own if q["wanted"] is None]

        def of(pairs, right):
            return share([right(q, said) for q, said in pairs], [q["question"] for q, _ in pairs])

        out[model] = {
            "outside_refused": of(outside, lambda q, said: is_refusal(said)),
            "outside_right_sentence": of(outside, lambda q, said: _same(q["wanted"], said)),
            "answerable_refused": of(answerable, lambda q, said: is_refusal(said)),
        }
    return out


def _same(one: str, other: str) -> bool:
    return one.strip().rstrip(".").lower() == other.strip().rstrip(".").lower()


def in_runs(runs: Path) -> dict:
    """Per model that has run the task: refusals among the answers to people's own questions."""
    out = {}
    for samples in sorted((runs / TASK).glob("*/samples.jsonl")):
        texts = [json.loads(line)["outcome"].get("text") for line in samples.read_text().splitlines()]
        out[samples.parent.name] = share([is_refusal(text) for text in texts if text is not None])
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("write")
    writing.add_argument("--photos", type=Path, required=True)
    writing.add_argument("--out", type=Path, required=True)
    scoring = commands.add_parser("score")
    scoring.add_argument("--asked", type=Path, required=True)
    scoring.add_argument("--answers", type=Path, required=True)
    scoring.add_argument("--runs", type=Path)
    args = parser.parse_args()
    if args.command == "write":
        print(f"{write(args.photos, args.out)} questions in {args.out / 'questions.jsonl'}")
        return
    wanted = json.loads((args.asked / "wanted.json").read_text())
    answers = [json.loads(line) for line in args.answers.read_text().splitlines()]
    result = score(wanted, answers)
    if args.runs:
        result["refused_in_" + TASK] = in_runs(args.runs)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
