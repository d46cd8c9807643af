"""GQA: the fork's `GQAScorer`, which cleans the predictions and runs the benchmark's script in a process of its own."""

import json
import os
import re
import sys
import tempfile
from copy import deepcopy
from pathlib import Path
from random import Random

from official import Fork
from subsets import subsets
from texts import PLAIN, mixed, predictions

SOURCES = ("vlm_eval/tasks/harnesses/gqa.py", "vlm_eval/util/evaluation/gqa/eval.py")
PAIRS = 2400
CONTRACTIONS = ["dont", "isnt", "wont", "cant", "Im", "oclock", "let's"]
OPERATIONS = [
    ("select", "dog (1)"),
    ("exist", "?"),
    ("query", "name"),
    ("choose name", "cat|dog"),
    ("filter color", "red"),
]
OPERATIONS += [
    ("relate", "on,s (3)"),
    ("verify rel", "exist,o"),
    ("and", ""),
    ("query", "color"),
    ("verify", "query: name"),
]
SPLIT = "testdev_balanced"
NAMES = {"structural": "structural type", "semantic": "semantic type", "steps": "steps number", "words": "words number"}


def cases(random: Random) -> list[dict]:
    made = []
    for prediction in predictions(random, CONTRACTIONS, PAIRS):
        if random.random() < 0.4:
            prediction = random.choice(PLAIN) + random.choice(["", "", ".", "\n", " ", "!"])
        bare = re.sub(r"[^\w\s]|_", "", prediction)
        forms = [prediction.lower(), bare.lower(), bare.lower().strip(), bare, prediction]
        answer = random.choice([*forms, *forms, random.choice(PLAIN)])
        made.append({"p": prediction, "a": answer, **question(random)})
    return made


def question(random: Random) -> dict:
    structural = random.choice(["query", "query", "verify", "choose", "logical", "compare"])
    return {
        "question": random.choice(
            ["Is it a dog?", "What  is\xa0this?", " Where?", "Which\tone is red, then", mixed(random, ["x"])]
        ),
        "balanced": random.random() < 0.9,
        "structural": structural,
        "semantic": random.choice(["obj", "attr", "cat", "rel", "global"]),
        "group": random.choice([None, "color", "animal", "place"]),
        "program": random.sample(OPERATIONS, random.randint(1, 6)),
    }


def as_official(case: dict, structural: str | None = None) -> dict:
    return {
        "answer": case["a"],
        "question": case["question"],
        "isBalanced": case["balanced"] if structural is None else True,
        "types": {"structural": structural or case["structural"], "semantic": case["semantic"], "detailed": ""},
        "groups": {"global": case["group"]},
        "semantic": [{"operation": operation, "argument": argument} for operation, argument in case["program"]],
    }


def run(harness, folder: Path, questions: dict[str, dict], made: list[dict]) -> tuple[float, str, list[dict]]:
    """Accuracy as the fork reports it, all that the script printed, and the cleaned predictions."""
    (folder / "questions.json").write_text(json.dumps(questions))
    full = {at: {"question_id": int(at), "model_output": made[int(at)]["p"]} for at in questions}
    scorer = harness.GQAScorer("gqa", folder, full, folder / "questions.json", split=SPLIT)
    accuracy = scorer.score("model")["accuracy"]
    clean = json.loads((folder / "gqa-formatted-predictions.json").read_text())
    return accuracy, (folder / "gqa-eval-output.txt").read_text(), clean


def parts(printed: str, name: str) -> dict[str, list]:
    """The lines below "Accuracy / <name>:", a title each, with percent and count."""
    block = printed.split(f"Accuracy / {name}:\n")[1].split("\n\n")[0]
    rows = re.findall(r"(?m)^  (.*): (\S+)% \((\d+) questions\)$", block)
    return {title: [percent, int(count)] for title, percent, count in rows}


def totals(harness, folder: Path, made: list[dict], which: list[int]) -> dict:
    questions = {str(at): as_official(made[at]) for at in which}
    accuracy, printed, _ = run(harness, folder, questions, made)
    line = {"of": which, "accuracy": repr(accuracy)}
    for name in ("Binary", "Open", "Distribution"):
        line[name.lower()] = re.search(rf"(?m)^{name}: ([^%\s]*)", printed).group(1)
    return line | {short: parts(printed, name) for short, name in NAMES.items()}


def score_each(harness, folder: Path, made: list[dict]) -> None:
    """Each question gets a structural type of its own, so that the script prints its score."""
    questions = {str(at): as_official({**case, "group": "one"}, f"question {at}") for at, case in enumerate(made)}
    _, printed, clean = run(harness, folder, questions, made)
    scores = parts(printed, NAMES["structural"])
    for at, case in enumerate(made):
        percent, count = scores[f"question {at}"]
        assert count == 1 and percent in ("0.00", "100.00")
        assert clean[at]["questionId"] == at
        case |= {"s": repr(float(percent) / 100), "n": clean[at]["prediction"]}


def make(fork: Fork, random: Random) -> list[dict]:
    harness = fork.module("vlm_eval.tasks.harnesses.gqa")
    made = deepcopy(cases(random))
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.chdir(fork.root)  # the scorer looks for its script below the working directory
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        score_each(harness, folder, made)
        scores = [float(case["s"]) if case["balanced"] else 0.5 for case in made]
        for which in subsets(random, scores):
            if any(made[at]["balanced"] and made[at]["group"] for at in which):
                lines.append(totals(harness, folder, made, which))
            else:
                lines.append({"of": which, "stops": stops(harness, folder, made, which)})
    return made + lines


def stops(harness, folder: Path, made: list[dict], which: list[int]) -> str:
    """Without any group there is nothing to divide by, and the script ends before it prints a score."""
    try:
        totals(harness, folder, made, which)
    except Exception as error:
        assert b"ZeroDivisionError" in error.stderr, error
        return "ZeroDivisionError"
    raise AssertionError("the script was to stop")
