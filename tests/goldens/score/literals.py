"""Boxes as text: what the fork's `parse_bbox` accepts, of listed texts and of 1,000,000 made ones.

The Rust test makes the same texts (`crates/eval/tests/check/literal.rs`) from the same pieces, which the golden set
carries. Random numbers are those of `strings.Strings`, from a seed a block. A hash is the CRC-32 of a block's 1,000
verdicts, each followed by the byte 0xFF: `-` for no box, else the bits of the four numbers.
"""

import json
import struct
from collections import Counter
from itertools import product
from pathlib import Path

from official import Fork, quiet
from strings import Strings, digest

SOURCES = ("vlm_eval/tasks/harnesses/refcoco.py", "vlm_eval/tasks/harnesses/ocidref.py")
BLOCKS, BLOCK, SEED = 1000, 1000, 7000

# Pieces; LONG ones are spelled out here.
PIECES = json.loads(Path(__file__).with_name("literal_pieces.json").read_text())
LONG = ["0" * 4400, "0" * 4400 + "1", "1" * 4300, "1" * 4301, "0x" + "0" * 5000 + "1", "0b" + "1" * 5000]
LONG += ["1" * 4301 + ".5e-4302", "0." + "3" * 900, "0." + "0" * 400 + "1e400", "0." + "0" * 400 + "1"]
LONG += ["1" + "0" * 400 + "e-401", "0_" * 500 + "0", "0." + "5_" * 500 + "5", "0.5" + "0" * 800 + "1"]
LONG += [f"0.50000000000000005551115123125782702118158340454101562{last}" for last in "45"]
LONG += ["-" * 100 + "1", "-(" * 20 + "0" + ")" * 20, "1" * 400 + "+1j", "[" * 50 + "]" * 50]
LONG += ["(" * deep + number + ")" * deep for deep in (60, 199, 200) for number in ("0", "-0.0")]
DEEP = [["(" * deep, ")" * deep] for deep in (195, 198, 199, 200)]
NUMBERS, GAPS, BEFORE, AFTER = (PIECES[name] for name in ("numbers", "gaps", "before", "after"))
WRAP = PIECES["wrap"] + DEEP
TABLES = {"numbers": NUMBERS + LONG, "gaps": GAPS, "before": BEFORE, "after": AFTER, "wrap": WRAP}


class Boxes(Strings):
    """Texts that are nearly boxes."""

    def gap(self) -> str:
        return self.of(GAPS) if self.below(16) == 0 else ""

    def number(self, at: int) -> str:
        if self.below(12) == 0:
            return self.of(TABLES["numbers"])
        out = f"0.{at // 2 * 5 + self.below(5)}"
        for _ in range(self.below(4)):
            out += str(self.below(10))
        return out

    def box(self) -> str:
        out = self.of(BEFORE) if self.below(8) == 0 else ""
        left, right = self.of(WRAP) if self.below(8) == 0 else WRAP[0]
        out += left + "["
        count = self.below(7) if self.below(24) == 0 else 4
        for at in range(count):
            out += self.gap()
            out += self.number(at)
            out += self.gap()
            if at + 1 < count or self.below(8) == 0:
                out += ","
        out += self.gap() + "]" + right
        return out + self.of(AFTER) if self.below(8) == 0 else out

    def piece(self) -> str:
        kind = self.below(8)
        if kind == 0:
            return self.scalar(0x110000)
        if kind == 1:
            return self.of(GAPS)
        if kind == 2:
            return self.of(NUMBERS)
        return self.of("[](){},.0123456789+-_eExXbBoOjJTF#\\\n\r\t \x0c'\"")

    def text(self) -> str:
        if self.below(16) == 0:
            return "".join([self.piece() for _ in range(self.below(16))])
        out = list(self.box())
        for _ in range([0, 0, 0, 0, 0, 1, 1, 3][self.below(8)]):
            at, kind = self.below(len(out) + 1), self.below(8)
            if kind < 3:
                out[at : at + 1] = []
            elif kind < 6:
                out[at:at] = list(self.piece())
            elif kind == 6:
                out[at : at + 1] = list(self.piece())
            elif self.below(3) == 0:
                del out[at:]
        return "".join(out)


def bits(bounds: list) -> str:
    return " ".join(struct.pack(">d", float(value)).hex() for value in bounds)


class Parser:
    """The fork's function, twice: both files have it."""

    def __init__(self, fork: Fork) -> None:
        self.functions = [fork.module(f"vlm_eval.tasks.harnesses.{name}").parse_bbox for name in ("refcoco", "ocidref")]
        self.stopped: Counter[str] = Counter()

    def verdict(self, text: str, which: int = 0) -> str:
        """`-` for no box. Where the official code stops instead, it is none either."""
        try:
            bounds = self.functions[which](text)
        except Exception as error:
            self.stopped[type(error).__name__] += 1
            return "-"
        return "-" if bounds is None else bits(bounds)


def listed() -> list[str]:
    plain = ["0", "0.25", "1", "0.75"]
    texts = ["", " ", "[]", "[0, 0, 1, 1]", "[0.1, 0.2, 0.3, 0.4]", "(0.1, 0.2, 0.3, 0.4)", "0.1, 0.2, 0.3, 0.4"]
    for number in TABLES["numbers"]:
        for at in range(4):
            texts.append("[" + ", ".join([*plain[:at], number, *plain[at + 1 :]]) + "]")
        texts.append(f"[{number},{number},1,1]")
    box = "[0, 0.25, 1, 0.75]"
    texts += [before + box for before in BEFORE] + [box + after for after in AFTER]
    texts += [left + box + right for left, right in WRAP]
    texts += [before + box + after for before, after in product(BEFORE[::3], AFTER[::4])]
    for gap in GAPS:
        parts = ["[", "0", ",", "0.25", ",", "1", ",", "True", "]"]
        texts += ["".join(parts[:at]) + gap + "".join(parts[at:]) for at in range(len(parts) + 1)]
        texts += [f"[0,-{gap}0,1,1]", f"[0,({gap}0{gap}),1,1]", f"({gap}{box}{gap}){gap}"]
    for count in range(8):
        texts += ["[" + ",".join(["0", "0", *["1"] * count][:count]) + comma + "]" for comma in ("", ",", ",,")]
    texts += [
        "[,0,0,1,1]",
        "[0,,0,1,1]",
        "[0 0,1,1]",
        "[0,0,1,1",
        "0,0,1,1]",
        "[0,0,1,1)",
        "[(0,0,1,1])",
        "[0,0,1,1]]",
        "[[0,0,1,1]]",
        "[(0,0),(1,1)]",
    ]
    texts += [
        "[0,0,0,1]",
        "[0,0,1,0]",
        "[0,1,1,1]",
        "[1,0,1,1]",
        "[1,0,0,1]",
        "[0,1,1,0]",
        "[-0.0,-0.0,1,1]",
        "[0,0,-0.0,1]",
        "[0,0,5e-324,5e-324]",
    ]
    for deep in (99, 100, 150, 198, 199, 200):
        inner = 200 - deep
        texts += [
            f"{'(' * (deep - 1)}[{'(' * i}0{')' * i},0,1,1]{')' * (deep - 1)}"
            for i in (inner - 1, inner, inner + 1)
            if i >= 0
        ]
    for text in (
        "-" * 3000 + "1",
        "[" * 90 + "]" * 90,
        "[" * 300,
        "1" * 400 + "+1j",
        "1" * 4301,
        "not " * 3000 + "1",
        "-" * 20000 + "1",
    ):
        texts += [text, f"[0,0,1,{text}]"]
    return texts


def block_hash(parser: Parser, block: int) -> dict:
    random = Boxes(SEED + block)
    texts = [random.text() for _ in range(BLOCK)]
    verdicts = [parser.verdict(text) for text in texts]
    return {"block": block, "input": digest(texts), "hash": digest(verdicts), "boxes": BLOCK - verdicts.count("-")}


def make(fork: Fork) -> list[dict]:
    parser = Parser(fork)
    made = []
    with quiet():
        texts = listed()
        made_up = Boxes(SEED - 1)
        texts += [made_up.text() for _ in range(3000)]
        for text in dict.fromkeys(texts):
            verdict = parser.verdict(text)
            assert verdict == parser.verdict(text, 1)
            made.append({"p": text, "b": verdict})
        stopped = dict(parser.stopped)
        parser.stopped.clear()
        blocks = [block_hash(parser, block) for block in range(BLOCKS)]
    boxes = sum(block["boxes"] for block in blocks)
    print(f"listed: {len(made)}, boxes {sum(case['b'] != '-' for case in made)}, official code stops at {stopped}")
    print(f"made: {BLOCKS * BLOCK}, boxes {boxes}, official code stops at {dict(parser.stopped)}")
    return [{"tables": TABLES | {"short": len(NUMBERS)}, "seed": SEED}, *made, *blocks]
