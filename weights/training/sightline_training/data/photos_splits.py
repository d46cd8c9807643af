"""Which photographs are trained on and which are scored: `recipes/photos/splits.json`, by picture.

    python -m sightline_training.data.photos_splits --photos DIR --data PARQUET --splits FILE --out FILE

takes `vg_test` (100 pictures of Visual Genome) out of `train` if it is not there yet, and out of `train` everything that looks
like a picture that is scored, shown or kept in reserve. Parts: `train`, `vqa_test`, `vqa_dev`, `v7w_test`, `flickr_test`,
`vg_test`, and `reserve`, which is neither trained on nor scored.

Two pictures look alike if their difference hashes differ in at most 16 of 256 bits, or if the cosine of their 12x12 descriptors
is above 0.97.
"""

import argparse
import io
import json
import random
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .duplicates import NEAR, image_hash
from .photos import DESCRIPTOR, descriptor
from .photos_texts import load_texts
from .sources import HELD_OUT_SETS, read_rows

SEED, VG_TEST = 20261130, 100
COSINE = 0.97
HELD_OUT = ("vqa_test", "vqa_dev", "v7w_test", "flickr_test", "vg_test", "reserve")
ROOT = Path(__file__).resolve().parents[4]
# Fixtures, the sample that the program is shown with, the page's gallery, the pictures in the
# documentation.
SHOWN = ("tests/goldens/pair", "tests/pictures", "www/pictures", "docs")
SPLITS = Path(__file__).resolve().parents[2] / "recipes" / "photos" / "splits.json"


def load_splits(file: Path = SPLITS) -> dict[str, list[int]]:
    return json.loads(Path(file).read_text())


class Looks:
    """What pictures look like: `hash` `[n, 256]` of +-1 and `descriptor` `[n, 432]`, both f32."""

    def __init__(self, hashes, descriptors):
        self.hash = torch.as_tensor(hashes).float().reshape(-1, 256)
        self.descriptor = torch.as_tensor(descriptors).float().reshape(-1, DESCRIPTOR * DESCRIPTOR * 3)

    def __len__(self) -> int:
        return len(self.hash)

    def __getitem__(self, rows) -> "Looks":
        return Looks(self.hash[rows], self.descriptor[rows])

    @staticmethod
    def of_index(index) -> "Looks":
        """Those that `photos_index.npz` holds."""
        return Looks(
            np.unpackbits(index["hash"], axis=1).astype(np.int8) * 2 - 1, index["descriptor"].astype(np.float32)
        )

    def alike(self, others: "Looks", batch: int = 2000) -> torch.Tensor:
        """For each picture the first of `others` that looks like it, -1 if none does. `[n]`"""
        if not len(self) or not len(others):
            return torch.full((len(self),), -1)
        out = []
        for i in range(0, len(self), batch):
            same = self.hash[i : i + batch] @ others.hash.T >= 256 - 2 * NEAR
            same |= self.descriptor[i : i + batch] @ others.descriptor.T > COSINE
            out.append(torch.where(same.any(1), same.int().argmax(1), -1))
        return torch.cat(out)


def look(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    return image_hash(picture), descriptor(picture)


def looks_of(pictures: list[bytes], pool) -> Looks:
    found = pool.map(look, pictures, chunksize=64)
    return Looks(np.stack([h for h, _ in found]), np.stack([d for _, d in found]))


def shown_files() -> list[Path]:
    files = [
        f
        for folder in SHOWN
        for f in sorted((ROOT / folder).glob("*.*"))
        if f.suffix in (".png", ".webp", ".jpg", ".avif")
    ]
    return [f for f in files if not f.name.startswith("page-")]  # pictures of the page itself, not of the world


def elsewhere(data: Path, pool) -> dict[str, Looks]:
    """Scored and shown pictures outside the packs: the held-out sets of `sources`, NLVR, and what the repository shows."""
    import pyarrow.parquet as pq

    out = {name: looks_of([r["image"]["bytes"] for r in read_rows(name, data)], pool) for name in HELD_OUT_SETS}
    for name in ("nlvr_dev", "nlvr_test"):
        rows = pq.read_table(data / f"{name}.parquet", columns=["image"]).to_pylist()
        out[name] = looks_of([r["image"]["bytes"] for r in rows], pool)
    return out | {"shown": looks_of([f.read_bytes() for f in shown_files()], pool)}


def draw_vg_test(texts: list[dict], rows: list[int]) -> list[int]:
    """100 of the given rows that have named boxes, by a seeded draw."""
    able = [r for r in rows if texts[r].get("objects")]
    return sorted(random.Random(SEED).sample(able, VG_TEST))


def complete(splits: dict, texts: list[dict], looks: Looks, others: dict[str, Looks]) -> tuple[dict, dict[str, int]]:
    """The splits with `vg_test` and a clean `train`, and how many pictures left `train` on account of each part."""
    splits = dict(splits)
    if "vg_test" not in splits:
        splits["vg_test"] = draw_vg_test(texts, splits["train"])
    held = {name: splits[name] for name in HELD_OUT}
    train = sorted(set(splits["train"]) - {r for rows in held.values() for r in rows})
    left = {}
    for name, other in [(n, looks[rows]) for n, rows in held.items()] + list(others.items()):
        alike = looks[train].alike(other) >= 0
        left[name] = int(alike.sum())
        train = [r for r, near in zip(train, alike.tolist(), strict=True) if not near]
    return {"train": train} | held, left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--photos", type=Path, required=True, help="folder with photos_index.npz and photos_texts.json.gz"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the other sets' Parquet files")
    parser.add_argument("--splits", type=Path, default=SPLITS)
    parser.add_argument("--out", type=Path, default=SPLITS)
    args = parser.parse_args()
    index, (texts, _) = np.load(args.photos / "photos_index.npz"), load_texts(args.photos)
    with Pool(2) as pool:
        others = elsewhere(args.data, pool)
    splits, left = complete(load_splits(args.splits), texts, Looks.of_index(index), others)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(splits, separators=(",", ":")) + "\n")
    print({name: len(rows) for name, rows in splits.items()})
    print("left train because they look like", left)


if __name__ == "__main__":
    main()
