"""Makes the item lists of our own tasks: python make.py --data DIR [--out DIR]. Same data, same bytes.

Held-out pictures only; rows that look like a training picture (`excluded` of
`weights/training/recipes/evaluate.yaml`) are left out. Every list is JSON lines: first what it is and the SHA-256
of the data files it was made from, then an item a line. Presence is balanced per category (as often yes as no),
counts and relations are balanced per answer, and six wordings take turns within each answer. Needs pyarrow and
PyYAML.
"""

import argparse
import hashlib
import json
import random
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import yaml

TRAINING = Path(__file__).resolve().parents[3] / "weights" / "training"
sys.path.insert(0, str(TRAINING))
from sightline_training.data.questions import WORDINGS  # noqa: E402
from sightline_training.names import NAMES, with_article  # noqa: E402

SEED = 2026
CANVAS = 224  # px
SIDE = 64  # px, Tiny ImageNet
MOSAICS = 600
TINY_PER_CLASS = 10
PRESENCE_PER_CATEGORY = 12  # at most so many yes, and as many no
SMALLEST = 0.03  # of the picture: smaller things are not asked for
APART = 0.18 * CANVAS  # px between centres, for left, right, above, below
UNCOUNTABLE = {"skis", "scissors", "broccoli"}
PLURALS = {"person": "people", "sheep": "sheep", "knife": "knives", "mouse": "mice", "wine glass": "wine glasses",
           "couch": "couches", "bench": "benches", "sandwich": "sandwiches", "bus": "buses",
           "toothbrush": "toothbrushes"}  # fmt: skip
COUNT_WORDINGS = [
    "How many {} are in the image?", "How many {} does the image show?", "Count the {}.",
    "How many {} can you see in the picture?", "How many {} are there?", "What is the number of {} in the picture?",
]  # fmt: skip


class Lists:
    def __init__(self, data: Path, out: Path):
        self.data, self.out, self.hashes = data, out, {}

    def rows(self, file: str, columns: list[str]) -> list[dict]:
        path = self.data / file
        self.hashes[file] = hashlib.sha256(path.read_bytes()).hexdigest()
        return pq.read_table(path, columns=columns).to_pylist()

    def write(self, name: str, files: list[str], items: list[dict]) -> None:
        head = {"list": name, "files": {f: self.hashes[f] for f in files}, "items": len(items)}
        lines = [json.dumps(line, separators=(",", ":")) for line in [head, *items]]
        (self.out / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
        print(name, len(items), Counter(str(i["answer"]) for i in items if "answer" in i).most_common(6))


def turns(kind: str, items: list[dict], fill) -> list[dict]:
    """Gives every item its question: within each answer the six wordings take turns."""
    next_of = {}
    for item in items:
        key = (item.get("part"), item.get("answer"))
        options = WORDINGS.get(kind, COUNT_WORDINGS)
        # Answers start at different wordings, so that all are used as often.
        at = next_of.get(key, len(next_of))
        item["question"] = options[at % len(options)].format(*fill(item))
        next_of[key] = at + 1
    return items


def numbered(prefix: str, items: list[dict]) -> list[dict]:
    width = len(str(len(items)))
    return [{"id": f"{prefix}-{n:0{width}}", **item} for n, item in enumerate(items, 1)]


# ---- naming --------------------------------------------------------------------------------------


def naming(lists: Lists, name: str, file: str, offset: int, excluded: list[int], per_class: int | None) -> None:
    rows = lists.rows(file, ["label"])
    rng = random.Random(SEED)
    by_class = defaultdict(list)
    for row, record in enumerate(rows):
        if row not in excluded:
            by_class[record["label"]].append(row)
    chosen = []
    for label in sorted(by_class):
        picked = by_class[label]
        if per_class:
            picked = sorted(rng.sample(picked, per_class))
        chosen += [(row, NAMES[offset + label]) for row in picked]
    chosen.sort()
    items = turns("name", [{"row": row, "answer": answer} for row, answer in chosen], lambda _: ())
    lists.write(name, [file], numbered(name, items))


# ---- COCO ----------------------------------------------------------------------------------------


def coco(lists: Lists) -> None:
    file = "coco256.parquet"
    rows = lists.rows(file, ["image_id", "split", "width", "height", "objects"])
    held_out = [
        (n, r, Counter(o["category"] for o in r["objects"])) for n, r in enumerate(rows) if r["split"] == "val2017"
    ]
    held_out = [entry for entry in held_out if entry[2]]
    for name, items in [
        ("presence-coco", coco_presence(held_out)),
        ("count-coco", coco_counts(held_out)),
        ("ground-coco", coco_boxes(held_out)),
    ]:
        lists.write(name, [file], numbered(name, items))


def coco_presence(held_out) -> list[dict]:
    rng, items = random.Random(SEED), []
    for category in sorted({c for _, _, counts in held_out for c in counts}):
        shows = [n for n, _, counts in held_out if category in counts]
        lacks = [n for n, _, counts in held_out if category not in counts]
        count = min(len(shows), PRESENCE_PER_CATEGORY)
        for answer, pool in (("yes", shows), ("no", lacks)):
            items += [{"row": n, "category": category, "answer": answer} for n in rng.sample(pool, count)]
    rng.shuffle(items)
    items.sort(key=lambda item: item["row"])
    return turns("presence", items, lambda item: [with_article(item["category"])])


def coco_counts(held_out) -> list[dict]:
    rng, by_count = random.Random(SEED), defaultdict(list)
    known = sorted({c for _, _, counts in held_out for c in counts} - UNCOUNTABLE)
    for n, _, counts in held_out:
        for category in known:
            if counts[category] <= 5:
                by_count[counts[category]].append({"row": n, "category": category, "answer": str(counts[category])})
    # What is asked in vain is what is asked of other pictures as well.
    often = [item["category"] for count in range(1, 6) for item in by_count[count]]
    size = min(len(by_count[count]) for count in range(1, 6))
    items = [item for count in range(1, 6) for item in rng.sample(by_count[count], size)]
    nothing = []
    while len(nothing) < size:
        item = rng.choice([item for item in by_count[0] if item["category"] == rng.choice(often)] or by_count[0])
        if item not in nothing:
            nothing.append(item)
    items = sorted(items + nothing, key=lambda item: (item["row"], item["category"]))
    return turns("count-coco", items, lambda item: [PLURALS.get(item["category"], item["category"] + "s")])


def coco_boxes(held_out) -> list[dict]:
    items = []
    for n, row, counts in held_out:
        for thing in row["objects"]:
            x, y, w, h = thing["bbox"]
            if counts[thing["category"]] == 1 and w * h > SMALLEST * row["width"] * row["height"]:
                box = [round(v, 2) for v in (x, y, min(x + w, row["width"]), min(y + h, row["height"]))]
                items.append(
                    {
                        "row": n,
                        "category": thing["category"],
                        "box": box,
                        "width": row["width"],
                        "height": row["height"],
                    }
                )
    return turns("ground", items, lambda item: [item["category"]])


# ---- mosaics of Tiny ImageNet --------------------------------------------------------------------


def cut(rng: random.Random, parts: int, smallest: int = 56) -> list[list[int]]:
    """Rectangles x0, y0, x1, y1 (px) that cover the canvas, by straight cuts."""
    rects = [[0, 0, CANVAS, CANVAS]]
    for _ in range(200):
        if len(rects) == parts:
            break
        rects.sort(key=lambda r: -(r[2] - r[0]) * (r[3] - r[1]) * rng.uniform(0.5, 1))
        x0, y0, x1, y1 = rects[0]
        upright = x1 - x0 > y1 - y0 if abs((x1 - x0) - (y1 - y0)) > 20 else rng.random() < 0.5
        side = x1 - x0 if upright else y1 - y0
        if side < 2 * smallest:
            continue
        at = round(rng.uniform(max(smallest, 0.3 * side), min(side - smallest, 0.7 * side)))
        del rects[0]
        rects += (
            [[x0, y0, x0 + at, y1], [x0 + at, y0, x1, y1]]
            if upright
            else [[x0, y0, x1, y0 + at], [x0, y0 + at, x1, y1]]
        )
    return sorted(rects, key=lambda r: (r[1], r[0]))


def window(rect: list[int], box: list[float], share: float) -> list[float]:
    """The part of a picture shown: x, y, width, height (px), as large as may be, around the object's box."""
    aspect = (rect[2] - rect[0]) / (rect[3] - rect[1])
    width, height = (SIDE, SIDE / aspect) if aspect > 1 else (SIDE * aspect, SIDE)
    place = []
    for size, low, high in ((width, box[0], box[2]), (height, box[1], box[3])):
        first, last = max(high - size, 0.0), min(SIDE - size, low)
        middle = min(max((low + high) / 2 - size / 2, 0.0), SIDE - size)
        place.append(first + share * (last - first) if last >= first else middle)
    return [round(v, 3) for v in (*place, width, height)]


def on_canvas(rect, win, box) -> list[float]:
    """The object's box on the canvas, px."""
    out = []
    for axis in (0, 1):
        start, size = rect[axis], rect[axis + 2] - rect[axis]
        out.append([start + min(max((box[k] - win[axis]) / win[axis + 2], 0), 1) * size for k in (axis, axis + 2)])
    return [round(v, 2) for v in (out[0][0], out[1][0], out[0][1], out[1][1])]


def mosaics(lists: Lists, excluded: list[int]) -> None:
    file = "tiny_imagenet_val.parquet"
    rows = lists.rows(file, ["label", "box"])
    rng, by_class = random.Random(SEED), defaultdict(list)
    for row, record in enumerate(rows):
        if row not in excluded:
            by_class[record["label"]].append(row)
    made = []
    for n in range(MOSAICS):
        # As many mosaics show something once, twice, three or four times.
        again = n % 4 + 1
        parts = rng.randint(max(2, again), 6)
        rects = cut(rng, parts)
        again = min(again, len(rects))
        labels = rng.sample(sorted(by_class), len(rects) - again + 1)
        labels = [labels[0]] * (again - 1) + labels
        rng.shuffle(labels)
        tiles = []
        for rect, label in zip(rects, labels, strict=True):
            row = rng.choice(by_class[label])
            x0, y0, x1, y1 = rows[row]["box"]
            box = [x0, y0, x1 + 1, y1 + 1]
            win = window(rect, box, rng.random())
            tiles.append({"row": row, "label": label, "rect": rect, "window": win, "box": on_canvas(rect, win, box)})
        made.append(tiles)
    pictures = [
        {
            "mosaic": n,
            "tiles": [[t["row"], *t["rect"], *t["window"]] for t in tiles],
            "names": [NAMES[t["label"]] for t in tiles],
        }
        for n, tiles in enumerate(made)
    ]
    lists.write("mosaics", [file], pictures)
    for name, items in [
        ("presence-mosaic", mosaic_presence(made)),
        ("relation-mosaic", mosaic_relations(made)),
        ("count-mosaic", mosaic_counts(made)),
        ("ground-mosaic", mosaic_boxes(made)),
    ]:
        lists.write(name, [file], numbered(name, items))


def mosaic_presence(made) -> list[dict]:
    """One yes and one no a mosaic; a category is asked as often in vain as not."""
    rng = random.Random(SEED + 1)
    labels = [{t["label"] for t in tiles} for tiles in made]
    asked = Counter()
    yes = []
    for there in labels:
        label = min(sorted(there), key=lambda label: (asked[label], rng.random()))
        asked[label] += 1
        yes.append(label)
    no = yes[:]
    rng.shuffle(no)
    for n in range(len(no)):
        while no[n] in labels[n]:
            other = rng.randrange(len(no))
            if no[other] not in labels[n] and no[n] not in labels[other]:
                no[n], no[other] = no[other], no[n]
    items = []
    for n in range(len(made)):
        items += [
            {"mosaic": n, "category": NAMES[label], "answer": answer}
            for label, answer in ((yes[n], "yes"), (no[n], "no"))
        ]
    return turns("presence", items, lambda item: [with_article(item["category"])])


def once(tiles) -> list[dict]:
    counts = Counter(t["label"] for t in tiles)
    return [t for t in tiles if counts[t["label"]] == 1]


def mosaic_relations(made) -> list[dict]:
    """One a mosaic that allows one; turning a pair round turns the answer round, so answers come out even."""
    rng, sides = random.Random(SEED + 2), {"x": [], "y": []}
    for n, tiles in enumerate(made):
        pairs = []
        for a in once(tiles):
            for b in once(tiles):
                dx, dy = ((a["box"][k] + a["box"][k + 2] - b["box"][k] - b["box"][k + 2]) / 2 for k in (0, 1))
                if max(abs(dx), abs(dy)) >= APART and (dx < 0 if abs(dx) >= abs(dy) else dy < 0):
                    pairs.append(("x" if abs(dx) >= abs(dy) else "y", a["label"], b["label"]))
        if pairs:
            axis, first, second = rng.choice(pairs)
            sides[axis].append((n, NAMES[first], NAMES[second]))
    size = min(len(found) for found in sides.values()) // 2 * 2
    items = []
    for axis, (near, far) in (("x", ("left", "right")), ("y", ("above", "below"))):
        for k, (n, first, second) in enumerate(sorted(rng.sample(sides[axis], size))):
            turned = k % 2 == 1
            names = [second, first] if turned else [first, second]
            items.append({"mosaic": n, "part": axis, "names": names, "answer": far if turned else near})
    items.sort(key=lambda item: item["mosaic"])
    asked = {
        axis: turns(f"relation_{axis}", [i for i in items if i["part"] == axis], lambda item: item["names"])
        for axis in "xy"
    }
    both = sorted(asked["x"] + asked["y"], key=lambda item: item["mosaic"])
    return [{key: value for key, value in item.items() if key != "part"} for item in both]


def mosaic_counts(made) -> list[dict]:
    rng, by_count = random.Random(SEED + 3), defaultdict(list)
    for n, tiles in enumerate(made):
        counts = Counter(t["label"] for t in tiles)
        most = max(sorted(counts), key=lambda label: counts[label])
        by_count[counts[most]].append({"mosaic": n, "category": NAMES[most], "answer": str(counts[most])})
    size = min(len(by_count[count]) for count in (1, 2, 3, 4))
    items = [item for count in (1, 2, 3, 4) for item in rng.sample(by_count[count], size)]
    items.sort(key=lambda item: item["mosaic"])
    return turns("count", items, lambda item: [with_article(item["category"])])


def mosaic_boxes(made) -> list[dict]:
    rng, items = random.Random(SEED + 4), []
    for n, tiles in enumerate(made):
        # A box of no area would be one that the window cuts off.
        single = [t for t in once(tiles) if t["box"][2] - t["box"][0] >= 8 and t["box"][3] - t["box"][1] >= 8]
        if single:
            tile = rng.choice(single)
            items.append(
                {"mosaic": n, "category": NAMES[tile["label"]], "box": tile["box"], "width": CANVAS, "height": CANVAS}
            )
    return turns("ground", items, lambda item: [item["category"]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the Parquet files")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    excluded = yaml.safe_load((TRAINING / "recipes" / "evaluate.yaml").read_text())["excluded"]
    lists = Lists(args.data, args.out)
    naming(lists, "naming10", "imagenette_val.parquet", 200, [], None)
    naming(lists, "naming200", "tiny_imagenet_val.parquet", 0, excluded["tiny_val"], TINY_PER_CLASS)
    naming(lists, "naming101", "caltech101_val.parquet", 210, excluded["caltech_val"], None)
    coco(lists)
    mosaics(lists, excluded["tiny_val"])


if __name__ == "__main__":
    main()
