"""RefCOCO and OCID-Ref: the fork's scorers, frames, overlap and metadata."""

import json
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from official import Fork, quiet
from PIL import Image

SOURCES = tuple(f"vlm_eval/tasks/harnesses/{name}.py" for name in ("refcoco", "ocidref", "geometry"))
SOURCES += ("scripts/build_localization_metadata_v2.py",)
PER_RUN = 80
SQUARE = [224, 224]
RUNS: list[dict] = [
    {"policy": "letterbox", "target_resolution": SQUARE},
    {"policy": "LetterBox", "target_resolution": [800, 1333]},
    {"policy": "letterbox-square-512", "target_resolution": [512, 512]},
    {"policy": "resize-naive", "target_resolution": SQUARE},
    {},
    {"policy": "resize-crop", "target_resolution": SQUARE},
    {"policy": "RESIZE-crop", "target_resolution": [800, 1333]},
    {"policy": "resize-crop"},
    {"policy": "resize-crop", "target_resolution": [0, 224]},
    {"policy": "vmamba-detection", "target_resolution": [800, 1333]},
]
FORMS = ("pixels", "v2", "normalised")
SIZES = [(640, 480), (480, 640), (427, 640), (500, 500), (1, 7), (333, 500), (640, 478)]
REFCOCO = ("RefCOCO", "RefCOCO+", "RefCOCOg")
CLUTTER = ("Minimum Clutter", "Medium Clutter", "Maximum Clutter")
NO_BOX = [
    "",
    "no",
    "(0, 0, 1, 1)",
    "[0, 0, 1]",
    "[0.5, 0.5, 0.5, 0.6]",
    "[0.1, 0.2, 0.3, 1.2]",
    "x [0,0,1,1]",
    "[0,0,1,1",
]
NO_BOX += ["[" * 95 + "]" * 95, "[0,0,1,'1']", "[0, 0, 1, 1j]"]


def written(random: Random, bounds: list[float]) -> str:
    """A prediction near these bounds, as a model writes it."""
    places = random.choice([2, 2, 3, 17])
    values = []
    for value in bounds:
        moved = value + random.choice([0, 0, 0.01, -0.02, 0.1, -0.1, 0.3, -0.3])
        values.append(round(min(1.0, max(0.0, moved)), places))
    for low, high in ((0, 2), (1, 3)):
        if values[low] > values[high]:
            values[low], values[high] = values[high], values[low]
    separator = random.choice([", ", ",", " , "])
    return "[" + separator.join(map(repr, values)) + "]"


def gold_pixels(random: Random, size: tuple[int, int]) -> list[float]:
    """A box in px: within the picture, at its edges, without area, and beyond it."""
    bounds = []
    for length in size:
        low, high = sorted(random.uniform(0, length) for _ in range(2))
        kind = random.randrange(12)
        if kind == 0:
            low, high = 0, length
        elif kind == 1:
            high = low
        elif kind == 2:
            low, high = low - length, high + length / 2
        elif kind < 6:
            low, high = int(low), int(high) + 1
        else:
            low, high = round(low, 2), round(high, 2)
        bounds.append((low, high))
    (x0, x1), (y0, y1) = bounds
    return [x0, y0, x1, y1]


# Overlaps of exactly a half and a quarter, none on one axis or on both, and boxes without area.
SPECIAL = [("[0, 0, 0.5, 1]", 1), ("[0, 0, 0.25, 1]", 1), ("[0, 0, 0.5, 0.5]", 1), ("[0, 0, 0.5, 0.25]", 1)]
SPECIAL += [
    ("[0.75, 0.75, 1, 1]", 0.5),
    ("[0.75, 0, 1, 0.5]", 0.5),
    ("[0, 0.75, 0.5, 1]", 0.5),
    ("[0, 0, 1e-200, 1e-200]", 0),
]
SPECIAL += [
    ("[0, 0, 5e-324, 1]", 0),
    ("[0.1, 0.2, 0.3, 0.4]", 0),
    ("[False, 0x0, True, 1.]", 1),
    ("[-0.0, -0, 1, 1]", 1),
]


def cases(random: Random, module, parts: tuple[str, ...], transform: dict) -> list[dict]:
    made = []
    for at in range(PER_RUN):
        size = random.choice(SIZES)
        gold = gold_pixels(random, size)
        if at < len(SPECIAL):
            size = (500, 500)
            prediction, side = SPECIAL[at]
            gold = [0.0, 0.0, side * 500, side * 500]
        elif random.random() < 0.15:
            prediction = random.choice(NO_BOX)
        else:
            prediction = written(random, module.normalize_bbox_for_transform(gold, size, transform))
        made.append({"p": prediction, "px": gold, "size": size, "in": parts[at % 3]})
    made[-1]["size"] = (0, 480)
    return made


def annotations(form: str, made: list[dict], key: str, build, root: Path, folder: str) -> dict:
    """The metadata in one of its forms; `v2` from the fork's own builder."""
    entries = {}
    for at, case in enumerate(made):
        width, height = case["size"]
        entry = {key: case["in"], "image_width": width, "image_height": height, "img_path": f"{width}x{height}.png"}
        px = case["px"]
        if form == "pixels":
            entry["bbox_xyxy"] = px
        else:
            sizes = [width or 1, height or 1] * 2
            entry["bbox"] = [round(value / size, 2) for value, size in zip(px, sizes, strict=True)]
            case["bbox"] = entry["bbox"]
        entries[str(at)] = entry
    if form == "v2":
        # A picture has a size, so the builder gets none without.
        del entries[str(len(made) - 1)]
        data = root / "datasets" / folder
        data.mkdir(parents=True, exist_ok=True)
        (data / "metadata-full.json").write_text(json.dumps(entries))
        for width, height in {case["size"] for case in made[:-1]}:
            Image.new("1", (width, height)).save(root / f"{width}x{height}.png")
        with quiet():
            build(root, "v2")
        entries = json.loads((data / "metadata-full-v2.json").read_text())
    return entries


def run(module, scorer, key: str, build, root: Path, folder: str, made: list[dict], form: str, transform: dict) -> dict:
    """Records what the official code says of each case, and its totals over those at which it does not stop."""
    (root / "image_transform.json").write_text(json.dumps(transform))
    data = root / "datasets" / folder
    data.mkdir(parents=True, exist_ok=True)
    entries = annotations(form, made, key, build, root, folder)
    (data / "annotations.json").write_text(json.dumps(entries))
    made[:] = [case for at, case in enumerate(made) if str(at) in entries]
    results = {}
    for at, case in enumerate(made):
        official = scorer(folder, root, {}, data / "annotations.json")
        annotation = official.annotations[str(at)]
        case["form"] = form
        try:
            bounds = module.parse_bbox(case["p"])
            case["valid"] = bounds is not None
            gold = module.normalize_bbox_for_transform(
                official._get_bbox_xyxy(annotation), official._get_image_size(annotation), official.transform_info
            )
            case["gold"] = [repr(value) for value in gold]
            if bounds is not None:
                case["iou"] = repr(float(module.compute_iou(bounds, gold)))
            results[str(at)] = {"model_output": case["p"]}
        except Exception as error:
            case["stops"] = type(error).__name__
    with quiet():
        totals = scorer(folder, root, results, data / "annotations.json").score("")
    return {"of": [int(at) for at in results], "totals": {name: repr(value) for name, value in totals.items()}}


def make(fork: Fork, random: Random, name: str) -> list[dict]:
    builder = fork.module("scripts.build_localization_metadata_v2")
    if name == "refcoco":
        module, parts, key, build = fork.module("vlm_eval.tasks.harnesses.refcoco"), REFCOCO, "refer_dataset", None
        scorer, build, folder = module.RefCOCOScorer, builder.build_refcoco_metadata, "refcoco"
    else:
        module, parts, key = fork.module("vlm_eval.tasks.harnesses.ocidref"), CLUTTER, "clutter_split"
        scorer, build, folder = module.OCIDRefScorer, builder.build_ocid_metadata, "ocid-ref"
    lines: list[dict] = []
    totals: list[dict] = []
    for transform in RUNS:
        for form in FORMS:
            made = cases(random, module, parts, transform)
            with TemporaryDirectory() as root:
                line = run(module, scorer, key, build, Path(root).resolve(), folder, made, form, transform)
            line["of"] = [at + len(lines) for at in line["of"]]
            for case in made:
                case["transform"] = transform
            lines += made
            totals.append(line)
    for case in lines:
        case["px"] = [repr(float(value)) for value in case["px"]]
        if "bbox" in case:
            case["bbox"] = [repr(value) for value in case["bbox"]]
    others = two_decimals(random, module) if name == "refcoco" else [takes(module), *two_decimals(random, module)]
    return lines + totals + others


def two_decimals(random: Random, module) -> list[dict]:
    """The builders' own rounding."""
    lines = []
    while len(lines) < 300:
        size = random.choice(SIZES)
        px = gold_pixels(random, size)
        try:
            if hasattr(module, "box_xywh2xyxy"):
                box = [px[0], px[1], px[2] - px[0], px[3] - px[1]]
                px = module.box_xywh2xyxy(box, size, do_normalize=False)
                two = module.box_xywh2xyxy(box, size)
            else:
                two = module.box_xyxy2normalized(px, size)
        except AssertionError:
            continue
        lines.append({"size": size, "from": [repr(float(v)) for v in px], "two": [repr(v) for v in two]})
    return lines


def takes(module) -> dict:
    names = {}
    for take in range(-2, 24):
        try:
            names[take] = module.get_split(take)
        except AssertionError:
            names[take] = None
    return {"takes": names}
