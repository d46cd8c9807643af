"""What people wrote about the photographs, one entry per picture, in the order of the packs.

`photos_texts.json.gz` holds `set` (number in `photos.SETS`), `names` (file), and `texts`, per picture whichever of these it has:

- `captions`: 1 (COCO) or 5 (Flickr8k), as published.
- `image_id`: COCO's number, or Visual Genome's. `present`: COCO things that stand in it large enough, from published lists.
  Both only where the picture's COCO number is known with a posterior above 0.95.
- `vqa`: `id`, `question`, ten `answers`, the same in `normal` form, `kind` (yes/no, number, other), `type` (VQAv2's).
- `v7w`: `question`, four `options` (the first is right), `part` (Train, Dev, Test as published; they share pictures).
- `vg`: [question, answer]. `objects`: `name`, `box` (x0, y0, x1, y1 in px of the packed picture), `attributes`. `size`: width
  and height of the packed picture.
"""

import csv
import gzip
import io
import json
import os
import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from .photos import SETS, Mirror

POSTERIOR = 0.95
CAPTIONS = ("quantumnaan/sic_translator", "d27da85cff2dbf143fcaf365aece667d66c4298f", "data/ignore_captions.txt")
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
DIGITS = {word: str(i) for i, word in enumerate(NUMBERS)}


def normal(answer: str) -> str:
    """VQA's normal form, nearly: lower case, no articles, no punctuation at word ends, digits."""
    text = re.sub(r"(?<!\d)[.,](?!\d)|[.,](?!\d)|[;!?\"()\[\]{}]", " ", answer.lower().replace("\n", " "))
    return " ".join(DIGITS.get(w, w) for w in text.split() if w not in ("a", "an", "the"))


def kind(question: str, answers: list[str]) -> str:
    """yes/no, number or other, by the most frequent answer in normal form."""
    top = Counter(answers).most_common(1)[0][0]
    if top in ("yes", "no"):
        return "yes/no"
    return "number" if top.isdigit() or question.lower().startswith("how many") else "other"


def coco_captions(train: str, test: str) -> dict[str, str]:
    """File -> caption. Captions hold line breaks, commas and stray quotes."""
    out = {}
    for text, first in ((train, 2), (test, 1)):
        for row in list(csv.reader(io.StringIO(text, newline="")))[1:]:
            out[row[0]] = " ".join(",".join(row[first:]).replace('"', " ").split())
    return out


def flickr_captions(text: str) -> dict[str, list[str]]:
    out = defaultdict(list)
    for file, caption in list(csv.reader(io.StringIO(text, newline="")))[1:]:
        out[file].append(caption.strip())
    return dict(out)


def vqa_entry(question: dict) -> dict:
    answers = [normal(a) for a in question["answers"]]
    return {
        "id": question["question_id"],
        "question": question["question"],
        "answers": question["answers"],
        "normal": answers,
        "kind": kind(question["question"], answers),
        "type": question.get("question_type"),
    }


def v7w_entries(text: str, part: str):
    """(file, entry) of every line with four options."""
    for line in text.splitlines():
        file, question, options = line.split("\t")
        options = [o.strip() for o in options.split(" | ")]
        if len(options) == 4:
            yield file, {"question": question.strip(), "options": options, "part": part}


def vg_objects(objects: list[dict], attributes: list[dict], original, packed) -> list[dict]:
    """Named boxes in px of the packed picture; boxes that leave the picture are cut at its edge, empty ones left out."""
    told = {o["object_id"]: o.get("attributes", []) for o in attributes}
    sx, sy = packed[0] / original[0], packed[1] / original[1]
    out = []
    for o in objects:
        box = [o["x"] * sx, o["y"] * sy, (o["x"] + o["w"]) * sx, (o["y"] + o["h"]) * sy]
        box = [round(min(max(v, 0), packed[i % 2]), 1) for i, v in enumerate(box)]
        names = [n.strip().lower() for n in o["names"] if n.strip()]
        if names and box[2] > box[0] and box[3] > box[1]:
            words = list(dict.fromkeys(a.strip().lower() for a in told.get(o["object_id"], [])))
            out.append({"name": names[0], "box": box, "attributes": words})
    return out


def gather(mirrors: Path, shared: Path, index) -> list[dict]:
    """One entry per row of the index."""
    names, of_set = index["name"].tolist(), index["set"].tolist()
    row = {(s, n): i for i, (s, n) in enumerate(zip(of_set, names, strict=True))}
    texts = [{} for _ in names]
    mirror = {n: Mirror(mirrors, s.repository, s.commit) for n, s in SETS.items()}

    captions = coco_captions(mirror["coco"].text("data/train.csv"), mirror["coco"].text("data/test.csv"))
    for file, caption in captions.items():
        texts[row[0, file]]["captions"] = [caption]
    with gzip.open(shared / "more" / "classes80.csv.gz", "rt", newline="") as file:
        for number, coco_id, posterior, things in list(csv.reader(file))[1:]:
            if float(posterior) > POSTERIOR:
                present = [c for c in things.split("|") if c]
                texts[row[0, f"{number}.jpg"]] |= {"image_id": int(coco_id), "present": present}
    with gzip.open(shared / "more" / "vqav2_on_coco40k.json.gz", "rt", encoding="utf-8") as file:
        for question in json.load(file):
            texts[row[0, f"{question['index']}.jpg"]].setdefault("vqa", []).append(vqa_entry(question))

    repository, commit, path = CAPTIONS
    for file, lines in flickr_captions(Mirror(mirrors, repository, commit).text(path)).items():
        if (1, file) in row:
            texts[row[1, file]]["captions"] = lines
    for part in ("Train", "Dev", "Test"):
        for file, entry in v7w_entries(mirror["v7w"].text(f"visual7w-text/v7w.{part}Images.txt"), part):
            texts[row[2, file]].setdefault("v7w", []).append(entry)

    read = lambda name: json.loads(mirror["vg"].text(f"data/VG/{name}.json"))  # noqa: E731
    for picture in read("question_answers"):
        if (at := row.get((3, f"{picture['id']}.jpg"))) is not None:
            texts[at]["vg"] = [[q["question"], q["answer"]] for q in picture["qas"]]
    attributes = {p["image_id"]: p["attributes"] for p in read("attributes")}
    for picture in read("objects"):
        identity = picture["image_id"]
        if (at := row.get((3, f"{identity}.jpg"))) is not None:
            sizes = index["original"][at].tolist(), index["size"][at].tolist()
            texts[at] |= {"image_id": identity, "size": index["size"][at].tolist()}
            texts[at]["objects"] = vg_objects(picture["objects"], attributes.get(identity, []), *sizes)
    return texts


def write(mirrors: Path, shared: Path, out: Path) -> dict[str, int]:
    """Writes `photos_texts.json.gz`; returns how many of each kind it holds."""
    index = np.load(out / "photos_index.npz")
    texts = gather(mirrors, shared, index)
    data = {"set": index["set"].tolist(), "names": index["name"].tolist(), "texts": texts}
    temporary = out / "photos_texts.json.gz.tmp"
    with gzip.GzipFile(temporary, "wb", mtime=0) as file:  # the same bytes every time
        file.write(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))
    os.replace(temporary, out / "photos_texts.json.gz")
    return counts(texts)


def counts(texts: list[dict]) -> dict[str, int]:
    listed = ("captions", "vqa", "v7w", "vg", "objects")
    out = {f"pictures with {k}": sum(k in t for t in texts) for k in ("present", *listed)}
    return out | {k: sum(len(t.get(k, [])) for t in texts) for k in listed}


def load_texts(folder: Path) -> tuple[list[dict], list[int]]:
    """The entries, and the number of each picture's set."""
    with gzip.open(Path(folder) / "photos_texts.json.gz", "rt", encoding="utf-8") as file:
        data = json.load(file)
    return data["texts"], data["set"]
