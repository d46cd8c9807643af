"""Writes photos/: the four files of photographs in miniature, with invented questions, as `docs/evaluation.md` describes them.

    python tests/goldens/tasks/make_photos.py

Needs pyarrow and Pillow. The pictures are of one colour, 8 x 6 px.
"""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

OUT = Path(__file__).with_name("photos")
WIDTH, HEIGHT = 8, 6


def picture(number: int) -> dict:
    out = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), (60 * number, 120, 200)).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": f"{number}.png"}


def write(name: str, rows: list[dict], types: dict) -> None:
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("image", image), *types.items()])
    rows = [{"image": picture(at), **row} for at, row in enumerate(rows)]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), OUT / f"photos_{name}_test.parquet", compression="zstd", row_group_size=2)


def asked(number: int, question: str, kind: str, answer: str, begins: str | None) -> dict:
    return {"question_id": number, "question": question, "question_type": begins, "answer_type": kind, "answers": [answer] * 8 + ["x", "y"]}


def main() -> None:
    OUT.mkdir(exist_ok=True)
    texts = pa.list_(pa.string())
    question = pa.struct([("question_id", pa.int64()), ("question", pa.string()), ("question_type", pa.string()), ("answer_type", pa.string()),
                          ("answers", texts)])  # fmt: skip
    sizes = {"width": pa.int32(), "height": pa.int32()}
    size = {"width": WIDTH, "height": HEIGHT}
    vqa = [
        {"image_id": 9, **size, "present": ["dog"], "absent": ["umbrella"],
         "qa": [asked(9001, "What color is the dog?", "other", "brown", "what color is the"), asked(9002, "How many dogs?", "number", "2", None)]},
        {"image_id": 25, **size, "present": [], "absent": [], "qa": []},
        {"image_id": 30, **size, "present": ["traffic light"], "absent": ["cow"],
         "qa": [asked(30000, "Is it day?", "yes/no", "yes", "is it")]},
    ]  # fmt: skip
    write("vqa", vqa, {"image_id": pa.int64(), **sizes, "qa": pa.list_(question), "present": texts, "absent": texts})
    pair = pa.struct([("qa_id", pa.int64()), ("question", pa.string()), ("answer", pa.string()), ("multiple_choices", texts), ("type", pa.string())])
    telling = [
        {"file": "v7w_1.jpg", "qa": [{"qa_id": 70, "question": "Where is the cat?", "answer": "On the Sofa.", "type": "where",
                                      "multiple_choices": ["At sea.", "Outside.", "In a box."]}]},
        {"file": "v7w_2.jpg", "qa": [{"qa_id": 71, "question": "Who is that?", "answer": "A man.", "type": None,
                                      "multiple_choices": ["A cat.", "A cow.", "Nobody."]}]},
    ]  # fmt: skip
    write("v7w", telling, {"file": pa.string(), "qa": pa.list_(pair)})
    captions = [
        {"file": "a.jpg", "captions": ["A dog runs .", "A brown dog is running", "the dog", "Dog in grass .", "A dog running in the grass ."]},
        {"file": "b.jpg", "captions": ["Two kids play .", "Kids playing", "children at play", "Two children .", "Kids in a park ."]},
    ]
    write("flickr", captions, {"file": pa.string(), "captions": texts})
    thing = pa.struct([("name", pa.string()), ("bbox", pa.list_(pa.float64()))])
    objects = [
        # Asked for: the hat. Not: the dogs (two), the tree (trees beside it), the leaf (too small).
        {"image_id": 3, **size, "objects": [
            {"name": "dog", "bbox": [0, 0, 4, 3]}, {"name": "Dog ", "bbox": [4, 0, 4, 3]}, {"name": "Hat", "bbox": [4, 2, 6, 3]},
            {"name": "tree", "bbox": [0, 0, 8, 6]}, {"name": "trees", "bbox": [0, 0, 8, 6]}, {"name": "leaf", "bbox": [0, 0, 1, 1]}]},
    ]  # fmt: skip
    write("vg", objects, {"image_id": pa.int64(), **sizes, "objects": pa.list_(thing)})


if __name__ == "__main__":
    main()
