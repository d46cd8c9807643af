"""The picture sets, and their decoding into shards that `Bank` puts on the GPU.

    python -m sightline_training.data.sources --data DIR --out DIR [--sets NAME ...] [--wait] [--limit N]

A shard is `<set>.pt`: every picture as int32 RGBX pixels in one flat array, with sizes, labels, boxes. Held-out sets also get
`<set>_canvas.npy`, `[n, 224, 224, 3]` uint8: each picture through the product's own transform (centred square letterbox,
Pillow's antialiased bicubic).
"""

import argparse
import io
import json
import os
import time
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch
from PIL import Image

CANVAS = 224
PAD = 127
# set -> (files, longest side kept in px)
SETS = {
    "tiny_train": ([f"tiny_imagenet_train-{i}of3" for i in range(3)], 64),
    "imagenette_train": (["imagenette_train"], 160),
    "caltech_train": (["caltech101_train"], 160),
    "coco_train": (["coco256"], 336),
    "flickr_train": (["flickr8k_1000"], 200),
    "daquar_train": (["daquar_train"], 336),
    "tiny_val": (["tiny_imagenet_val"], 64),
    "imagenette_val": (["imagenette_val"], 160),
    "caltech_val": (["caltech101_val"], 160),
    "coco_val": (["coco256"], 336),
    "flickr_val": (["flickr8k_1000"], 200),
    "daquar_test": (["daquar_test"], 336),
}
TRAIN_SETS = [s for s in SETS if s.endswith("_train")]
HELD_OUT_SETS = [s for s in SETS if not s.endswith("_train")]
FLICKR_TRAIN_ROWS = 900  # the file has one split of 1,000: the last 100 pictures are held out
NAME_OFFSETS = {"tiny": 0, "imagenette": 200, "caltech": 210}  # where a set's labels start in `names.NAMES`


def letterbox(image: Image.Image, size: int = CANVAS) -> Image.Image:
    """The product's transform: pad to a centred square, then one antialiased bicubic resize."""
    side = max(image.size)
    square = Image.new("RGB", (side, side), (PAD, PAD, PAD))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square.resize((size, size), Image.BICUBIC)


def _decode(job):
    data, longest, with_canvas = job
    image = Image.open(io.BytesIO(data)).convert("RGB")
    canvas = np.asarray(letterbox(image)) if with_canvas else None
    if max(image.size) > longest:
        scale = longest / max(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.BICUBIC)
    x = np.asarray(image).astype(np.int32)
    return x[..., 0] | (x[..., 1] << 8) | (x[..., 2] << 16), canvas


def read_rows(name: str, data: Path, limit: int = 0) -> list[dict]:
    """Rows of one set; `limit` thins them out evenly (rehearsals)."""
    import pyarrow.parquet as pq

    rows = [r for f in SETS[name][0] for r in pq.read_table(data / f"{f}.parquet").to_pylist()]
    if name.startswith("coco"):
        rows = [r for r in rows if r["split"].startswith("train") == name.endswith("train")]
    if name.startswith("flickr"):
        rows = rows[:FLICKR_TRAIN_ROWS] if name.endswith("train") else rows[FLICKR_TRAIN_ROWS:]
    return rows[:: max(1, len(rows) // limit)] if limit else rows


def _texts(name: str, row: dict):
    """What questions need of a row beside its pixels and label."""
    if name.startswith("coco"):
        return {"w": row["width"], "h": row["height"], "objects": [(o["category"], o["bbox"]) for o in row["objects"]]}
    if name.startswith("flickr"):
        return row["captions"]
    if name.startswith("daquar"):
        return [(q["question"], q["answers"]) for q in row["qa"]]
    return None


def _labels(name: str, rows: list[dict]) -> dict[str, torch.Tensor]:
    """Label columns, -1 where a set has none: 1,000 ImageNet classes, Caltech, Tiny, and the id in `names.NAMES`."""
    lines = (Path(__file__).parent / "imagenet_synsets.txt").read_text().split()
    synsets = {s: i for i, s in enumerate(lines)}
    family = name.split("_")[0]
    own = [r.get("label", -1) for r in rows]
    none = [-1] * len(rows)
    offset = NAME_OFFSETS.get(family)
    boxes = [[r["box"][0], r["box"][1], r["box"][2] + 1, r["box"][3] + 1] if "box" in r else [0] * 4 for r in rows]
    return {
        "imagenet": torch.tensor([synsets.get(r.get("wnid"), -1) for r in rows]),
        "caltech": torch.tensor(own if family == "caltech" else none),
        "tiny": torch.tensor(own if family == "tiny" else none),
        "name": torch.tensor(none if offset is None else [offset + y for y in own]),
        "box": torch.tensor(boxes, dtype=torch.float32).view(-1, 4),
    }


def decode_set(name: str, data: Path, out: Path, pool, limit: int = 0) -> int:
    """Decodes one set into its shard; returns the number of pictures."""
    rows = read_rows(name, data, limit)
    held_out = not name.endswith("_train")
    jobs = [(r["image"]["bytes"], SETS[name][1], held_out) for r in rows]
    decoded = pool.map(_decode, jobs, chunksize=64)
    pixels = [p for p, _ in decoded]
    shard = {
        "pixels": torch.from_numpy(np.concatenate([p.ravel() for p in pixels])),
        "height": torch.tensor([p.shape[0] for p in pixels], dtype=torch.int32),
        "width": torch.tensor([p.shape[1] for p in pixels], dtype=torch.int32),
        **_labels(name, rows),
    }
    if held_out:
        np.save(out / f"{name}_canvas.npy", np.stack([c for _, c in decoded]))
    texts = [_texts(name, r) for r in rows]
    if texts and texts[0] is not None:
        (out / f"{name}_texts.json").write_text(json.dumps(texts))
    torch.save(shard, out / f"{name}.tmp")
    os.rename(out / f"{name}.tmp", out / f"{name}.pt")
    return len(rows)


def complete(path: Path) -> bool:
    """Whether a Parquet file is there to its end: `--wait` must not read one that is still being copied."""
    if not path.exists() or path.stat().st_size < 8:
        return False
    with open(path, "rb") as file:
        file.seek(-4, os.SEEK_END)
        return file.read() == b"PAR1"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the Parquet files")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--wait", action="store_true", help="wait for files that are not there yet")
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS), help="which sets; all without it")
    parser.add_argument("--limit", type=int, default=0, help="about so many pictures per set")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    start = time.time()
    pending = [s for s in args.sets if not (args.out / f"{s}.pt").exists()]
    with Pool(args.workers) as pool:
        while pending:
            ready = [s for s in pending if all(complete(args.data / f"{f}.parquet") for f in SETS[s][0])]
            if not ready and not args.wait:
                raise SystemExit(f"no complete files for {pending} in {args.data}; --wait waits for them")
            for name in ready:
                count = decode_set(name, args.data, args.out, pool, args.limit)
                pending.remove(name)
                print(f"{name}: {count} pictures, {time.time() - start:.1f} s", flush=True)
            time.sleep(0.2)


if __name__ == "__main__":
    main()
