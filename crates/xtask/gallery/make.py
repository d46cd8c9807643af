"""Makes the gallery's pictures from their sources, and writes their hashes into `www/pictures.json`.

Usage: `python make.py SOURCES [NAME ...]`. `SOURCES` is a folder with what each row of `PICTURES`
names; a picture whose source is not there is left as it is, and named. Sources:

- `caltech101_val.parquet`: Caltech-101 at 160 px, the part that no model was trained on.
- `skimage/data/`: the data of the package `scikit-image` 0.26.0 from PyPI.
- `GroceryStoreDataset/`: github.com/marcusklasson/GroceryStoreDataset.
- `clothing-dataset-small/`: github.com/alexeygrigorev/clothing-dataset-small at 1196151.
- `avif-sample-images/`: github.com/link-u/avif-sample-images at c666a36.

`python make.py --check` needs no source: it compares every file with its hash and its limits.
"""

import argparse
import hashlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

WWW = Path(__file__).resolve().parents[3] / "www"
LIST = WWW / "pictures.json"
# Longest side of a photograph, px: twice what the models look at.
SIDE = 448
# Side of a picture in a grid, px: what Caltech-101 has at most.
TILE = 160
GAP = 8
# Most bytes of a file; those of before are PNG.
MOST, MOST_PNG = 46_000, 52_000


@dataclass(frozen=True)
class Photo:
    """A photograph, cut to a part of it (fractions: left, top, right, bottom) and made smaller."""

    path: str
    part: tuple = (0, 0, 1, 1)

    def make(self, sources: Path) -> Image.Image:
        image = ImageOps.exif_transpose(Image.open(sources / self.path)).convert("RGB")
        w, h = image.size
        x1, y1, x2, y2 = self.part
        image = image.crop((round(x1 * w), round(y1 * h), round(x2 * w), round(y2 * h)))
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        return image


@dataclass(frozen=True)
class Grid:
    """Pictures of Caltech-101 side by side, by their files' names; `None` leaves a place empty."""

    paths: tuple
    columns: int = 2

    def make(self, sources: Path) -> Image.Image:
        rows = -(-len(self.paths) // self.columns)
        place = TILE + GAP
        image = Image.new(
            "RGB", (self.columns * place + GAP, rows * place + GAP), (127, 127, 127)
        )
        pictures = caltech(sources)
        for i, path in enumerate(self.paths):
            if path is None:
                continue
            tile = ImageOps.fit(pictures[path], (TILE, TILE), Image.Resampling.LANCZOS)
            image.paste(
                tile, (GAP + i % self.columns * place, GAP + i // self.columns * place)
            )
        return image


def caltech(sources: Path) -> dict[str, Image.Image]:
    """Caltech-101 by the files' names; read once."""
    if not CALTECH:
        from pyarrow import parquet

        for row in parquet.read_table(sources / "caltech101_val.parquet").to_pylist():
            CALTECH[row["image"]["path"]] = row["image"]["bytes"]
    return Opened(CALTECH)


CALTECH: dict[str, bytes] = {}


class Opened:
    """Files as pictures."""

    def __init__(self, files):
        self.files = files

    def __getitem__(self, path: str) -> Image.Image:
        return Image.open(io.BytesIO(self.files[path])).convert("RGB")


SKIMAGE, GROCERY, CLOTHING, AVIF = (
    "skimage/data/",
    "GroceryStoreDataset/dataset/test/",
    "clothing-dataset-small/test/",
    "avif-sample-images/",
)
PICTURES = {
    "cat": Photo(SKIMAGE + "chelsea.png"),
    "coffee": Photo(SKIMAGE + "coffee.png"),
    "astronaut": Photo(SKIMAGE + "astronaut.png"),
    "rocket": Photo(SKIMAGE + "rocket.jpg"),
    "bananas": Photo(GROCERY + "Fruit/Banana/Banana_009.jpg"),
    "lemons": Photo(GROCERY + "Fruit/Lemon/Lemon_004.jpg"),
    "oranges": Photo(GROCERY + "Fruit/Orange/Orange_004.jpg"),
    "watermelon": Photo(GROCERY + "Fruit/Melon/Watermelon/Watermelon_004.jpg"),
    "tomato": Photo(GROCERY + "Vegetables/Tomato/Beef-Tomato/Beef-Tomato_009.jpg"),
    "milk": Photo(
        GROCERY + "Packages/Milk/Arla-Standard-Milk/Arla-Standard-Milk_004.jpg"
    ),
    "cap": Photo(CLOTHING + "hat/2a12baab-f020-42e3-8e6b-5d82e3ed0b55.jpg"),
    "boots": Photo(CLOTHING + "shoes/16fd381e-9da4-493b-aa53-c217eab6bff0.jpg"),
    "fox-statue": Photo(AVIF + "fox.jpg"),
    "pigeons": Photo(AVIF + "hato.jpg", (0.35, 0.3, 1, 1)),
    "kimono": Photo(AVIF + "kimono.jpg"),
    "four-things": Grid(
        (
            "lamp/image_0008.jpg",
            "laptop/image_0005.jpg",
            "cup/image_0024.jpg",
            "chair/image_0001.jpg",
        )
    ),
    "panda-camera": Grid(("panda/image_0007.jpg", "camera/image_0014.jpg")),
    "helicopter-wheelchair": Grid(
        ("helicopter/image_0004.jpg", "wheelchair/image_0023.jpg"), columns=1
    ),
    "sunflowers": Grid(
        (
            "sunflower/image_0014.jpg",
            "butterfly/image_0017.jpg",
            "sunflower/image_0020.jpg",
            "sunflower/image_0032.jpg",
        )
    ),
    "soccer-balls": Grid(("soccer_ball/image_0014.jpg", "soccer_ball/image_0020.jpg")),
    "starfish": Grid(
        (
            "starfish/image_0003.jpg",
            "starfish/image_0013.jpg",
            "scissors/image_0025.jpg",
            "starfish/image_0035.jpg",
        )
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", nargs="?", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.check:
        return check()
    if args.sources is None:
        parser.error("name the folder of the sources, or say --check")
    for name, picture in PICTURES.items():
        if not args.names or name in args.names:
            make(name, picture, args.sources)
    write_hashes()
    return check()


def make(name: str, picture, sources: Path) -> None:
    try:
        image = picture.make(sources)
    except (FileNotFoundError, KeyError) as error:
        print(f"{name} is left as it is: {error}", file=sys.stderr)
        return
    for quality in (88, 82, 76, 70, 62, 54):
        out = io.BytesIO()
        image.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= MOST:
            break
    (WWW / "pictures" / f"{name}.webp").write_bytes(out.getvalue())


def write_hashes() -> None:
    found = json.loads(LIST.read_text())
    for row in found["pictures"]:
        row["sha256"] = hashlib.sha256((WWW / row["file"]).read_bytes()).hexdigest()
    LIST.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def check() -> int:
    """0 if every file is listed, has its hash and is small, and every made one is in `PICTURES`."""
    rows = json.loads(LIST.read_text())["pictures"]
    wrong = []
    for row in rows:
        file = WWW / row["file"]
        data = file.read_bytes() if file.exists() else b""
        if hashlib.sha256(data).hexdigest() != row.get("sha256"):
            wrong.append(
                f"{row['file']} is not the file that the list names by its hash"
            )
        if len(data) > (MOST_PNG if file.suffix == ".png" else MOST):
            wrong.append(f"{row['file']} has {len(data)} bytes")
        if file.suffix == ".webp" and file.stem not in PICTURES:
            wrong.append(f"{row['file']} is not made here")
    listed = {row["file"] for row in rows}
    for file in sorted((WWW / "pictures").glob("*.[pw]*")):
        if f"pictures/{file.name}" not in listed:
            wrong.append(f"pictures/{file.name} is not in the list")
    print("\n".join(wrong) or f"{len(rows)} pictures are as the list says")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
