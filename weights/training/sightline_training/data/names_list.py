"""The names that the models know, one list from all data: `weights/names.json`.

    python -m sightline_training.data.names_list --photos DIR --out ../names.json

An entry has `name`; `synonyms`, other words for the same thing; `kind_of`, wider names, nearest first; and `from`, the sets that
teach it: `tiny`, `imagenette`, `caltech` (labelled pictures), `coco` (lists, boxes), `vqa` (what people often answer).
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from ..classes import CALTECH_NAMES, IMAGENETTE_NAMES, TINY_NAMES
from .kinds import COCO_NAMES, COCO_OF, GROUP_OF, SAME
from .names_table import PLURALS, exact_words, plural
from .photo_questions import COLOURS
from .photos_splits import load_splits
from .photos_texts import load_texts, normal

AGREE, OFTEN = 3, 10  # people who give an answer to a question, training questions with such an answer
NAMED = 2  # and boxes of Visual Genome with this name, more than boxes with this attribute: not every answer is a thing
GROUPS = ("vehicle", "animal", "food", "furniture", "appliance")
# Labels of Caltech-101 and Imagenette as people say them.
PLAIN = {
    "faces": "face", "faces easy": "face", "leopards": "leopard", "binocular": "binoculars", "water lilly": "water lily",
    "flamingo head": "flamingo", "cougar body": "cougar", "cougar face": "cougar", "crocodile head": "crocodile",
    "chain saw": "chainsaw", "teddy": "teddy bear", "remote control": "remote", "computer keyboard": "keyboard",
}  # fmt: skip
TINY_ANIMALS, TINY_FOOD = range(59), range(178, 194)  # labels of Tiny ImageNet
OTHER_ANIMALS = (
    "tench", "leopard", "ant", "bass", "beaver", "butterfly", "crab", "crayfish", "crocodile", "dolphin", "gerenuk",
    "hawksbill", "hedgehog", "kangaroo", "llama", "lobster", "mayfly", "nautilus", "octopus", "okapi", "panda", "platypus",
    "rhino", "sea horse", "starfish", "tick", "wild cat", "brontosaurus", "stegosaurus",
)  # fmt: skip
NO_THINGS = frozenset(
    [
        "left",
        "right",
        "top",
        "bottom",
        "side",
        "front",
        "back",
        "middle",
        "nothing",
        "none",
        "male",
        "female",
        "night",
        "day",
        "outside",
        "white",
        "corner",
        "edge",
        "other",
        "air",
        "distance",
        "letters",
        "number",
        "numbers",
        "word",
        "words",
        "part",
    ]
)


# Words of `names_table.EXACT` that mean a kind of the thing, and words that mean more than it
# ("table": of any kind).
NARROWER = {
    word: coco
    for coco, words in {
        "person": ["man", "woman", "boy", "girl", "child", "guy", "lady", "baby", "kid"], "car": ["taxi"], "airplane": ["jet"],
        "boat": ["sailboat", "ship"], "train": ["locomotive"], "truck": ["pickup truck"], "cat": ["kitten", "kitty"],
        "bird": ["seagull", "duck", "pigeon", "owl", "parrot", "swan"], "dog": ["puppy"], "horse": ["pony"], "sheep": ["lamb"],
        "cow": ["bull", "calf"], "umbrella": ["parasol"], "cup": ["mug"],
    }.items()
    for word in words
}  # fmt: skip
WIDER = frozenset(["table", "plant", "phone", "ball", "stove", "racket", "teddy"])


def plain(name: str) -> str:
    return SAME.get(name) or PLAIN.get(name, name)


def often_answered(texts: list[dict], train: list[int]) -> list[str]:
    """Things that people often give as an answer, and that others drew boxes of; frequent ones first."""
    answers, boxes, attributes = Counter(), Counter(), Counter()
    for row in train:
        for q in texts[row].get("vqa", []):
            answers.update(a for a, count in Counter(q["normal"]).items() if q["kind"] == "other" and count >= AGREE)
        answers.update(normal(q["options"][0]) for q in texts[row].get("v7w", []))
        answers.update(normal(a) for _, a in texts[row].get("vg", []))
        for o in texts[row].get("objects", []):
            boxes[o["name"]] += 1
            attributes.update(o["attributes"])
    single = {plural(n): n for n in boxes} | {many: one for one, many in PLURALS.items()}
    merged = Counter()
    for answer, count in answers.items():
        name = single.get(answer, answer) if boxes[answer] < boxes[single.get(answer, answer)] else answer
        merged[name] += count
    things = [n for n, count in merged.items() if count >= OFTEN and boxes[n] >= max(NAMED, attributes[n])]
    return sorted((n for n in things if n not in COLOURS and n not in NO_THINGS), key=lambda n: (-merged[n], n))


def build(answered: list[str]) -> list[dict]:
    """Every name once, in alphabetical order."""
    synonym_of = {w: c for c in COCO_NAMES for w in exact_words(c) if w not in NARROWER and w not in WIDER}
    synonym_of |= {plural(w): c for w, c in synonym_of.items()}
    entries: dict[str, dict] = {}

    def add(name: str, source: str, kinds=(), word: str | None = None) -> None:
        entry = entries.setdefault(name, {"name": name, "synonyms": set(), "kind_of": [], "from": []})
        if word and word != name:
            entry["synonyms"].add(word)
        entry["kind_of"] += [k for k in dict.fromkeys(kinds) if k != name and k not in entry["kind_of"]]
        if source not in entry["from"]:
            entry["from"].append(source)

    def wider(name: str) -> list[str]:
        coco = name if name in GROUP_OF else COCO_OF.get(name) or NARROWER.get(name)
        group = GROUP_OF.get(coco)
        return ([coco] if coco and coco != name else []) + ([group] if group in GROUPS else [])

    for label, word in enumerate(TINY_NAMES):
        more = ["animal"] if label in TINY_ANIMALS else ["food"] if label in TINY_FOOD else []
        add(plain(word), "tiny", wider(word) + more, word)
    for source, names in (("imagenette", IMAGENETTE_NAMES), ("caltech", CALTECH_NAMES)):
        for word in names:
            add(plain(word), source, wider(word) + (["animal"] if plain(word) in OTHER_ANIMALS else []), word)
    for name in COCO_NAMES:
        add(name, "coco", wider(name))
        entries[name]["synonyms"] |= {
            w for w in exact_words(name) if w != name and w not in NARROWER and w not in WIDER
        }
    for word in answered:
        name = synonym_of.get(word, plain(word))
        add(name, "vqa", wider(name), word)
    out = []
    for name in sorted(entries, key=str.lower):
        entry = entries[name]
        out.append(entry | {"synonyms": sorted(entry["synonyms"], key=str.lower)})
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder with photos_texts.json.gz")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    texts, _ = load_texts(args.photos)
    entries = build(often_answered(texts, load_splits()["train"]))
    lines = ",\n".join("  " + json.dumps(e, ensure_ascii=False) for e in entries)
    args.out.write_text('{"names": [\n' + lines + "\n]}\n")
    print(len(entries), "names;", dict(Counter(source for e in entries for source in e["from"])))


if __name__ == "__main__":
    main()
