"""VQAv2: the fork's `run_vqa_evaluation` and GT-Vision-Lab's `VQAEval`, each fed with the benchmark's files."""

import json
import tempfile
from copy import deepcopy
from pathlib import Path
from random import Random

from official import Benchmark, Fork, quiet
from subsets import subsets
from texts import TABLES, answers_for, predictions

SOURCES = ("vlm_eval/util/evaluation/vqav2/eval.py",)
PAIRS = 2600
ANSWER_TYPES = ["yes/no", "number", "other"]
QUESTION_TYPES = ["what", "how many", "is the", "none of the above", "what color is the"]
UNROUNDED = 1000  # Python's round() returns its argument at so many places


def cases(random: Random, module) -> list[dict]:
    made = []
    for at, prediction in enumerate(predictions(random, list(module.CONTRACTIONS), PAIRS - 2)):
        plain = prediction.replace("\n", " ").replace("\t", " ").strip()
        punctuated = module.process_punctuation(plain)
        full = module.process_digits_articles_contractions(punctuated)
        forms = [full, full, full, plain, punctuated, full.upper(), "the " + full, full.replace(" ", "-"), f" {full}\t"]
        forms.append(full.replace(".", ""))
        case = {"p": prediction, "a": answers_for(random, prediction, forms, at < TABLES)}
        if at >= TABLES and random.random() < 0.15:  # ids and confidences that let records be equal, or not
            case["i"] = [random.choice([1, 2, 3]) for _ in case["a"]]
            case["c"] = [random.choice(["yes", "maybe"]) for _ in case["a"]]
            if random.random() < 0.5:
                case["c"] = ["yes"] * len(case["a"])
        if at >= TABLES and random.random() < 0.05:
            case["a"] = case["a"][: random.randint(1, 6)]
            case = {"p": case["p"], "a": case["a"]}
        case |= {"t": random.choice(ANSWER_TYPES), "q": random.choice(QUESTION_TYPES)}
        made.append(case)
    return made + [{"p": text, "a": [], "t": "other", "q": "what"} for text in ("", "red")]


class Files:
    """Questions, annotations and results of some cases, as files."""

    def __init__(self, folder: Path, made: list[dict], which: list[int]) -> None:
        about = {"info": {}, "task_type": "Open-Ended", "data_type": "mscoco", "data_subtype": "val2014", "license": {}}
        questions = [{"question_id": at, "image_id": at // 3, "question": f"question {at}?"} for at in which]
        self.annotations = folder / "annotations.json"
        self.questions = folder / "questions.json"
        self.results = folder / "results.json"
        annotations = [self.annotation(at, made[at]) for at in which]
        self.questions.write_text(json.dumps({**about, "questions": questions}))
        self.annotations.write_text(json.dumps({**about, "annotations": annotations}))
        self.results.write_text(json.dumps([{"question_id": at, "answer": made[at]["p"]} for at in which]))

    @staticmethod
    def annotation(at: int, case: dict) -> dict:
        ids = case.get("i", range(1, len(case["a"]) + 1))
        confidences = case.get("c", [""] * len(case["a"]))
        answers = [
            {"answer": text, "answer_confidence": confidence, "answer_id": number}
            for text, confidence, number in zip(case["a"], confidences, ids, strict=True)
        ]
        about = {"question_id": at, "image_id": at // 3, "question_type": case["q"], "answer_type": case["t"]}
        return {**about, "answers": answers}


def by_fork(module, files: Files) -> dict[int, float]:
    """The accuracy of each question, unrounded: what `run_vqa_evaluation` does, short of the totals."""
    index = module.VQAIndex(files.questions, files.annotations)
    scorer = module.VQAEvaluator(index, index.load_result_file(files.results, files.questions))
    scorer.evaluate()
    return scorer.eval_qa


def by_benchmark(benchmark: Benchmark, files: Files, places: int):
    vqa = benchmark.tools.VQA(str(files.annotations), str(files.questions))
    scorer = benchmark.eval.VQAEval(vqa, vqa.loadRes(str(files.results), str(files.questions)), n=places)
    scorer.evaluate()
    return scorer


def texts(numbers: dict) -> dict:
    """Numbers as Python writes them, which reads back to the same bits everywhere."""
    return {key: texts(value) if isinstance(value, dict) else repr(value) for key, value in numbers.items()}


def score_each(module, benchmark: Benchmark, folder: Path, made: list[dict]) -> None:
    for case in made:
        case["s"], case["o"] = None, None
    usable = [at for at, case in enumerate(made) if case["a"]]
    files = Files(folder, made, usable)
    for at, score in by_fork(module, files).items():
        made[at]["s"] = repr(score)
    for at, score in by_benchmark(benchmark, files, UNROUNDED).evalQA.items():
        made[at]["o"] = repr(score)
    for at in sorted(set(range(len(made))) - set(usable)):
        stopped = []
        for run in (lambda f: by_fork(module, f), lambda f: by_benchmark(benchmark, f, UNROUNDED)):
            try:
                run(Files(folder, made, [at]))
            except ZeroDivisionError as error:
                stopped.append(type(error).__name__)
        assert len(stopped) == 2, "both codes stop without answers"
        made[at]["stops"] = stopped[0]


def totals(module, benchmark: Benchmark, folder: Path, made: list[dict], which: list[int]) -> dict:
    files = Files(folder, made, which)
    fork = module.run_vqa_evaluation(files.questions, files.annotations, files.results)
    other = by_benchmark(benchmark, files, 2).accuracy
    fork = {"overall": fork["accuracy"], "t": fork["accuracy-by-answer-type"], "q": fork["accuracy-by-question-type"]}
    other = {"overall": other["overall"], "t": other["perAnswerType"], "q": other["perQuestionType"]}
    return {"of": which, "fork": texts(fork), "official": texts(other)}


def make(fork: Fork, benchmark: Benchmark, random: Random) -> list[dict]:
    module = fork.module("vlm_eval.util.evaluation.vqav2.eval")
    made = deepcopy(cases(random, module))
    with tempfile.TemporaryDirectory() as name, quiet():
        folder = Path(name)
        score_each(module, benchmark, folder, made)
        # right and wrong by both, so that both totals meet the same ties
        both = [
            None if c["s"] is None else float(c["s"]) if float(c["s"]) * 100 == float(c["o"]) else 0.5 for c in made
        ]
        lines = [totals(module, benchmark, folder, made, which) for which in subsets(random, both)]
    return made + lines
