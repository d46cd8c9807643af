"""Makes the golden sets of POPE, TallyQA, VSR, RefCOCO, OCID-Ref and the box parser. README.md says what is in them.

    python make_boxes.py FORK POPE          checkouts of raykuo18/vlm-evaluation and AoiDragon/POPE

CPython 3.11 with numpy, scikit-learn, pillow and tqdm (the versions are recorded in each set).
"""

import argparse
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from random import Random

import boxes
import choices
import literals
import official
from make_vqa import header, write

POPE = "AoiDragon/POPE at 08d957b917e5a378a2f99d35b6293c536a66298b"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fork", type=Path)
    parser.add_argument("pope", type=Path)
    parser.add_argument("--only", nargs="*")
    args = parser.parse_args()
    assert sys.version_info[:2] == (3, 11), "the box parser is Python 3.11's own"
    fork = official.Fork(args.fork)
    script = args.pope / "evaluate.py"

    makers: dict[str, tuple[Callable[[], list[dict]], tuple[str, ...]]] = {
        "pope_text": (lambda: choices.make_written(choices.Script(script), Random(11)), ()),
        "pope": (lambda: choices.make_pope(fork, Random(12)), choices.SOURCES[:1]),
        "tallyqa": (lambda: choices.make_tallyqa(fork, Random(13)), choices.SOURCES[1:2]),
        "vsr": (lambda: choices.make_vsr(fork, Random(14)), choices.SOURCES[2:]),
        "refcoco": (lambda: boxes.make(fork, Random(15), "refcoco"), boxes.SOURCES),
        "ocid_ref": (lambda: boxes.make(fork, Random(16), "ocid-ref"), boxes.SOURCES),
        "literal": (lambda: literals.make(fork), literals.SOURCES),
    }
    for name, (make, sources) in makers.items():
        if args.only and name not in args.only:
            continue
        repositories = {official.FORK: fork.sources(*sources)} if sources else {}
        if name == "pope_text":
            repositories = {POPE: {script.name: official.sha256(script)}}
        head = header(name, repositories)
        head["packages"]["pillow"] = version("pillow")
        write(name, head, make())


if __name__ == "__main__":
    main()
