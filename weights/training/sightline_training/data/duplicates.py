"""Held-out pictures whose perceptual hash is close to a training picture's, to be left out of every score.

    python -m sightline_training.data.duplicates --data DIR --out duplicates.json

256-bit difference hash (17x16 grey, sign of horizontal steps). Every held-out set is compared with every training set.
"""

import argparse
import io
import json
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .sources import HELD_OUT_SETS, TRAIN_SETS, read_rows

NEAR = 16  # bits of 256; unrelated pictures differ by about 128


def difference_hash(data: bytes) -> np.ndarray:
    """`[256]` values of +-1 of an encoded picture."""
    return image_hash(Image.open(io.BytesIO(data)))


def image_hash(image: Image.Image) -> np.ndarray:
    """`[256]` values of +-1."""
    grey = image.convert("L").resize((17, 16), Image.BILINEAR)
    x = np.asarray(grey).astype(np.int16)
    return np.where(x[:, 1:] > x[:, :-1], 1, -1).astype(np.int8).ravel()


def hash_set(name: str, data: Path, pool) -> np.ndarray:
    return np.stack(pool.map(difference_hash, [r["image"]["bytes"] for r in read_rows(name, data)], chunksize=256))


def near_pairs(held_out: np.ndarray, train: np.ndarray, near: int = NEAR) -> list[tuple[int, int, int]]:
    """(held-out row, training row, differing bits) for every held-out row with a training row within `near` bits."""
    train = torch.from_numpy(train).float()
    pairs = []
    for start in range(0, len(held_out), 1024):
        best, index = (torch.from_numpy(held_out[start : start + 1024]).float() @ train.t()).max(1)
        bits = ((256 - best) / 2).int().tolist()
        pairs += [(start + i, int(j), b) for i, (j, b) in enumerate(zip(index, bits, strict=True)) if b <= near]
    return pairs


def find(data: Path, workers: int = 2) -> dict[str, list]:
    """Set -> list of [row, training set, training row, bits]."""
    with Pool(workers) as pool:
        train = {name: hash_set(name, data, pool) for name in TRAIN_SETS}
        held_out = {name: hash_set(name, data, pool) for name in HELD_OUT_SETS}
    out = {}
    for name, hashes in held_out.items():
        found = [[row, other, j, b] for other, t in train.items() for row, j, b in near_pairs(hashes, t)]
        out[name] = sorted(found)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    found = find(args.data)
    args.out.write_text(json.dumps(found, indent=None) + "\n")
    for name, pairs in found.items():
        rows = {p[0] for p in pairs}
        print(f"{name}: {len(rows)} rows within {NEAR} bits of a training picture")


if __name__ == "__main__":
    main()
