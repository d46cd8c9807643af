"""Writes captions.jsonl.gz: CIDEr-D and BLEU of invented captions, as pycocoevalcap says them.

    pip install --no-deps pycocoevalcap pycocotools     # and a Java runtime, for its tokenizer
    python tests/goldens/score/captions.py

First a line that says what it was made with, then a picture a line: a caption, its references, the words that the official tokenizer cuts
both into, and the picture's CIDEr-D; at the end the totals of all pictures, and of parts of them. Same bytes every time.
"""

import contextlib
import gzip
import importlib.metadata
import io
import json
import random
from pathlib import Path

from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

PICTURES = 300
PARTS = [[0], [0, 1], list(range(10, 40)), list(range(0, PICTURES, 7))]
WHO = ["a man", "two women", "the dog's owner", "a group of kids", "Mr. Brown", "someone", "a black-and-white cat", "three 10-year-olds",
       "an old lady", "a T.V. reporter", "the men's team", "people"]  # fmt: skip
DOES = ["is riding", "rides", "can't hold", "is looking at", "plays with", "doesn't want", "they're watching", "is about to throw", "cannot see",
        "sits next to", "wanna buy", "carries"]  # fmt: skip
WHAT = ["a red ball", "the U.S. flag", "a \"stop\" sign", "his t-shirt", "2 frisbees", "a $5 pizza", "an elephant's trunk", "bikes/scooters",
        "a 7-11 bag", "(maybe) a kite", "the children's toys", "it's leash"]  # fmt: skip
WHERE = ["in the street", "on St. Paul Ave.", "at 5 p.m.", "in front of a building", "near the water", "on a sunny day in Washington D.C.",
         "by the dogs' bowls", "while it's raining", "-- behind a fence", ""]  # fmt: skip
END = [".", "", " .", "!", "...", "?!", ", smiling.", "; nobody looks", " & waits", "'"]


def sentence(rng: random.Random) -> str:
    text = " ".join(filter(None, (rng.choice(part) for part in (WHO, DOES, WHAT, WHERE)))) + rng.choice(END)
    return text[0].upper() + text[1:] if rng.random() < 0.7 else text


def invented(rng: random.Random, at: int) -> tuple[str, list[str]]:
    references = [sentence(rng) for _ in range(5 if at % 11 else 1 + at % 3)]
    caption = rng.choice([sentence(rng), rng.choice(references), "a man", "", ".", "dog dog dog dog dog " + sentence(rng)])
    words = rng.choice(references).split()
    if rng.random() < 0.4:
        caption = " ".join(words[: rng.randrange(1, len(words) + 1)])
    return caption, references


def quietly(work):
    with contextlib.redirect_stdout(io.StringIO()):
        return work()


def totals(words: list[dict], of: list[int]) -> dict:
    res = {i: [words[i]["words"]] for i in of}
    gts = {i: words[i]["references"] for i in of}
    cider, each = Cider().compute_score(gts, res)
    bleu, _ = quietly(lambda: Bleu(4).compute_score(gts, res))
    return {"of": of, "cider": repr(float(cider)), "bleu": [repr(float(b)) for b in bleu]}, each


def main() -> None:
    rng = random.Random(2026)
    pictures = [invented(rng, at) for at in range(PICTURES)]
    # A caption without a word is a line without one; the tokenizer keeps lines.
    tokenize = PTBTokenizer().tokenize
    said = tokenize({i: [{"caption": caption or "."}] for i, (caption, _) in enumerate(pictures)})
    wanted = tokenize({i: [{"caption": r} for r in references] for i, (_, references) in enumerate(pictures)})
    words = [{"words": said[i][0], "references": wanted[i]} for i in range(PICTURES)]
    whole, each = totals(words, list(range(PICTURES)))
    lines = [{"made_with": f"pycocoevalcap {importlib.metadata.version('pycocoevalcap')}", "pictures": PICTURES}]
    for i, (caption, references) in enumerate(pictures):
        lines.append({"prediction": caption, "captions": references, **words[i], "cider": repr(float(each[i]))})
    lines += [whole] + [totals(words, part)[0] for part in PARTS]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    out = Path(__file__).with_name("captions.jsonl.gz")
    with open(out, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.encode())
    print(f"{out.name}: {len(lines)} lines; CIDEr-D {whole['cider']}, BLEU {whole['bleu']}")


if __name__ == "__main__":
    main()
