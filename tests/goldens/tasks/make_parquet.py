"""Tiny Parquet files with made-up rows, in the layouts that the tasks read: `packed/` (through repack.py) and `hub/`.

    python tests/goldens/tasks/make_parquet.py

Needs pyarrow and Pillow.
"""

import io
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

HERE = Path(__file__).resolve().parent


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (shade, 0, 255 - shade)).save(out, "PNG")
    return out.getvalue()


def write(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for n, row in enumerate(rows):
        if "image" in row:
            row["image"] = {"bytes": picture(row["image"]), "path": f"{n}.png"}
    pq.write_table(pa.Table.from_pylist(rows), path, compression="snappy", row_group_size=2)


def packed() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "vsr/images").mkdir(parents=True)
        lines = []
        for n in range(5):
            (root / f"vsr/images/{n % 3}.png").write_bytes(picture(40 * (n % 3)))
            lines.append(json.dumps({"image": f"{n % 3}.png", "caption": f"Statement {n}.", "label": n % 2}))
        (root / "vsr/test.jsonl").write_text("\n".join(lines) + "\n")
        subprocess.run(
            [sys.executable, HERE / "repack.py", "vsr", "--data", root, "--out", HERE / "packed"], check=True
        )
    # In another order, as a tool that sorts or shuffles leaves it.
    rows = pq.read_table(HERE / "packed/vsr.parquet").to_pylist()
    random.Random(1).shuffle(rows)
    pq.write_table(pa.Table.from_pylist(rows), HERE / "packed/vsr.parquet", compression="zstd")


def hub() -> None:
    answers = [
        {"answer": a, "answer_confidence": "yes", "answer_id": n + 1} for n, a in enumerate(["red"] * 4 + ["blue"] * 6)
    ]
    asked = {"question_type": "what", "multiple_choice_answer": "red", "answers": answers, "answer_type": "other"}
    write(
        HERE / "hub/VQAv2/data/validation-00000-of-00002.parquet",
        [
            {**asked, "image_id": 5, "question_id": 5000 + n, "question": f"What is {n}?", "image": 10 * n}
            for n in range(3)
        ],
    )
    write(
        HERE / "hub/VQAv2/data/validation-00001-of-00002.parquet",
        [{**asked, "image_id": 6, "question_id": 6000, "question": "What is it?", "image": 200}],
    )
    write(
        HERE / "hub/VizWiz-VQA/data/val-00000-of-00001.parquet",
        [
            {
                "question_id": "VizWiz_val_00000000",
                "image": 9,
                "question": "what's this CAN?",
                "answers": ["soup"] * 10,
                "category": "other",
            }
        ],
    )
    write(
        HERE / "hub/textvqa/data/validation-00000-of-00001.parquet",
        [
            {
                "image_id": "a",
                "question_id": 34602,
                "question": "what does IT say?",
                "image": 7,
                "answers": ["x"] * 10,
                "ocr_tokens": ["x"],
            }
        ],
    )
    write(
        HERE / "hub/POPE/data/test-00000-of-00001.parquet",
        [
            {
                "id": str(n),
                "question_id": "1",
                "question": " Is there a dog? ",
                "answer": "yes",
                "image_source": "s",
                "image": n,
                "category": c,
            }
            for n, c in enumerate(["adversarial", "popular", "random"])
        ],
    )
    kinds = {"detailed": "d", "semantic": "rel", "structural": "query"}
    write(
        HERE / "hub/GQA/testdev_balanced_instructions/testdev-00000-of-00001.parquet",
        [
            {
                "id": f"20{n}",
                "imageId": f"n{1 - n}",
                "question": f"Q{n}?",
                "answer": "yes",
                "isBalanced": True,
                "types": kinds,
            }
            for n in (0, 1)
        ],
    )
    write(
        HERE / "hub/GQA/testdev_balanced_images/testdev-00000-of-00001.parquet",
        [{"id": f"n{n}", "image": 100 * n} for n in (0, 1)],
    )


if __name__ == "__main__":
    packed()
    hub()
