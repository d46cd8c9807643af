"""What the paper's code takes into its subsets: its own builders, unmodified, on made-up files of the official counts.

    python tests/goldens/tasks/make_slim.py FORK

FORK is a checkout of raykuo18/vlm-evaluation at c65254b. Writes `slim.json` (for every subset the number of its
items and a hash over their ids in the official order) and `refs*.p`, one small list of references in every pickle
protocol, with `refs.json` beside them. The made-up files follow rules that `crates/eval/tests/official.rs` follows
as well. Needs Pillow, jsonlines and tqdm.
"""

import hashlib
import json
import pickle
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "score"))
from official import FORK, Fork, quiet  # noqa: E402
from PIL import Image  # noqa: E402

REFS = {"refcoco": (3811, 10834), "refcoco+": (3805, 10758), "refcocog": (2573, 4896)}
NAMES = {"RefCOCO": "refcoco", "RefCOCO+": "refcoco+", "RefCOCOg": "refcocog"}


def write(path: Path, value, lines: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(v) + "\n" for v in value) if lines else json.dumps(value))


def touch(folder: Path, names) -> None:
    for name in set(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def vqav2(root: Path):
    folder, every = root / "download/vqa-v2", range(214354)
    questions = [{"question_id": 10 * n + 3, "image_id": 1 + n % 40504, "question": f"q{n}"} for n in every]
    given = [{"answer": "a", "answer_confidence": "yes", "answer_id": 1}]
    kinds = {"question_type": "t", "answer_type": "other", "multiple_choice_answer": "a", "answers": given}
    write(folder / "v2_val2014_questions.json", {"questions": questions})
    # The other way round: the order of the annotations is what counts.
    notes = [{"question_id": q["question_id"], "image_id": q["image_id"], **kinds} for q in reversed(questions)]
    write(folder / "v2_val2014_annotations.json", {"annotations": notes})
    touch(folder / "images_val2014", [f"COCO_val2014_{1 + n:012}.jpg" for n in range(40504)])
    return "vqa-v2/metadata-slim-{}.json", lambda item: str(item["question_id"]), [n["question_id"] for n in notes]


def gqa(root: Path):
    folder = root / "download/gqa"
    rest = {"answer": "a", "fullAnswer": "", "semanticStr": "", "entailed": [], "equivalent": []}
    items = {str(20_000_000 + n): {"imageId": f"n{n % 398}", "question": f"q{n}", **rest} for n in range(12578)}
    write(folder / "testdev_balanced_questions.json", items)
    touch(folder / "images", [f"n{n}.jpg" for n in range(398)])
    return "gqa/metadata-slim-{}.json", lambda item: str(item["question_id"]), list(items)


def vizwiz(root: Path):
    folder = root / "download/vizwiz"
    names = [f"VizWiz_val_{n:08}.jpg" for n in range(4319)]
    items = [
        {"image": name, "question": "q", "answers": [{"answer": "a"}], "answerable": n % 2}
        for n, name in enumerate(names)
    ]
    write(folder / "val.json", items)
    touch(folder / "val_images", names)
    return "vizwiz/metadata-slim-{}.json", lambda item: Path(item["img_path"]).stem, [Path(name).stem for name in names]


def textvqa(root: Path):
    folder = root / "download/text-vqa"
    write(
        folder / "textvqa_val_v051_ocr.jsonl",
        [{"text": f"q{n}\nReference OCR token: x"} for n in range(5000)],
        lines=True,
    )
    data = [{"question_id": 34602 + n, "image_id": f"i{n % 3166}", "answers": ["a"] * 10} for n in range(5000)]
    write(folder / "TextVQA_0.5.1_val.json", {"data": data})
    touch(folder / "train_val_images", [f"i{n}.jpg" for n in range(3166)])
    return "text-vqa/metadata-slim-{}.json", lambda item: str(item["question_id"]), [d["question_id"] for d in data]


def pope(root: Path):
    folder, ids = root / "download/pope", []
    for setting, count in (("adversarial", 3000), ("popular", 3000), ("random", 2910)):
        rows = [
            {"question_id": n + 1, "image": f"{n // 6}.jpg", "text": f"q{n}", "label": ["yes", "no"][n % 2]}
            for n in range(count)
        ]
        write(folder / f"coco_pope_{setting}.json", rows, lines=True)
        ids += [f"{setting}/{n + 1}" for n in range(count)]
    touch(folder / "val_images", [f"{n}.jpg" for n in range(500)])
    return "pope/metadata-slim-{}.json", lambda item: f"{item['split']}/{item['split_question_id']}", ids


def tallyqa(root: Path):
    folder = root / "download/tally-qa"
    items = [
        {
            "question_id": 30_000_000 + n,
            "image": f"VG_100K/{n % 100}.jpg",
            "question": f"q{n}",
            "answer": n % 16,
            "issimple": n % 3 != 0,
        }
        for n in range(38589)
    ]
    write(folder / "test.json", items)
    touch(folder, [f"VG_100K/{n}.jpg" for n in range(100)])
    return (
        "tally-qa/metadata-slim-{}.json",
        lambda item: str(item["question_id"]),
        [item["question_id"] for item in items],
    )


def references(refs: int, sentences: int) -> list[dict]:
    """A validation split, and a reference of the training split before every fifth of it."""
    out, sentence = [], 0
    for n in range(refs):
        if n % 5 == 0:
            out.append(reference(100_000 + n, "train", [{"sent_id": 1_000_000 + n, "sent": "t", "tokens": []}]))
        said = []
        for _ in range(sentences // refs + (n < sentences % refs)):
            said.append({"sent_id": sentence, "sent": f"s{sentence}", "tokens": []})
            sentence += 1
        out.append(reference(n, "val", said))
    return out


def reference(n: int, split: str, sentences: list[dict]) -> dict:
    return {
        "ref_id": n,
        "ann_id": 1 + n % 50,
        "category_id": 1,
        "image_id": 1 + n % 50,
        "split": split,
        "sentences": sentences,
    }


def refcoco(root: Path):
    folder, ids = root / "download/refcoco", []
    images = [{"id": n, "width": 640, "height": 480, "file_name": ""} for n in range(1, 51)]
    notes = [{"id": n, "image_id": n, "bbox": [1.5, 2, 30 + n, 40]} for n in range(1, 51)]
    for name, (refs, sentences) in REFS.items():
        write(
            folder / name / "instances.json",
            {"images": images, "annotations": notes, "categories": [{"id": 1, "name": "c"}]},
        )
        items = references(refs, sentences)
        by = "umd" if name == "refcocog" else "unc"
        (folder / name / f"refs({by}).p").write_bytes(pickle.dumps(items, protocol=0))
        kept = [r for r in items if r["split"] == "val"]
        ids += [f"{name}/{r['ref_id']}-{s['sent_id']}" for r in kept for s in r["sentences"]]
    (folder / "train2014").mkdir()
    for n in range(1, 51):
        Image.new("RGB", (640, 480)).save(folder / "train2014" / f"COCO_train2014_{n:012}.jpg")
    key = lambda item: f"{NAMES[item['refer_dataset']]}/{item['ref_id']}-{item['sent_id']}"  # noqa: E731
    return "refcoco/metadata-slim-{}.json", key, ids


def ocid_ref(root: Path):
    folder = root / "download/ocid-ref"
    items = {
        str(n): {"scene_path": f"s/{n % 20}.png", "bbox": "[1, 2, 30, 40]", "take_id": n % 21, "sentence": f"s{n}"}
        for n in range(18342)
    }
    write(folder / "val_expressions.json", items)
    touch(folder / "OCID-dataset", [f"s/{n}.png" for n in range(20)])
    return "ocid-ref/metadata-slim-{}.json", lambda item: str(item["example_id"]), list(items)


FAMILIES = {
    "vqav2": (vqav2, "vqav2", (1024, 16384)),
    "gqa": (gqa, "gqa", (1024,)),
    "vizwiz": (vizwiz, "vizwiz", (1024,)),
    "textvqa": (textvqa, "textvqa", (1024,)),
    "pope": (pope, "pope", (1024,)),
    "tallyqa": (tallyqa, "tallyqa", (1024, 8192)),
    "refcoco": (refcoco, "refcoco", (1024,)),
    "ocid-ref": (ocid_ref, "ocidref", (1024,)),
}


def subset(ids: list[str]) -> dict:
    return {"count": len(ids), "first": ids[:3], "sha256": hashlib.sha256("\n".join(ids).encode()).hexdigest()}


def main() -> None:
    fork = Fork(Path(sys.argv[1]))
    found: dict = {"made_by": FORK, "sources": {}, "subsets": {}}
    for name, (make, module, sizes) in FAMILIES.items():
        path = f"vlm_eval/tasks/harnesses/{module}.py"
        found["sources"] |= fork.sources(path)
        build = getattr(fork.module(f"vlm_eval.tasks.harnesses.{module}"), f"build_{module}_indices")
        with tempfile.TemporaryDirectory() as folder, quiet():
            root = Path(folder)
            pattern, key, order = make(root)
            build(root, sizes, seed=21)
            place = {str(id_): n for n, id_ in enumerate(order)}
            for size in sizes:
                items = json.loads((root / "datasets" / pattern.format(size)).read_text()).values()
                ids = sorted((key(item) for item in items), key=place.__getitem__)
                suffix = "slim" if size == 1024 else "subsampled"
                for task in REFS if name == "refcoco" else [name]:
                    part = [i.removeprefix(f"{task}/") for i in ids if name != "refcoco" or i.startswith(f"{task}/")]
                    found["subsets"][f"{task}-{suffix}"] = subset(part)
        print(name, flush=True)
    (HERE / "slim.json").write_text(json.dumps(found, indent=1) + "\n")
    refs = references(4, 9)
    refs[0]["sentences"][0] |= {
        "sent": 'the \u00e9t\u00e9 "sign"',
        "raw": "it's",
        "share": 0.1,
        "none": None,
        "far": -(2**40),
        "ok": True,
    }
    (HERE / "refs.json").write_text(json.dumps(refs, indent=1) + "\n")
    for protocol in range(6):
        (HERE / f"refs{protocol}.p").write_bytes(pickle.dumps(refs, protocol=protocol))


if __name__ == "__main__":
    main()
