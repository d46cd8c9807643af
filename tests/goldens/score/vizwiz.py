"""VizWiz: the fork's `VQAEval`, and its `VizWizScorer` around it."""

from copy import deepcopy
from pathlib import Path
from random import Random

from official import Fork, quiet
from subsets import subsets
from texts import TABLES, answers_for, predictions
from vqav2 import UNROUNDED

SOURCES = ("vlm_eval/util/evaluation/vizwiz/eval.py", "vlm_eval/tasks/harnesses/vizwiz.py")
PAIRS = 2400


def cases(random: Random, normalise, contractions: list[str]) -> list[dict]:
    made = []
    for at, prediction in enumerate(predictions(random, contractions, PAIRS - 2)):
        if at >= TABLES and random.random() < 0.1:
            prediction = random.choice(
                ["unanswerable", "Unanswerable", "unanswerable.", "Unanswerable\n", "unanswerable "]
            )
        full = normalise(prediction)
        forms = [
            full,
            full,
            full,
            prediction,
            full.upper(),
            "the " + full,
            full.replace(" ", "-"),
            full.replace("`", "'"),
        ]
        answers = answers_for(random, prediction, forms, at < TABLES)
        if at >= TABLES and random.random() < 0.05:
            answers = answers[: random.randint(1, 6)]
        made.append({"p": prediction, "a": answers, "y": random.choice([0, 1, 1])})
    return made + [{"p": text, "a": [], "y": 1} for text in ("", "red")]


def entries(made: list[dict], which: list[int]) -> tuple[dict, dict]:
    """Gold and results as the harness hands them on."""
    gold = {
        str(at): {"image": at, "answers": [{"answer": a} for a in made[at]["a"]], "answerable": made[at]["y"]}
        for at in which
    }
    results = {str(at): {"image": at, "answer": made[at]["p"], "answerable": made[at]["y"]} for at in which}
    return gold, results


def score_each(module, made: list[dict]) -> None:
    for at, case in enumerate(made):
        scorer = module.VQAEval(*entries(made, [at]), n=UNROUNDED)
        scorer.get_answerable_preds()
        case["u"] = 1 - scorer.original_res[str(at)]["answerable"]
        try:
            scorer.evaluate()
            case["s"] = repr(scorer.evalQA[str(at)])
        except ZeroDivisionError as error:
            case |= {"s": None, "stops": type(error).__name__}


def accuracy(module, made: list[dict], which: list[int]) -> float | None:
    """None where the official code stops, having nothing to divide by."""
    scorer = module.VQAEval(*entries(made, which), n=2)
    try:
        scorer.evaluate()
    except ZeroDivisionError:
        return None
    return scorer.accuracy["overall"]


def totals(module, made: list[dict], which: list[int]) -> dict:
    scorer = module.VQAEval(*entries(made, which), n=2)
    scorer.evaluate()
    scorer.evaluate_unanswerability()
    return {
        "overall": scorer.accuracy["overall"],
        "answerable": accuracy(module, made, [at for at in which if made[at]["y"] == 1]),
        "unanswerable": accuracy(module, made, [at for at in which if made[at]["y"] == 0]),
        "average_precision": scorer.unanswerability["average_precision"],
        "f1": scorer.unanswerability["f1_score"],
    }


def by_harness(harness, made: list[dict], which: list[int]) -> dict:
    """The same by the scorer that the fork runs, where neither part is empty."""
    full = {
        str(at): {
            "question_id": at,
            "question": "",
            "model_output": made[at]["p"],
            "ground_truth_answer": [{"answer": a} for a in made[at]["a"]],
            "answerable": made[at]["y"],
        }
        for at in which
    }
    summary = harness.VizWizScorer("vizwiz", Path(), full, Path()).score("model")
    names = {"Overall": "overall", "Answerable": "answerable", "Unanswerable": "unanswerable"}
    names |= {"Unanswerable-AvgPR": "average_precision", "Unanswerable-F1": "f1"}
    return {short: summary[f"accuracy__VizWiz-{name}"] for name, short in names.items()}


def one_sided(random: Random, made: list[dict], usable: list[int]) -> list[list[int]]:
    """Parts with one kind of gold, one kind of prediction, or both."""
    found = []
    for answerable in (0, 1, None):
        for said in (0, 1, None):
            part = [at for at in usable if answerable in (None, made[at]["y"]) and said in (None, made[at]["u"])]
            found += [random.sample(part, min(len(part), size)) for size in (1, 13, 40)]
    return found


def make(fork: Fork, random: Random) -> list[dict]:
    module = fork.module("vlm_eval.util.evaluation.vizwiz.eval")
    harness = fork.module("vlm_eval.tasks.harnesses.vizwiz")
    lines = []
    with quiet():
        scorer = module.VQAEval({}, {})

        def normalise(text: str) -> str:
            plain = text.replace("\n", " ").replace("\t", " ").strip()
            return scorer.processDigitArticle(scorer.processPunctuation(plain))

        made = deepcopy(cases(random, normalise, list(scorer.contractions)))
        score_each(module, made)
        scores = [None if case["s"] is None else float(case["s"]) / 100 for case in made]
        usable = [at for at, score in enumerate(scores) if score is not None]
        for which in subsets(random, scores) + one_sided(random, made, usable):
            sums = totals(module, made, which)
            if None not in sums.values():
                assert by_harness(harness, made, which) == sums
            lines.append({"of": which, **{key: None if sums[key] is None else repr(sums[key]) for key in sums}})
    return made + lines
