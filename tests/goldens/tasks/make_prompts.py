"""The user's turn of every benchmark, from the paper's own prompt functions, and its token ids for the shipped models.

    python tests/goldens/tasks/make_prompts.py FORK GGUF

FORK is a checkout of raykuo18/vlm-evaluation at c65254b, GGUF the published language model. Writes `prompts.jsonl`.
The functions run unmodified; what stands in for their prompt builder hands out the message that is added, without
white space around it, which is what prismatic's builders strip. Our own tasks have no such function: their turns
are those of the committed lists and of `crates/eval`, here for their ids. Needs tokenizers, gguf and numpy.
"""

import json
import sys
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent / "score"))
sys.path.insert(0, str(ROOT / "weights" / "training"))
from official import FORK, STAND_INS, Fork  # noqa: E402
from sightline_training.gguf_weights import build_tokenizer  # noqa: E402
from sightline_training.prompt import Prompter  # noqa: E402

TEXTS = [
    "What color is the dog?",
    "is there a person in the picture ?",
    'How many "no parking" signs are there',
    "l'\u00e9l\u00e9phant \u2014 \u2603 caf\u00e9?",
    "the man in 2nd row",
]
OCR = "what is the brand of this camera?\nReference OCR token: DAKOTA, DIGITAL, Single-Use"
# Task and family; the expected turn is what the fork's function of that family says.
FAMILIES = {
    "vqav2": "vqa-v2", "gqa": "gqa", "vizwiz": "vizwiz", "textvqa": "text-vqa", "pope": "pope", "tallyqa": "tally-qa",
    "vsr": "vsr", "refcoco": "refcoco", "ocid-ref": "ocid-ref",
}  # fmt: skip
OWN = [
    ("daquar", "What is on the left side of the white oven on the floor?"),
    ("pope-coco256", "Is there a snowboard in the image?"),
    ("relation-mosaic", "Seen from the torch, is the plunger on the left or on the right?"),
]


class Builder:
    """Stands in for prismatic's prompt builder."""

    def add_turn(self, role: str, message: str) -> None:
        assert role == "human"
        self.message = message

    def get_prompt(self) -> str:
        return self.message.strip()


def main() -> None:
    STAND_INS.add("prismatic")
    fork, tokenizer = Fork(Path(sys.argv[1])), build_tokenizer(Path(sys.argv[2]))
    prompter = Prompter(tokenizer)
    model = fork.module("vlm_eval.models.prismatic").PrismaticVLM.__new__(
        fork.module("vlm_eval.models.prismatic").PrismaticVLM
    )
    object.__setattr__(model, "model", types.SimpleNamespace(get_prompt_builder=lambda *_: Builder()))
    cases = []
    for task, family in FAMILIES.items():
        say = model.get_prompt_fn(family)
        for text in TEXTS + [OCR] * (task == "textvqa"):
            turn = say(text, choices=[str(n) for n in range(16)]) if task == "tallyqa" else say(text)
            cases.append({"task": task, "text": text, "prompt": turn})
    cases += [{"task": task, "text": text, "prompt": text} for task, text in OWN]
    for name in ("presence-coco", "count-mosaic", "ground-mosaic", "naming10"):
        lines = (ROOT / "crates" / "eval" / "lists" / f"{name}.jsonl").read_text().splitlines()
        for line in lines[1:7]:
            question = json.loads(line)["question"]
            cases.append({"task": name, "text": question, "prompt": question})
    for case in cases:
        case["ids"] = prompter.prompt(case["prompt"])
    sources = fork.sources("vlm_eval/models/prismatic.py")
    lines = [json.dumps({"made_by": FORK, "sources": sources})] + [json.dumps(case) for case in cases]
    (HERE / "prompts.jsonl").write_text("\n".join(lines) + "\n")
    print(len(cases), max(len(case["ids"]) for case in cases))


if __name__ == "__main__":
    main()
