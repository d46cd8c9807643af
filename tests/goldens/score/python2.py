"""How GT-Vision-Lab's VQAv2 code, as it is and under the Python 2.7 it was written for, scores our golden pairs.

    python2.7 python2.py VQA          a checkout of GT-Vision-Lab/VQA

Prints how many pairs it scores otherwise than its conversion to Python 3 does, and how many of those are pure ASCII.
"""

import gzip
import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def annotation(at, case):
    ids = case.get("i", range(1, len(case["a"]) + 1))
    confidences = case.get("c", [""] * len(case["a"]))
    answers = [
        {"answer": text, "answer_confidence": confidences[place], "answer_id": ids[place]}
        for place, text in enumerate(case["a"])
    ]
    about = {"question_id": at, "image_id": at // 3, "question_type": case["q"], "answer_type": case["t"]}
    about["answers"] = answers
    return about


def main():
    assert sys.version_info[0] == 2, "for Python 2"
    for folder in ("PythonEvaluationTools/vqaEvaluation", "PythonHelperTools/vqaTools"):
        sys.path.insert(0, os.path.join(sys.argv[1], folder))
    from vqa import VQA
    from vqaEval import VQAEval

    with gzip.open(os.path.join(HERE, "vqav2.jsonl.gz")) as file:
        cases = [json.loads(line) for line in file.read().splitlines()[1:]]
    cases = [case for case in cases if case.get("o") is not None]
    about = {"info": {}, "task_type": "Open-Ended", "data_type": "mscoco", "data_subtype": "val2014", "license": {}}
    questions = [{"question_id": at, "image_id": at // 3, "question": ""} for at in range(len(cases))]
    files = {
        "annotations": dict(about, annotations=[annotation(at, case) for at, case in enumerate(cases)]),
        "questions": dict(about, questions=questions),
        "results": [{"question_id": at, "answer": case["p"]} for at, case in enumerate(cases)],
    }
    folder = tempfile.mkdtemp()
    for name, content in files.items():
        with open(os.path.join(folder, name), "w") as file:
            json.dump(content, file)
    path = {name: os.path.join(folder, name) for name in files}
    stdout, sys.stdout = sys.stdout, open(os.devnull, "w")
    vqa = VQA(path["annotations"], path["questions"])
    scorer = VQAEval(vqa, vqa.loadRes(path["results"], path["questions"]), n=1000)
    scorer.evaluate()
    sys.stdout = stdout
    shutil.rmtree(folder)

    other = [case for at, case in enumerate(cases) if scorer.evalQA[at] != float(case["o"])]
    ascii_only = [case for case in other if all(ord(c) < 128 for text in [case["p"]] + case["a"] for c in text)]
    sys.stdout.write(json.dumps({"pairs": len(cases), "differ": len(other), "of which ASCII": len(ascii_only)}) + "\n")
    for case in other[:5]:
        here = scorer.evalQA[cases.index(case)]
        sys.stdout.write(json.dumps({"prediction": case["p"], "Python 2": here, "Python 3": case["o"]}) + "\n")


if __name__ == "__main__":
    main()
