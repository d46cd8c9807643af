"""Packs of the scored photographs that `sightline eval` reads: pictures at up to 320 px with their questions and gold answers.

`photos_vqa_test`, `photos_vqa_dev` (VQAv2 questions, and things to ask the presence of), `photos_v7w_test` (Visual7W),
`photos_flickr_test` (captions), `photos_vg_test` (named boxes); Parquet, one row per picture. COCO's pictures are the JPEG bytes
as found; the others are WebP, because as found they are larger (Visual Genome's also in px).

Presence: for every picture with a list of things one listed thing and one that is absent, drawn by how often things are
present in training pictures. Absent means: no caption, question, answer, list or box (of the detector's score 0.15 or more)
speaks of it.
"""

import io
import os
import random
from pathlib import Path

from PIL import Image

from .kinds import COCO_NAMES
from .photo_questions import PhotoAsker
from .photos import SETS, Mirror, list_pictures
from .photos_splits import load_splits
from .photos_texts import load_texts

SIDE, QUALITY = 320, 88  # WebP
SEED = 20261130
GROUP = 200


def _schema(**columns):
    import pyarrow as pa

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.schema([("image", image), *columns.items()])


def schemas() -> dict:
    """Part of the splits -> schema of its pack."""
    import pyarrow as pa

    text, number, listed = pa.string(), pa.int64(), pa.list_(pa.string())
    size = {"width": number, "height": number}
    vqa = pa.list_(
        pa.struct(
            [
                ("question_id", number),
                ("question", text),
                ("question_type", text),
                ("answer_type", text),
                ("answers", listed),
            ]
        )
    )
    v7w = pa.list_(
        pa.struct(
            [("qa_id", number), ("question", text), ("answer", text), ("multiple_choices", listed), ("type", text)]
        )
    )
    objects = pa.list_(pa.struct([("name", text), ("bbox", pa.list_(pa.float64()))]))
    of_vqa = _schema(image_id=number, **size, qa=vqa, present=listed, absent=listed)
    return {
        "vqa_test": of_vqa,
        "vqa_dev": of_vqa,
        "v7w_test": _schema(file=text, qa=v7w),
        "flickr_test": _schema(file=text, captions=listed),
        "vg_test": _schema(image_id=number, **size, objects=objects),
    }


def as_webp(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """The picture at up to 320 px, and its size."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    scale = min(1.0, SIDE / max(picture.size))
    if scale < 1:
        picture = picture.resize(tuple(max(1, round(s * scale)) for s in picture.size), Image.BICUBIC)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue(), picture.size


def upright(data: bytes) -> bytes:
    """The bytes as found; a picture that asks to be turned would be shown turned by some readers only."""
    if Image.open(io.BytesIO(data)).getexif().get(274, 1) != 1:
        raise SystemExit("a picture carries an EXIF turn; store it turned")
    return data


def presence(asker: PhotoAsker, row: int) -> tuple[list[str], list[str]]:
    """One listed thing and one absent thing, or two empty lists."""
    present = asker.texts[row].get("present", [])
    if not present:
        return [], []
    rng, spoken_of = random.Random(SEED * 1_000_003 + row), asker.spoken_of(row)
    for _ in range(200):
        c = rng.choice(asker.absent.frequent)
        if c not in spoken_of:
            return [rng.choice(present)], [COCO_NAMES[c]]
    return [], []


def vqa_row(asker: PhotoAsker, row: int, name: str, data: bytes) -> dict:
    t, (present, absent) = asker.texts[row], presence(asker, row)
    width, height = Image.open(io.BytesIO(data)).size
    keys = {
        "question_id": "id",
        "question": "question",
        "question_type": "type",
        "answer_type": "kind",
        "answers": "answers",
    }
    return {
        "image": {"bytes": upright(data), "path": name},
        "image_id": t["image_id"],
        "width": width,
        "height": height,
        "qa": [{new: q[old] for new, old in keys.items()} for q in t["vqa"]],
        "present": present,
        "absent": absent,
    }


def v7w_row(asker: PhotoAsker, row: int, name: str, data: bytes) -> dict:
    questions = []
    for i, q in enumerate(asker.texts[row]["v7w"]):
        first = q["question"].split()[0].lower()
        questions.append(
            {
                "qa_id": row * 100 + i,
                "question": q["question"],
                "answer": q["options"][0],
                "multiple_choices": q["options"][1:],
                "type": first if first in ("what", "where", "when", "who", "why", "how") else None,
            }
        )
    return {"image": {"bytes": as_webp(data)[0], "path": name}, "file": name, "qa": questions}


def flickr_row(asker: PhotoAsker, row: int, name: str, data: bytes) -> dict:
    return {"image": {"bytes": as_webp(data)[0], "path": name}, "file": name, "captions": asker.texts[row]["captions"]}


def vg_row(asker: PhotoAsker, row: int, name: str, data: bytes) -> dict:
    t, (small, (width, height)) = asker.texts[row], as_webp(data)
    sx, sy = width / t["size"][0], height / t["size"][1]
    objects = []
    for o in t["objects"]:
        x0, y0, x1, y1 = o["box"]
        objects.append({"name": o["name"], "bbox": [x0 * sx, y0 * sy, (x1 - x0) * sx, (y1 - y0) * sy]})
    image = {"bytes": small, "path": name}
    return {"image": image, "image_id": t["image_id"], "width": width, "height": height, "objects": objects}


ROWS = {"vqa_test": vqa_row, "vqa_dev": vqa_row, "v7w_test": v7w_row, "flickr_test": flickr_row, "vg_test": vg_row}


def write(mirrors: Path, out: Path, boxes: Path) -> dict[str, tuple[int, int]]:
    """Writes the packs; part -> (pictures, bytes)."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import torch

    texts, splits = load_texts(out)[0], load_splits()
    items, asker = list_pictures(mirrors), PhotoAsker(texts, torch.load(boxes, weights_only=True), splits["train"])
    mirror = {n: Mirror(mirrors, s.repository, s.commit) for n, s in SETS.items()}
    written = {}
    for part, schema in schemas().items():
        rows = []
        for row in splits[part]:
            name, file, blob = items[row]
            rows.append(ROWS[part](asker, row, file, mirror[name].blob(blob)))
        path, temporary = out / f"photos_{part}.parquet", out / f"photos_{part}.tmp"
        pq.write_table(pa.Table.from_pylist(rows, schema), temporary, row_group_size=GROUP, compression="zstd")
        os.replace(temporary, path)
        written[part] = (len(rows), path.stat().st_size)
    return written
