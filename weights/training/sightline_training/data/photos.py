"""The photographs with human language: fetched repositories -> packs of pictures, texts, splits, evaluation packs.

    python -m sightline_training.data.photos --mirrors DIR --shared DIR --out DIR [--only pictures texts packs] [--boxes FILE]

`--mirrors` holds one git directory per repository of `SETS`, as `OWNER+NAME/repo` (a clone made with `git clone --mirror`; a
clone without its largest files serves too). `--shared` holds `more/` (COCO ids, 80 classes, joined VQAv2 questions) and the
Parquet files of the other sets. `DATA.md` beside this package lists counts, hashes and terms. Steps that are done are skipped.
The packs for scoring want the detector's boxes (`boxes.pt` of stage 4): a thing that it sees is not asked for as absent. The
splits are in the repository; `photos_splits` made them.

The number of a picture is its row everywhere: COCO-40k first, then Flickr8k, Visual7W, Visual Genome. The file
`recipes/photos/splits.json` names pictures by that number, so the order must not change.
"""

import argparse
import io
import os
import subprocess
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from .duplicates import image_hash

SIDE = 224  # longest side of a packed picture, px; the texts' boxes are in px of such a picture
QUALITY, SPEED = 46, 9  # AVIF
PACK_BYTES = 49_000_000  # picture bytes per pack; the file stays under 50 MB
GROUP = 1000  # rows per Parquet row group
STEPS = ["pictures", "texts", "packs"]
DESCRIPTOR = 12  # side of the descriptor, px


@dataclass(frozen=True)
class Source:
    """Where the pictures of a set stand: repository, commit, folder, and how many they are."""

    repository: str
    commit: str
    folder: str
    count: int


SETS = {
    "coco": Source("syf0122/COMP5329_Assignment02", "f24db6cd859ce3f80f5cc35a5fac63d7b6ab6d94", "data/data", 40_000),
    "flickr": Source("RlNZLER/Image-Text-Matching", "5651b89b22dc733e6a8215b93acb5dd420ad5b41", "data/images", 8_090),
    "v7w": Source("mehtab78/ITM_Classifier", "998014de6636764ac0c2ed8af48998ff75e2a8f3", "visual7w-images", 6_351),
    "vg": Source("Dimi2509/ADLCV-VisualDebuggerVLM", "ffaa1cf8f3e25bdec510ee6e79355dc516c8cba8", "data/VG/VG_500", 500),
}
COUNT = sum(s.count for s in SETS.values())


class Mirror:
    """Files of one commit in a git directory."""

    def __init__(self, mirrors: Path, repository: str, commit: str):
        self.folder = Path(mirrors) / repository.replace("/", "+") / "repo"
        self.commit = commit
        self._reader = None
        if not self.folder.is_dir():
            raise SystemExit(
                f"{self.folder}: no such git directory; clone https://github.com/{repository} there with --mirror"
            )

    def _git(self, *words: str) -> bytes:
        run = subprocess.run(["git", "-C", str(self.folder), *words], capture_output=True)
        if run.returncode:
            raise SystemExit(f"{self.folder}: git {' '.join(words)}: {run.stderr.decode().strip()}")
        return run.stdout

    def files(self, folder: str) -> list[tuple[str, str]]:
        """(file name, blob id) of every file below `folder`."""
        lines = self._git("ls-tree", "-r", "-z", self.commit, folder + "/").decode().split("\0")
        entries = [line.split("\t", 1) for line in lines if line]
        return [(path.rsplit("/", 1)[-1], head.split()[2]) for head, path in entries]

    def text(self, path: str) -> str:
        return self._git("cat-file", "blob", f"{self.commit}:{path}").decode("utf-8")

    def blob(self, identity: str) -> bytes:
        """A blob's bytes; one reading process serves all calls."""
        if self._reader is None:
            words = ["git", "-C", str(self.folder), "cat-file", "--batch"]
            self._reader = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._reader.stdin.write(identity.encode() + b"\n")
        self._reader.stdin.flush()
        head = self._reader.stdout.readline().split()
        if len(head) != 3:
            raise SystemExit(f"{self.folder}: object {identity} is missing; clone the repository with all its files")
        data = self._reader.stdout.read(int(head[2]) + 1)
        return data[:-1]


def picture_list(name: str, files: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pictures among a set's files in the order of their rows; one that stands there under two names counts once."""
    jpegs = [f for f in files if f[0].lower().endswith(".jpg")]
    jpegs.sort(key=lambda f: (len(f[0]), f[0]) if name == "coco" else (0, f[0]))
    seen, out = set(), []
    for file, blob in jpegs:
        if blob not in seen:
            seen.add(blob)
            out.append((file, blob))
    return out


def list_pictures(mirrors: Path) -> list[tuple[str, str, str]]:
    """(set, file name, blob id) of every picture, in the order of the rows."""
    out = []
    for name, source in SETS.items():
        found = picture_list(name, Mirror(mirrors, source.repository, source.commit).files(source.folder))
        if len(found) != source.count:
            raise SystemExit(f"{source.repository}: {len(found)} pictures in {source.folder}, {source.count} expected")
        out += [(name, file, blob) for file, blob in found]
    return out


def shrink(data: bytes, side: int = SIDE) -> Image.Image:
    """The picture with its longest side at `side` px; smaller ones are enlarged to 224 px only."""
    picture = Image.open(io.BytesIO(data))
    picture.draft("RGB", (side * 2, side * 2))
    picture = picture.convert("RGB")
    longest = max(picture.size)
    scale = min(side, max(SIDE, longest)) / longest
    size = tuple(max(1, round(s * scale)) for s in picture.size)
    return picture if size == picture.size else picture.resize(size, Image.BICUBIC)


def descriptor(picture: Image.Image) -> np.ndarray:
    """`[432]` f32 of unit length: the picture at 12x12 px without its mean."""
    small = np.asarray(picture.convert("RGB").resize((DESCRIPTOR, DESCRIPTOR), Image.BOX), np.float32).reshape(-1)
    small = small - small.mean()
    return small / (np.linalg.norm(small) + 1e-6)


_mirrors: dict[str, Mirror] = {}


def _start(mirrors: Path) -> None:
    _mirrors.update({n: Mirror(mirrors, s.repository, s.commit) for n, s in SETS.items()})


def _work(item: tuple[str, str, int]):
    """(AVIF bytes, size of the original, packed size, descriptor, hash) of one picture: set, blob, longest side."""
    name, blob, side = item
    data = _mirrors[name].blob(blob)
    original = Image.open(io.BytesIO(data)).size
    picture = shrink(data, side)
    out = io.BytesIO()
    picture.save(out, "AVIF", quality=QUALITY, speed=SPEED, max_threads=1)
    return out.getvalue(), original, picture.size, descriptor(picture), image_hash(picture)


class PackWriter:
    """Writes `photos-K.parquet` files of at most `limit` picture bytes each."""

    def __init__(self, out: Path, limit: int = PACK_BYTES):
        import pyarrow as pa

        self.out, self.limit = Path(out), limit
        fields = [("bytes", pa.binary()), ("path", pa.string())]
        columns = [("image", pa.struct(fields)), ("row", pa.int32()), ("set", pa.string())]
        self.schema = pa.schema([*columns, ("width", pa.int32()), ("height", pa.int32())])
        self.part, self.rows, self.size, self.writer = 0, [], 0, None

    def path(self, part: int) -> Path:
        return self.out / f"photos-{part}.parquet"

    def add(self, row: dict) -> None:
        size = len(row["image"]["bytes"])
        if self.size + size > self.limit:
            self.close()
        self.rows.append(row)
        self.size += size
        if len(self.rows) == GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self.rows:
            if self.writer is None:
                self.writer = pq.ParquetWriter(f"{self.path(self.part)}.tmp", self.schema, compression="none")
            self.writer.write_table(pa.Table.from_pylist(self.rows, self.schema))
        self.rows = []

    def close(self) -> None:
        """Ends the present pack; the next row starts a new one."""
        self._flush()
        if self.writer is not None:
            self.writer.close()
            os.replace(f"{self.path(self.part)}.tmp", self.path(self.part))
            self.part, self.size, self.writer = self.part + 1, 0, None


def pack(mirrors: Path, out: Path, workers: int, side: int = SIDE) -> None:
    """Writes the packs and `photos_index.npz`: set, file name, sizes, descriptor and hash of every picture."""
    items = list_pictures(mirrors)
    writer = PackWriter(out)
    sizes = np.zeros((len(items), 4), np.int32)
    descriptors = np.zeros((len(items), DESCRIPTOR * DESCRIPTOR * 3), np.float16)
    hashes = np.zeros((len(items), 256), bool)
    with Pool(workers, _start, (mirrors,)) as pool:
        jobs = [(name, blob, side) for name, _, blob in items]
        for row, (data, original, size, small, bits) in enumerate(pool.imap(_work, jobs, chunksize=64)):
            name, file, _ = items[row]
            image = {"bytes": data, "path": file}
            writer.add({"image": image, "row": row, "set": name, "width": size[0], "height": size[1]})
            sizes[row], descriptors[row], hashes[row] = (*size, *original), small, bits > 0
            if row % 5000 == 4999:
                print(f"{row + 1} of {len(items)} pictures, pack {writer.part}", flush=True)
    writer.close()
    np.savez(
        out / "photos_index.tmp.npz",
        set=np.array([list(SETS).index(n) for n, _, _ in items], np.int8),
        name=np.array([file for _, file, _ in items]),
        size=sizes[:, :2],
        original=sizes[:, 2:],
        descriptor=descriptors,
        hash=np.packbits(hashes, axis=1),
    )
    os.replace(out / "photos_index.tmp.npz", out / "photos_index.npz")


def main() -> None:
    from . import photos_packs, photos_texts  # they read this module

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirrors", type=Path, required=True, help="folder with the git directories")
    parser.add_argument(
        "--shared", type=Path, required=True, help="folder with more/ and the other sets' Parquet files"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", choices=STEPS, default=STEPS, help="these steps only")
    parser.add_argument("--boxes", type=Path, help="the detector's boxes, for the packs")
    parser.add_argument("--side", type=int, default=SIDE, help="longest side of a packed picture, px (texts want 224)")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if "pictures" in args.only and not (args.out / "photos_index.npz").exists():
        pack(args.mirrors, args.out, args.workers, args.side)
    if "texts" in args.only and not (args.out / "photos_texts.json.gz").exists():
        print(photos_texts.write(args.mirrors, args.shared, args.out))
    if "packs" in args.only:
        if args.boxes is None:
            raise SystemExit("the packs for scoring want --boxes FILE; --only pictures texts leaves them out")
        print(photos_packs.write(args.mirrors, args.out, args.boxes))


if __name__ == "__main__":
    main()
