"""TextVQA: the fork's `TextVQAAccuracyEvaluator`, which scores prompts with and without OCR tokens alike."""

from random import Random

from official import Fork
from subsets import subsets
from texts import TABLES, answers_for, predictions

SOURCES = ("vlm_eval/util/evaluation/textvqa/m4c_evaluators.py",)
PAIRS = 2400


def cases(random: Random, module) -> list[dict]:
    processor = module.EvalAIAnswerProcessor()
    made = []
    for at, prediction in enumerate(predictions(random, list(processor.CONTRACTIONS), PAIRS)):
        full = processor(prediction)
        forms = [full, full, prediction, full.upper(), "the " + full, full + ".", full.replace(" ", "-"), f" {full}\t"]
        forms.append(full.replace(".", ""))
        answers = answers_for(random, prediction, forms, at < TABLES)
        if at >= TABLES and random.random() < 0.03:
            answers = (answers * 2)[: random.choice([0, 1, 9, 11, 20])]
        made.append({"p": prediction, "a": answers})
    return made


def make(fork: Fork, random: Random) -> list[dict]:
    module = fork.module("vlm_eval.util.evaluation.textvqa.m4c_evaluators")
    evaluator = module.TextVQAAccuracyEvaluator()
    made = cases(random, module)
    entries = [{"pred_answer": case["p"], "gt_answers": case["a"]} for case in made]
    scores: list[float | None] = []
    for case, entry in zip(made, entries, strict=True):
        try:
            scores.append(evaluator.eval_pred_list([entry]))
            case["s"] = repr(scores[-1])
        except AssertionError as error:
            scores.append(None)
            case |= {"s": None, "stops": type(error).__name__}
    lines = [
        {"of": which, "total": repr(evaluator.eval_pred_list([entries[at] for at in which]))}
        for which in subsets(random, scores)
    ]
    return made + lines
