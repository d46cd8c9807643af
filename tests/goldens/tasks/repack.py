"""Repacks an official benchmark as two Parquet files that `sightline eval` reads under the same id.

    python tests/goldens/tasks/repack.py TASK --data DIR [--out DIR]

DIR holds the official files as `sightline tasks TASK` lists them, or the `download/` folder of the paper's
evaluation code. `TASK.parquet` has an item a row (`order`: its place in the official order, `id`, `text`,
`picture`: a row of the other file, `name`, `gold`: JSON); `TASK-pictures.parquet` has every picture once, its bytes
as they are. Same files, same rows. Needs pyarrow.

Pickles are read by an unpickler that refuses to import anything.
"""

import argparse
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

GROUP = 1000


class DataOnly(pickle.Unpickler):
    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"asks for {module}.{name}; data only is read")


class Source:
    """A folder of data under either of two layouts."""

    def __init__(self, root: Path):
        self.root = root

    def path(self, *names: str) -> Path:
        for name in names:
            if (self.root / name).exists():
                return self.root / name
        raise SystemExit(f"{self.root}: none of {', '.join(names)} is there")

    def json(self, *names: str):
        return json.loads(self.path(*names).read_text())

    def lines(self, *names: str) -> list:
        return [json.loads(line) for line in self.path(*names).read_text().splitlines() if line.strip()]


Item = tuple[str, str, str, dict]  # id, text, picture, gold


def vqav2(source: Source) -> Iterator[Item]:
    asked = source.json("vqav2/v2_OpenEnded_mscoco_val2014_questions.json", "download/vqa-v2/v2_val2014_questions.json")
    texts = {q["question_id"]: q["question"] for q in asked["questions"]}
    notes = source.json("vqav2/v2_mscoco_val2014_annotations.json", "download/vqa-v2/v2_val2014_annotations.json")
    for n in notes["annotations"]:
        gold = {key: n[key] for key in ("answers", "answer_type", "question_type")}
        yield str(n["question_id"]), texts[n["question_id"]], f"COCO_val2014_{n['image_id']:012}.jpg", gold


def gqa(source: Source) -> Iterator[Item]:
    for key, q in source.json(
        "gqa/testdev_balanced_questions.json", "download/gqa/testdev_balanced_questions.json"
    ).items():
        gold = {
            name: q[name]
            for name in ("answer", "question", "isBalanced", "types", "groups", "semantic")
            if q.get(name) is not None
        }
        yield key, q["question"], f"{q['imageId']}.jpg", gold


def vizwiz(source: Source) -> Iterator[Item]:
    for q in source.json("vizwiz/val.json", "download/vizwiz/val.json"):
        gold = {"answers": [a["answer"] for a in q["answers"]], "answerable": bool(q["answerable"])}
        yield Path(q["image"]).stem, q["question"], q["image"], gold


def textvqa(source: Source) -> Iterator[Item]:
    asked = source.lines("textvqa/textvqa_val_v051_ocr.jsonl", "download/text-vqa/textvqa_val_v051_ocr.jsonl")
    data = source.json("textvqa/TextVQA_0.5.1_val.json", "download/text-vqa/TextVQA_0.5.1_val.json")["data"]
    for q, d in zip(asked, data, strict=True):
        yield str(d["question_id"]), q["text"], f"{d['image_id']}.jpg", {"answers": d["answers"]}


def pope(source: Source) -> Iterator[Item]:
    for setting in ("adversarial", "popular", "random"):
        for q in source.lines(f"pope/coco_pope_{setting}.json", f"download/pope/coco_pope_{setting}.json"):
            yield f"{setting}/{q['question_id']}", q["text"], q["image"], {"label": q["label"], "setting": setting}


def tallyqa(source: Source) -> Iterator[Item]:
    for q in source.json("tallyqa/test.json", "download/tally-qa/test.json"):
        setting = "simple" if q["issimple"] else "complex"
        yield str(q["question_id"]), q["question"], q["image"], {"answer": int(q["answer"]), "setting": setting}


def vsr(source: Source) -> Iterator[Item]:
    for n, q in enumerate(source.lines("vsr/test.jsonl", "download/vsr/test.jsonl")):
        yield str(n), q["caption"], q["image"], {"label": q["label"] == 1}


def refcoco(name: str, by: str, split: str):
    def items(source: Source) -> Iterator[Item]:
        folder = source.path(f"refcoco/{name}", f"download/refcoco/{name}")
        with open(folder / f"refs({by}).p", "rb") as file:
            refs = DataOnly(file).load()
        instances = json.loads((folder / "instances.json").read_text())
        boxes = {a["id"]: a["bbox"] for a in instances["annotations"]}
        sizes = {i["id"]: (i["width"], i["height"]) for i in instances["images"]}
        for ref in (r for r in refs if r["split"] == split):
            x, y, w, h = boxes[ref["ann_id"]]
            width, height = sizes[ref["image_id"]]
            gold = {"box": [float(v) for v in (x, y, x + w, y + h)], "width": float(width), "height": float(height)}
            for said in ref["sentences"]:
                yield (
                    f"{ref['ref_id']}-{said['sent_id']}",
                    said["sent"],
                    f"COCO_train2014_{ref['image_id']:012}.jpg",
                    gold,
                )

    return items


def ocid_ref(source: Source) -> Iterator[Item]:
    for key, q in source.json("ocid-ref/val_expressions.json", "download/ocid-ref/val_expressions.json").items():
        clutter = "minimum" if q["take_id"] <= 9 else "medium" if q["take_id"] <= 16 else "maximum"
        gold = {"box": [float(v) for v in json.loads(q["bbox"])], "width": 640.0, "height": 480.0, "clutter": clutter}
        yield key, q["sentence"], q["scene_path"], gold


COCO = ("refcoco/train2014", "download/refcoco/train2014")
TEXT = ("textvqa/train_images", "download/text-vqa/train_val_images")
TASKS = {
    "vqav2": (vqav2, ("vqav2/val2014", "download/vqa-v2/images_val2014")),
    "gqa": (gqa, ("gqa/images", "download/gqa/images")),
    "vizwiz": (vizwiz, ("vizwiz/val", "download/vizwiz/val_images")),
    "textvqa": (textvqa, TEXT),
    "textvqa-ocr": (textvqa, TEXT),
    "pope": (pope, ("pope/val2014", "download/pope/val_images")),
    "tallyqa": (tallyqa, ("tallyqa/images", "download/tally-qa")),
    "vsr": (vsr, ("vsr/images", "download/vsr/images")),
    "refcoco": (refcoco("refcoco", "unc", "val"), COCO),
    "refcoco-testA": (refcoco("refcoco", "unc", "testA"), COCO),
    "refcoco-testB": (refcoco("refcoco", "unc", "testB"), COCO),
    "refcoco+": (refcoco("refcoco+", "unc", "val"), COCO),
    "refcoco+-testA": (refcoco("refcoco+", "unc", "testA"), COCO),
    "refcoco+-testB": (refcoco("refcoco+", "unc", "testB"), COCO),
    "refcocog": (refcoco("refcocog", "umd", "val"), COCO),
    "refcocog-test": (refcoco("refcocog", "umd", "test"), COCO),
    "ocid-ref": (ocid_ref, ("ocid-ref/OCID-dataset", "download/ocid-ref/OCID-dataset")),
}


def write_pictures(path: Path, folder: Path, names: list[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("image", kind)])
    # Pictures are packed already, and a dictionary of them would have to be read for every one.
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False, write_statistics=False) as out:
        for first in range(0, len(names), GROUP):
            rows = [{"bytes": (folder / name).read_bytes(), "path": name} for name in names[first : first + GROUP]]
            out.write_table(pa.table({"image": pa.array(rows, kind)}, schema))


def main() -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="folder to write to [default: --data]")
    args = parser.parse_args()
    out = args.out or args.data
    out.mkdir(parents=True, exist_ok=True)
    items, pictures = TASKS[args.task]
    source = Source(args.data)
    place: dict[str, int] = {}
    columns: dict[str, list] = {name: [] for name in ("order", "id", "text", "picture", "name", "gold")}
    for order, (key, text, name, gold) in enumerate(items(source)):
        row = (order, key, text, place.setdefault(name, len(place)), name, json.dumps(gold))
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    write_pictures(out / f"{args.task}-pictures.parquet", source.path(*pictures), list(place))
    pq.write_table(pa.table(columns), out / f"{args.task}.parquet", compression="zstd")
    print(f"{args.task}: {len(columns['id'])} items, {len(place)} pictures")


if __name__ == "__main__":
    main()
