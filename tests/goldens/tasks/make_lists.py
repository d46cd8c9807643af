"""Item lists of the tasks whose pictures come in one Parquet folder: `crates/eval/lists/<task>.jsonl.gz`.

    PYTHONPATH=weights/training python tests/goldens/tasks/make_lists.py --data DIR --out crates/eval/lists

A line is a question: `id`, `picture` (file and row, or the tiles of a mosaic), `sha256` of its file, `prompt`, and the
gold fields that the scorer of the task reads. Held-out pictures only, none that looks like a training picture. The
lists are frozen: a change of this file makes new task versions. Text of research-only sources (DAQUAR) is not in them,
only its place.
"""

import argparse
import gzip
import hashlib
import json
import random
from pathlib import Path

import pyarrow.parquet as pq
from sightline_training.classes import CALTECH_NAMES, IMAGENETTE_NAMES, TINY_NAMES
from sightline_training.context import load_recipe
from sightline_training.data.layouts import guillotine
from sightline_training.data.questions import WORDINGS, box_text
from sightline_training.names import with_article

EXCLUDED = load_recipe("evaluate")["excluded"]
FLAT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Pictures:
    """Rows of the Parquet files, and the places of their pictures."""

    def __init__(self, data: Path):
        self.data, self.tables = data, {}

    def rows(self, name: str) -> list[dict]:
        if name not in self.tables:
            self.tables[name] = pq.read_table(self.data / f"{name}.parquet").to_pylist()
        return self.tables[name]

    def place(self, name: str, row: int) -> dict:
        data = self.rows(name)[row]["image"]["bytes"]
        return {"picture": {"file": f"{name}.parquet", "row": row}, "sha256": hashlib.sha256(data).hexdigest()}


def wording(kind: str, at: int, *values: str) -> str:
    """The six wordings in turn."""
    return WORDINGS[kind][at % 6].format(*values)


def naming(pictures: Pictures, name: str, names: list[str], key: str, per_class: int | None) -> list[dict]:
    """What is the main object? All pictures, or so many of each class."""
    taken, items = {}, []
    for row, content in enumerate(pictures.rows(name)):
        label = content["label"]
        if row in EXCLUDED.get(key, []) or (per_class and taken.get(label, 0) >= per_class):
            continue
        taken[label] = taken.get(label, 0) + 1
        prompt = wording("name", len(items))
        items.append({"id": f"{row}", **pictures.place(name, row), "prompt": prompt, "answers": [names[label]]})
    return items


def crop_window(width: int, height: int, rect: tuple) -> tuple[int, int, int, int]:
    """Largest centred window of the rectangle's aspect, px."""
    aspect = (rect[2] - rect[0]) / (rect[3] - rect[1])
    w, h = (width, round(width / aspect)) if width / height < aspect else (round(height * aspect), height)
    x, y = (width - w) // 2, (height - h) // 2
    return x, y, x + w, y + h


class Mosaics:
    """Mosaics of two to six Tiny ImageNet validation pictures on 224 px."""

    def __init__(self, pictures: Pictures):
        self.pictures, self.rows = pictures, pictures.rows("tiny_imagenet_val")
        self.by_class = {c: [] for c in range(200)}
        for row, content in enumerate(self.rows):
            if row not in EXCLUDED["tiny_val"]:
                self.by_class[content["label"]].append(row)

    def draw(self, rng: random.Random) -> dict:
        rects = guillotine(rng, rng.choice([2, 3, 4, 5, 6]), 1, 56)
        classes = rng.sample(range(200), len(rects))
        if len(rects) > 1 and rng.random() < 0.6:
            for slot in rng.sample(range(1, len(rects)), rng.randint(1, min(4, len(rects) - 1))):
                classes[slot] = classes[0]
            rng.shuffle(classes)
        tiles = []
        for rect, label in zip(rects, classes, strict=True):
            row = rng.choice(self.by_class[label])
            tiles.append({"row": row, "crop": crop_window(64, 64, rect), "place": rect})
        return {"classes": classes, "tiles": tiles, "boxes": [self.box(t) for t in tiles]}

    def box(self, tile: dict) -> list[float] | None:
        """The object's box on the canvas, px; None where the crop leaves less than 60 % of it."""
        x0, y0, x1, y1 = self.rows[tile["row"]]["box"]
        cx0, cy0, cx1, cy1 = tile["crop"]
        px0, py0, px1, py1 = tile["place"]
        kept = (max(x0, cx0), max(y0, cy0), min(x1, cx1), min(y1, cy1))
        area = max(0, kept[2] - kept[0]) * max(0, kept[3] - kept[1])
        if area < 0.6 * (x1 - x0) * (y1 - y0):
            return None
        sx, sy = (px1 - px0) / (cx1 - cx0), (py1 - py0) / (cy1 - cy0)
        return [
            px0 + (kept[0] - cx0) * sx,
            py0 + (kept[1] - cy0) * sy,
            px0 + (kept[2] - cx0) * sx,
            py0 + (kept[3] - cy0) * sy,
        ]

    def picture(self, mosaic: dict) -> dict:
        return {"picture": {"file": "tiny_imagenet_val.parquet", "tiles": mosaic["tiles"], "size": [224, 224]}}


def mosaic_presence(mosaics: Mosaics, rng: random.Random) -> list[dict]:
    """Every category five times there and five times not, 2,000 in all."""
    items, there, absent = [], dict.fromkeys(range(200), 5), dict.fromkeys(range(200), 5)
    while there or absent:
        mosaic = mosaics.draw(rng)
        yes = [c for c in mosaic["classes"] if c in there]
        no = [c for c in absent if c not in mosaic["classes"]]
        if there and not yes:
            continue
        for wanted, classes, answer in ((there, yes, "yes"), (absent, no, "no")):
            if classes:
                c = rng.choice(classes)
                wanted[c] -= 1
                if not wanted[c]:
                    del wanted[c]
                prompt = wording("presence", len(items) // 2, with_article(TINY_NAMES[c]))
                items.append({"id": str(len(items)), **mosaics.picture(mosaic), "prompt": prompt, "label": answer})
    return items


def mosaic_count(mosaics: Mosaics, rng: random.Random, each: int = 250) -> list[dict]:
    """One to four pictures of a class, each number equally often."""
    items, left = [], dict.fromkeys(range(1, 5), each)
    while left:
        mosaic = mosaics.draw(rng)
        options = sorted({c for c in mosaic["classes"] if mosaic["classes"].count(c) in left})
        if options:
            c = rng.choice(options)
            count = mosaic["classes"].count(c)
            left[count] -= 1
            if not left[count]:
                del left[count]
            prompt = wording("count", len(items), with_article(TINY_NAMES[c]))
            items.append({"id": str(len(items)), **mosaics.picture(mosaic), "prompt": prompt, "answers": [str(count)]})
    return items


def mosaic_unique(mosaics: Mosaics, rng: random.Random):
    """A mosaic and its slots whose class is there once and whose box is whole."""
    mosaic = mosaics.draw(rng)
    classes = mosaic["classes"]
    return mosaic, [s for s, c in enumerate(classes) if classes.count(c) == 1 and mosaic["boxes"][s]]


def mosaic_relation(mosaics: Mosaics, rng: random.Random, each: int = 400) -> list[dict]:
    """Left, right, above, below, each equally often; centres are at least 18 % of the side apart."""
    items, left = [], dict.fromkeys(("left", "right", "above", "below"), each)
    while left:
        mosaic, unique = mosaic_unique(mosaics, rng)
        if len(unique) < 2:
            continue
        a, b = rng.sample(unique, 2)
        one, two = mosaic["boxes"][a], mosaic["boxes"][b]
        dx, dy = (one[0] + one[2] - two[0] - two[2]) / 448, (one[1] + one[3] - two[1] - two[3]) / 448
        if max(abs(dx), abs(dy)) < 0.18:
            continue
        kind = "relation_x" if abs(dx) >= abs(dy) else "relation_y"
        answer = ("left" if dx < 0 else "right") if kind == "relation_x" else ("above" if dy < 0 else "below")
        if answer not in left:
            continue
        left[answer] -= 1
        if not left[answer]:
            del left[answer]
        prompt = wording(kind, len(items), *(TINY_NAMES[mosaic["classes"][s]] for s in (a, b)))
        items.append({"id": str(len(items)), **mosaics.picture(mosaic), "prompt": prompt, "answers": [answer]})
    return items


def boxed(item: dict, box: list[float], width: int, height: int) -> dict:
    """Gold as the grounding scorer reads it: px of the picture."""
    return item | {"box": [round(v, 2) for v in box], "width": width, "height": height}


def mosaic_ground(mosaics: Mosaics, rng: random.Random, count: int = 2000) -> list[dict]:
    items = []
    while len(items) < count:
        mosaic, unique = mosaic_unique(mosaics, rng)
        if unique:
            slot = rng.choice(unique)
            prompt = wording("ground", len(items), TINY_NAMES[mosaic["classes"][slot]])
            item = {"id": str(len(items)), **mosaics.picture(mosaic), "prompt": prompt}
            items.append(boxed(item, mosaic["boxes"][slot], 224, 224))
    return items


def mosaic_region(mosaics: Mosaics, rng: random.Random, count: int = 1000) -> list[dict]:
    items = []
    while len(items) < count:
        mosaic = mosaics.draw(rng)
        slots = [s for s, box in enumerate(mosaic["boxes"]) if box]
        if slots:
            slot = rng.choice(slots)
            prompt = wording("region", len(items), box_text([v / 224 for v in mosaic["boxes"][slot]]))
            answer = [TINY_NAMES[mosaic["classes"][slot]]]
            items.append({"id": str(len(items)), **mosaics.picture(mosaic), "prompt": prompt, "answers": answer})
    return items


class Coco:
    """The 128 pictures of val2017."""

    def __init__(self, pictures: Pictures):
        self.pictures = pictures
        self.rows = [(i, r) for i, r in enumerate(pictures.rows("coco256")) if r["split"].startswith("val")]
        self.by_id = {r["image_id"]: (i, r) for i, r in self.rows}
        self.categories = sorted({o["category"] for _, r in self.rows for o in r["objects"]})

    def place(self, row: int) -> dict:
        return self.pictures.place("coco256", row)

    def presence(self, rng: random.Random) -> list[dict]:
        """Of every category as many pictures without as with it, at most eight each."""
        items = []
        for category in self.categories:
            has = [i for i, r in self.rows if any(o["category"] == category for o in r["objects"])]
            lacks = [i for i, _ in self.rows if i not in has]
            count = min(8, len(has), len(lacks))
            for answer, rows in (("yes", rng.sample(has, count)), ("no", rng.sample(lacks, count))):
                for at, row in enumerate(rows):
                    prompt = wording("presence", at, with_article(category))
                    items.append({"id": str(len(items)), **self.place(row), "prompt": prompt, "label": answer})
        return items

    def counting(self, rng: random.Random, each: int = 40) -> list[dict]:
        """One to five, each equally often."""
        by_count = {n: [] for n in range(1, 6)}
        for i, r in self.rows:
            names = [o["category"] for o in r["objects"]]
            for category in sorted(set(names)):
                if names.count(category) in by_count:
                    by_count[names.count(category)].append((i, category))
        each = min([each, *(len(v) for v in by_count.values())])
        chosen = [(n, *pair) for n, pairs in by_count.items() for pair in rng.sample(pairs, each)]
        return [
            {
                "id": str(at), **self.place(row), "answers": [str(n)],
                "prompt": f"How many times does {with_article(category)} appear in the image?",
            }
            for at, (n, row, category) in enumerate(chosen)
        ]  # fmt: skip

    def ground(self) -> list[dict]:
        """Objects whose category is there once, at least 1 % of the picture."""
        items = []
        for i, r in self.rows:
            names = [o["category"] for o in r["objects"]]
            for o in r["objects"]:
                x, y, w, h = o["bbox"]
                if names.count(o["category"]) == 1 and w * h >= 0.01 * r["width"] * r["height"]:
                    prompt = wording("ground", len(items), o["category"])
                    item = {"id": str(len(items)), **self.place(i), "prompt": prompt}
                    items.append(boxed(item, [x, y, x + w, y + h], r["width"], r["height"]))
        return items


def number(name: str) -> int:
    """COCO's picture id in a file name."""
    return int(Path(name).stem.rsplit("_", 1)[-1])


SHORT = "\nAnswer the question using a single word or phrase."


def partial_pope(coco: Coco, folder: Path) -> list[dict]:
    items = []
    for setting in ("adversarial", "popular", "random"):
        for line in (folder / "pope" / f"coco_pope_{setting}.json").read_text().splitlines():
            q = json.loads(line)
            if number(q["image"]) in coco.by_id:
                place = coco.place(coco.by_id[number(q["image"])][0])
                gold = {"label": q["label"], "setting": setting}
                items.append({"id": f"{setting}/{q['question_id']}", **place, "prompt": q["text"] + SHORT, **gold})
    return items


def partial_vsr(coco: Coco, folder: Path) -> list[dict]:
    items = []
    for split in ("train", "dev", "test"):
        for at, line in enumerate((folder / "vsr/zeroshot" / f"{split}.jsonl").read_text().splitlines()):
            q = json.loads(line)
            if number(q["image"]) in coco.by_id:
                place = coco.place(coco.by_id[number(q["image"])][0])
                prompt = f'Is the following statement "True" or "False"?\n{q["caption"]}\nAnswer directly.'
                items.append({"id": f"{split}/{at}", **place, "prompt": prompt, "label": bool(q["label"])})
    return items


def partial_sugarcrepe(coco: Coco, folder: Path) -> list[dict]:
    """Which of two captions fits? Both orders are asked, so that a preference for a letter gains nothing."""
    items = []
    for path in sorted((folder / "sugarcrepe").glob("*.json")):
        for key, q in json.loads(path.read_text()).items():
            if number(q["filename"]) not in coco.by_id:
                continue
            place = coco.place(coco.by_id[number(q["filename"])][0])
            pair = [q["caption"].strip(), q["negative_caption"].strip()]
            for order in (0, 1):
                first, second = pair[order], pair[1 - order]
                prompt = f"Which caption fits the image?\nA. {first}\nB. {second}\nAnswer with the letter directly."
                items.append({"id": f"{path.stem}/{key}/{order}", **place, "prompt": prompt, "choice": order})
    return items


def nlvr(pictures: Pictures) -> list[dict]:
    items = []
    for split in ("dev", "test"):
        for row, r in enumerate(pictures.rows(f"nlvr_{split}")):
            sentence = r["sentence"].strip()
            prompt = f'Is the following statement "True" or "False"?\n{sentence}\nAnswer directly.'
            place = pictures.place(f"nlvr_{split}", row)
            items.append(
                {"id": f"{split}/{row}", **place, "prompt": prompt, "label": str(r["label"]).lower() == "true"}
            )
    return items


def daquar(pictures: Pictures) -> list[dict]:
    """The official test questions: their places only, since the text is for research."""
    items = []
    for row, r in enumerate(pictures.rows("daquar_test")):
        for at in range(len(r["qa"])):
            items.append({"id": f"{row}/{at}", **pictures.place("daquar_test", row), "question_at": at})
    return items


def make(data: Path) -> dict[str, list[dict]]:
    pictures = Pictures(data)
    mosaics, coco, folder = Mosaics(pictures), Coco(pictures), data / "benchmarks"
    seed = lambda n: random.Random(20260 + n)  # noqa: E731
    return {
        "imagenette": naming(pictures, "imagenette_val", IMAGENETTE_NAMES, "imagenette_val", None),
        "tiny-imagenet": naming(pictures, "tiny_imagenet_val", TINY_NAMES, "tiny_val", 10),
        "caltech101": naming(pictures, "caltech101_val", CALTECH_NAMES, "caltech_val", None),
        "daquar": daquar(pictures),
        "nlvr": nlvr(pictures),
        "mosaic-presence": mosaic_presence(mosaics, seed(0)),
        "mosaic-count": mosaic_count(mosaics, seed(1)),
        "mosaic-relation": mosaic_relation(mosaics, seed(2)),
        "mosaic-region": mosaic_region(mosaics, seed(3)),
        "mosaic-ground": mosaic_ground(mosaics, seed(4)),
        "coco-presence": coco.presence(seed(5)),
        "coco-count": coco.counting(seed(6)),
        "coco-ground": coco.ground(),
        "pope-partial": partial_pope(coco, folder),
        "vsr-partial": partial_vsr(coco, folder),
        "sugarcrepe-partial": partial_sugarcrepe(coco, folder),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    for name, items in make(args.data).items():
        assert len({item["id"] for item in items}) == len(items), name
        text = "".join(FLAT(item) + "\n" for item in items).encode()
        (args.out / f"{name}.jsonl.gz").write_bytes(gzip.compress(text, 9, mtime=0))
        print(f'    ("{name}", {len(items)}, "{hashlib.sha256(text).hexdigest()}"),')


if __name__ == "__main__":
    main()
