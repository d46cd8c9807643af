"""Writes `tests/contract/prompt.json`: questions, the exact text behind the visual tokens, and its token ids.

python -m sightline_training.prompt_snapshot --gguf FILE --out tests/contract/prompt.json
"""

import argparse
import json
from pathlib import Path

from .gguf_weights import build_tokenizer
from .prompt import BOS, STOP, VISUAL_TOKENS, Prompter, prompt_text

QUESTIONS = [
    "Is there a goldfish in the image?",
    "What is the object in the region [0.10, 0.20, 0.50, 0.60]?",
    "  Qu'est-ce que c'est ? \U0001f600 <|im_end|> 12345\n",
]


def snapshot(gguf: Path) -> dict:
    prompter = Prompter(build_tokenizer(gguf))
    cases = []
    for question in QUESTIONS:
        text = prompt_text(question)
        cases.append({"question": question, "text": text, "ids": prompter.prompt(question)})
    return {
        "note": "ids follow BOS and the visual tokens; control tokens spelled out in a question are plain text",
        "bos": BOS,
        "stop": STOP,
        "visual_tokens": VISUAL_TOKENS,
        "prompts": cases,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.write_text(json.dumps(snapshot(args.gguf), indent=2) + "\n")


if __name__ == "__main__":
    main()
