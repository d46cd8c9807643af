"""Packing of photographs, on an invented git directory."""

import io
import subprocess

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sightline_training.data import photos
from sightline_training.data.duplicates import image_hash
from sightline_training.data.sources import _decode


def jpeg(seed: int, width: int = 40, height: int = 30) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (6, 8, 3)).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).resize((width, height), Image.BICUBIC).save(out, "JPEG", quality=95)
    return out.getvalue()


def git(folder, *words: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def mirrors(tmp_path, monkeypatch):
    """Four repositories with 12, 2, 2 and 1 pictures; `SETS` speaks of them."""
    sets = {}
    for number, (name, count) in enumerate((("coco", 12), ("flickr", 2), ("v7w", 2), ("vg", 1))):
        folder = tmp_path / "mirrors" / f"owner+{name}" / "repo"
        (folder / "pictures").mkdir(parents=True)
        for i in range(count):
            (folder / "pictures" / f"{i}.jpg").write_bytes(jpeg(100 * number + i))
        if name == "flickr":  # the same picture under a second name
            (folder / "pictures" / "9.jpg").write_bytes(jpeg(100 * number))
        (folder / "pictures" / "notes.txt").write_text("not a picture")
        git(folder, "init", "-q")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "pictures")
        sets[name] = photos.Source(f"owner/{name}", git(folder, "rev-parse", "HEAD"), "pictures", count)
    monkeypatch.setattr(photos, "SETS", sets)
    return tmp_path / "mirrors"


def test_rows_are_in_the_fixed_order(mirrors):
    names = [(s, f) for s, f, _ in photos.list_pictures(mirrors)]
    assert names[:12] == [("coco", f"{i}.jpg") for i in range(12)]  # by number: 2 before 10
    assert names[12:] == [("flickr", "0.jpg"), ("flickr", "1.jpg"), ("v7w", "0.jpg"), ("v7w", "1.jpg"), ("vg", "0.jpg")]


def test_packs_hold_every_picture_once(mirrors, tmp_path, monkeypatch):
    monkeypatch.setattr(photos, "PACK_BYTES", 3000)
    monkeypatch.setattr(photos.PackWriter.__init__, "__defaults__", (3000,))
    monkeypatch.setattr(photos, "GROUP", 4)
    photos.pack(mirrors, tmp_path, workers=1)
    files = sorted(tmp_path.glob("photos-*.parquet"))
    assert len(files) > 1 and not list(tmp_path.glob("*.tmp"))
    rows = [r for i in range(len(files)) for r in pq.read_table(tmp_path / f"photos-{i}.parquet").to_pylist()]
    assert [r["row"] for r in rows] == list(range(17))
    index = np.load(tmp_path / "photos_index.npz")
    for row, size, small, bits in zip(rows, index["size"], index["descriptor"], index["hash"], strict=True):
        picture = Image.open(io.BytesIO(row["image"]["bytes"]))
        assert picture.size == tuple(size) == (row["width"], row["height"]) == (224, 168)
        assert float(small.astype(np.float32) @ photos.descriptor(picture)) > 0.98  # AVIF changes little
        assert (np.unpackbits(bits) != (image_hash(picture) > 0)).sum() <= 24
        pixels, _ = _decode((row["image"]["bytes"], 224, False))
        assert pixels.shape == (168, 224)
    original = photos.shrink(jpeg(3))
    packed = np.asarray(Image.open(io.BytesIO(rows[3]["image"]["bytes"])), np.float32)
    assert np.abs(packed - np.asarray(original)).mean() < 6


def test_a_wrong_count_is_an_error(mirrors):
    photos.SETS["vg"] = photos.Source("owner/vg", photos.SETS["vg"].commit, "pictures", 2)
    with pytest.raises(SystemExit, match="1 pictures in pictures, 2 expected"):
        photos.list_pictures(mirrors)


def test_a_missing_mirror_names_the_clone_command(tmp_path):
    with pytest.raises(SystemExit, match="clone https://github.com/a/b there"):
        photos.Mirror(tmp_path, "a/b", "HEAD")


@pytest.mark.parametrize(
    ("width", "side", "size"), [(40, 224, (224, 168)), (320, 224, (224, 168)), (40, 320, (224, 168))]
)
def test_shrink_enlarges_to_224_only(width, side, size):
    assert photos.shrink(jpeg(1, width, width * 3 // 4), side).size == size


def test_shrink_keeps_320():
    assert photos.shrink(jpeg(1, 640, 320), 320).size == (320, 160)
    assert photos.shrink(jpeg(1, 256, 192), 320).size == (256, 192)
