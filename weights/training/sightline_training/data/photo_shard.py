"""Photographs from their packs (`data/photos.py`) into the shard that `Bank` puts on the GPU.

    python -m sightline_training.data.photo_shard --packs DIR --out DIR [--limit N] [--wait COUNT]

`photos.pt` has the columns of every shard; its pixels stand in `photos.pixels`, int32 RGBX, one picture after the other, since
they are gigabytes and several processes write them.
"""

import argparse
import io
import os
import time
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .sources import complete

SET = "photos"


def packs(folder: Path) -> list[Path]:
    """The packs of the photographs, in the order of their rows."""
    return sorted(folder.glob("photos-*.parquet"), key=lambda p: int(p.stem.split("-")[1]))


def read_rows(folder: Path, limit: int = 0) -> list[dict]:
    """Rows `row`, `set`, `width`, `height`, `image` of all packs; `limit` keeps the first of each set (rehearsals)."""
    import pyarrow.parquet as pq

    rows = [r for path in packs(folder) for r in pq.read_table(path).to_pylist()]
    rows.sort(key=lambda r: r["row"])
    if any(r["row"] != i for i, r in enumerate(rows)):
        raise ValueError(f"{folder}: the packs' rows are not 0, 1, 2, ...; is a pack missing?")
    return rows[:limit] if limit else rows


def _decode(job) -> int:
    path, total, span = job
    out = np.memmap(path, np.int32, "r+", shape=(total,))
    for data, offset, width, height in span:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        if image.size != (width, height):
            raise ValueError(f"a picture of {image.size} px where the pack says {width} x {height}")
        x = np.asarray(image).astype(np.int32)
        out[offset : offset + width * height] = (x[..., 0] | (x[..., 1] << 8) | (x[..., 2] << 16)).ravel()
    return len(span)


def decode(folder: Path, out: Path, workers: int, limit: int = 0) -> int:
    """Writes `photos.pixels` and `photos.pt`; returns the number of pictures."""
    rows = read_rows(folder, limit)
    width, height = ([int(r[key]) for r in rows] for key in ("width", "height"))
    area = np.array(width, np.int64) * np.array(height, np.int64)
    offset, total = area.cumsum() - area, int(area.sum())
    partial = out / f"{SET}.pixels.tmp"
    np.memmap(partial, np.int32, "w+", shape=(total,)).flush()
    spans = [
        (
            partial,
            total,
            [
                (rows[i]["image"]["bytes"], int(offset[i]), width[i], height[i])
                for i in range(a, min(a + 128, len(rows)))
            ],
        )
        for a in range(0, len(rows), 128)
    ]
    with Pool(workers) as pool:
        for _ in pool.imap_unordered(_decode, spans):
            pass
    partial.rename(out / f"{SET}.pixels")
    none = torch.full((len(rows),), -1)
    shard = {
        "height": torch.tensor(height, dtype=torch.int32), "width": torch.tensor(width, dtype=torch.int32),
        "imagenet": none, "caltech": none, "tiny": none, "name": none, "box": torch.zeros(len(rows), 4),
    }  # fmt: skip
    torch.save(shard, out / f"{SET}.tmp")
    os.rename(out / f"{SET}.tmp", out / f"{SET}.pt")
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=Path, required=True, help="folder with photos-0.parquet, photos-1.parquet, ...")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=0, help="the first so many pictures")
    parser.add_argument("--wait", type=int, default=0, help="wait until so many packs are there to their ends")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    while sum(complete(p) for p in packs(args.packs)) < args.wait:
        time.sleep(0.3)
    start = time.time()
    count = decode(args.packs, args.out, args.workers, args.limit)
    print(f"{SET}: {count} pictures, {time.time() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
