"""Makes the golden sets of VQAv2, VizWiz, TextVQA and GQA from the official code. README.md says what is in them.

    python make_vqa.py FORK VQA          checkouts of raykuo18/vlm-evaluation and GT-Vision-Lab/VQA

CPython 3.11 with numpy, scikit-learn and tqdm (the versions are recorded in each set).
"""

import argparse
import gzip
import json
import platform
import sys
import unicodedata
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from random import Random

import gqa
import official
import strings
import textvqa
import vizwiz
import vqav2

HERE = Path(__file__).resolve().parent


def write(name: str, header: dict, lines: Iterable[dict]) -> None:
    """JSON lines, header first, the same bytes each time."""
    rows = [header, *lines]
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    path = HERE / f"{name}.jsonl.gz"
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    cases = sum("p" in row for row in rows)
    print(f"{path.name}: {cases} pairs, {len(rows) - 1 - cases} other lines, {path.stat().st_size:,} bytes")


def header(name: str, repositories: dict[str, dict[str, str]]) -> dict:
    return {
        "golden": name,
        "python": platform.python_version(),
        "unicode": unicodedata.unidata_version,
        "packages": {package: version(package) for package in ("numpy", "scikit-learn", "tqdm")},
        "sources": repositories,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fork", type=Path)
    parser.add_argument("vqa", type=Path)
    parser.add_argument("--only", choices=["vqav2", "vizwiz", "textvqa", "gqa", "strings"])
    args = parser.parse_args()
    assert sys.version_info[:2] == (3, 11), "scores depend on the character database of Python 3.11"
    fork, benchmark = official.Fork(args.fork), official.Benchmark(args.vqa)

    makers: dict[str, Callable[[], list[dict]]] = {
        "vqav2": lambda: vqav2.make(fork, benchmark, Random(1)),
        "vizwiz": lambda: vizwiz.make(fork, Random(2)),
        "textvqa": lambda: textvqa.make(fork, Random(3)),
        "gqa": lambda: gqa.make(fork, Random(4)),
        "strings": lambda: strings.make(fork, benchmark),
    }
    sources = {
        "vqav2": {official.FORK: fork.sources(*vqav2.SOURCES), official.VQA: benchmark.sources()},
        "vizwiz": {official.FORK: fork.sources(*vizwiz.SOURCES)},
        "textvqa": {official.FORK: fork.sources(*textvqa.SOURCES)},
        "gqa": {official.FORK: fork.sources(*gqa.SOURCES)},
    }
    sources["strings"] = {
        official.FORK: {path: digest for part in sources.values() for path, digest in part[official.FORK].items()},
        official.VQA: benchmark.sources(),
    }
    for name, make in makers.items():
        if args.only in (None, name):
            write(name, header(name, sources[name]), make())


if __name__ == "__main__":
    main()
