"""POPE, TallyQA and VSR: POPE's own script on written answers, the fork's scorers on probabilities."""

import json
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from official import Fork, quiet

SOURCES = tuple(f"vlm_eval/tasks/harnesses/{name}.py" for name in ("pope", "tallyqa", "vsr"))
PAIRS = 2400
SETTINGS = ("adversarial", "popular", "random")
# The last is no class label of either official code: it makes a run stop, or counts as yes.
WORDS = ["yes", "Yes", "no", "No", "not", "Not", "NO", "NOT", "nope", "no!", "no,", ",no", "No.", ".no", "none", "know"]
WORDS += [
    "there",
    "is",
    "a",
    "dog",
    "isn't",
    "cannot",
    "",
    "n,o",
    "no\n",
    "\nNo",
    "no\t",
    "not;",
    "\u00a0no",
    "no\u3000x",
]
ENDS = ["", ".", ".", ". No", ". There is not.", "..", " .no", ",", "!", "\n", "</s>"]


class Script:
    """POPE's script, run as it is; what it opens is handed to it."""

    def __init__(self, path: Path) -> None:
        self.code = compile(path.read_text(), path.name, "exec")

    def run(self, texts: list[str], labels: list[str]) -> dict:
        """The script's variables at its end, and the exception that ended it, if one did."""
        files = iter(
            [
                "".join(json.dumps({"question": "", "answer": text}) + "\n" for text in texts),
                "".join(json.dumps({"label": label}) + "\n" for label in labels),
            ]
        )
        names: dict = {"open": lambda *_: StringIO(next(files))}
        with quiet():
            try:
                exec(self.code, names)
            except ZeroDivisionError as error:
                names["stops"] = type(error).__name__
        return names


def written(random: Random) -> list[str]:
    texts = ["", " ", ".", ",", *WORDS, *(word + end for word in WORDS for end in ENDS)]
    while len(texts) < PAIRS:
        words = [random.choice(WORDS) for _ in range(random.randrange(7))]
        texts.append(random.choice([" ", " ", " ", ", ", "  ", "\n"]).join(words) + random.choice(ENDS))
    return texts[:PAIRS]


def make_written(script: Script, random: Random) -> list[dict]:
    texts = written(random)
    labels = [random.choice(["yes", "no"]) for _ in texts]
    said = [answer["answer"] for answer in script.run(texts, labels)["answers"]]
    cases = [{"p": p, "a": a, "said": s} for p, a, s in zip(texts, labels, said, strict=True)]
    whole = range(len(texts))
    parts: list[list[int]] = [[at for at in whole if keep(said[at], labels[at])] for keep in KEEP]
    parts += [random.sample(whole, random.randrange(1, 30)) for _ in range(60)] + [[at] for at in range(20)]
    for of in parts:
        names = script.run([texts[at] for at in of], [labels[at] for at in of])
        line = {"of": of, "counts": [names[name] for name in ("TP", "FP", "TN", "FN")]}
        line |= {name: repr(names[name]) for name in ("precision", "recall", "f1", "acc", "yes_ratio") if name in names}
        cases.append(line | ({"stops": names["stops"]} if "stops" in names else {}))
    return cases


KEEP: list[Callable[[str, str], bool]] = [
    lambda said, label: True,
    lambda said, label: said == "yes",
    lambda said, label: said == "no",
    lambda said, label: label == "yes",
    lambda said, label: label == "no",
    lambda said, label: said == label,
    lambda said, label: said != label,
]


# First probabilities that are no numbers, at which scikit-learn stops.
NO_NUMBERS = [["nan", "0.5"], ["inf", "0.5"], ["-inf", "0.5"], ["nan", "nan"]]


def pair(random: Random) -> list[float]:
    """Two probabilities: coarse ones with many ties, fine ones, equal ones, and a second that is no number."""
    kind = random.randrange(8)
    if kind < 3:
        first = random.randrange(9) / 8
    elif kind < 7:
        first = random.randrange(1000) / 1000 if kind == 3 else random.random()
    else:
        return [0.5, random.choice([0.5, float("nan"), float("inf"), float("-inf"), 0.5000000000000001])]
    return [first, first if random.randrange(8) == 0 else random.choice([1 - first, random.random()])]


def numbers(values: Iterable[float]) -> list[str]:
    return [repr(float(value)) for value in values]


def parts_of(random: Random, count: int) -> list[list[int]]:
    sizes = [1, 2, 3, 5, 8, 9, 30, 100, 128, 129, 130, 137, 200, 257, 300, 500, 1000, count]
    return [random.sample(range(count), size) for size in sizes * 3]


def make_pope(fork: Fork, random: Random) -> list[dict]:
    scorer = fork.module("vlm_eval.tasks.harnesses.pope").PopeScorer
    cases = [
        {"q": numbers(pair(random)), "a": random.choice(["yes", "no"]), "in": random.choice(SETTINGS)}
        for _ in range(PAIRS)
    ]

    def run(examples: list[tuple[str, dict]]) -> dict | str:
        with TemporaryDirectory() as folder, quiet():
            annotations = Path(folder) / "annotations.json"
            annotations.write_text(json.dumps({str(at): {"split": name} for at, (name, _) in enumerate(examples)}))
            results = {
                str(at): {"yes_no_probabilities": [*map(float, case["q"])], "ground_truth_answer": case["a"]}
                for at, (_, case) in enumerate(examples)
            }
            try:
                return scorer("pope", Path(folder), results, annotations).score("")
            except (ZeroDivisionError, ValueError) as error:
                return type(error).__name__

    def line(metrics: dict, name: str) -> list[str]:
        return numbers(metrics[f"accuracy__POPE-{name}-{kind}"] for kind in ("Accuracy", "AUCROC", "AUCPR"))

    cases += [{"q": values, "a": answer, "in": SETTINGS[0]} for values in NO_NUMBERS for answer in ("yes", "no")]
    for case in cases:
        metrics = run([(name, case) for name in SETTINGS])
        case["s"] = None if isinstance(metrics, str) else repr(float(metrics["POPE-final-Accuracy"]))
    for of in parts_of(random, PAIRS):
        metrics = run([(cases[at]["in"], cases[at]) for at in of])
        if isinstance(metrics, str):
            cases.append({"of": of, "stops": metrics})
        else:
            cases.append({"of": of, "parts": [line(metrics, name) for name in (*SETTINGS, "final")]})
    return cases


def sixteen(random: Random, answer: int, near: bool) -> list[float]:
    """Thousandths that add up to 1, ties among them."""
    weights = [random.choice([0, 1, 1, 2, 5, 30]) for _ in range(16)]
    weights[answer] += random.choice([0, 0, 10, 30, 60])
    total = sum(weights) or 1
    parts = [weight * 1000 // total for weight in weights]
    parts[random.randrange(16)] += 1000 - sum(parts)
    values = [part / 1000 for part in parts]
    if near:
        values[random.randrange(16)] += random.choice([9e-6, 1.001e-5, 1.1e-5, -9e-6, -1.1e-5, 0.25])
    return values


def make_tallyqa(fork: Fork, random: Random) -> list[dict]:
    scorer = fork.module("vlm_eval.tasks.harnesses.tallyqa").TallyQAScorer
    cases = []
    for at in range(PAIRS):
        answer = random.choice([0, 1, 1, 2, 2, 3, 4, 5, 8, 13, 15])
        probabilities = sixteen(random, answer, at >= PAIRS - 30)
        if at % 400 == 399:
            probabilities[at % 16] = float(random.choice(["nan", "inf"]))
        cases.append({"q": numbers(probabilities), "a": answer, "in": random.choice(["simple", "complex"])})

    def run(examples: list[tuple[str, dict]]) -> dict | str:
        with TemporaryDirectory() as folder, quiet():
            annotations = Path(folder) / "annotations.json"
            annotations.write_text(json.dumps({str(at): {"split": name} for at, (name, _) in enumerate(examples)}))
            results = {
                str(at): {"question_id": at, "mc_probabilities": [*map(float, case["q"])]}
                | {"ground_truth_answer": case["a"]}
                for at, (_, case) in enumerate(examples)
            }
            try:
                return scorer("tally-qa", Path(folder), results, annotations).score("")
            except (ZeroDivisionError, ValueError) as error:
                return type(error).__name__

    def line(metrics: dict, name: str) -> list[str]:
        return numbers(metrics[f"accuracy__TallyQA-{name}-{kind}"] for kind in ("Accuracy", "AUCROC", "AUCPR"))

    for case in cases:
        metrics = run([(name, case) for name in ("simple", "complex")])
        case["s"] = None if isinstance(metrics, str) else repr(metrics["accuracy__TallyQA-final-Accuracy"])
    sound = [at for at, case in enumerate(cases) if case["s"] is not None]
    chosen = [[sound[at] for at in of] for of in parts_of(random, len(sound))]
    chosen += [[*random.sample(sound, 40), at] for at in range(PAIRS - 30, PAIRS)]
    for of in chosen:
        metrics = run([(cases[at]["in"], cases[at]) for at in of])
        if isinstance(metrics, str):
            cases.append({"of": of, "stops": metrics})
        else:
            cases.append({"of": of, "parts": [line(metrics, name) for name in ("simple", "complex", "final")]})
    return cases


def make_vsr(fork: Fork, random: Random) -> list[dict]:
    scorer = fork.module("vlm_eval.tasks.harnesses.vsr").VSRScorer
    cases = [{"q": numbers(pair(random)), "a": random.random() < 0.5} for _ in range(PAIRS)]

    cases += [{"q": values, "a": answer} for values in NO_NUMBERS for answer in (True, False)]

    def run(examples: list[dict]) -> dict | str:
        results = {
            str(at): {"true_false_probabilities": [*map(float, case["q"])], "ground_truth_answer": case["a"]}
            for at, case in enumerate(examples)
        }
        with quiet():
            try:
                return scorer("vsr", Path(), results, Path()).score("")
            except ValueError as error:
                return type(error).__name__

    for case in cases:
        metrics = run([case])
        case["s"] = None if isinstance(metrics, str) else repr(metrics["accuracy__VSR-ExactMatch"])
    for of in parts_of(random, PAIRS):
        metrics = run([cases[at] for at in of])
        names = ("accuracy__VSR-ExactMatch", "accuracy__VSR-AUCROC", "accuracy__VSR-AUCPR")
        cases.append({"of": of, "parts": [numbers(metrics[name] for name in names)]})
    return cases
