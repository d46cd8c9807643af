"""Hashes of what the official normalisers make of 100,000 random strings. The Rust test makes the same strings.

Random numbers are SplitMix64 from seed 5; `below(n)` is its upper 31 bits modulo n. Texts are pieces: `Strings.piece`.
A hash is the CRC-32 of a block's 1,000 results, each in UTF-8 and followed by the byte 0xFF.
"""

import string
import struct
import unicodedata
import zlib
from collections.abc import Callable

from official import Benchmark, Fork, quiet

BLOCKS, BLOCK = 100, 1000
NUMBERS = 20000
SEED = 5
MASK = (1 << 64) - 1

SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x20\x85\xa0\u1680\u180e"
SPACES += "\u2000\u2005\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
TENS = [0x660, 0x6F0, 0x966, 0x17E0, 0xFF10, 0x1D7CE, 0x1D7F6, 0x1FBF0, 0x11F50, 0x1E950, 0xB2, 0x2460, 0x2070, 0x1F100]
CASES = "\u0130\u0131\xdf\u1e9e\u03a3\u03c3\u03c2\u01c5\u01c6\u0149\u0390"
CASES += "\ufb01\u212a\xc5\u2126\u017f\u0345\u0307\u13a0\uab70\u10d0\u1c90"
BANDS = [0x370, 0x400, 0x530, 0x10A0, 0x1C80, 0x1E00, 0x1F00, 0x2160, 0x24B0, 0x2C00, 0xA640, 0xA720, 0xA7C0, 0x10400]
BANDS += [0x10570, 0x10C80, 0x10D50, 0x118A0, 0x16E40, 0x1E900, 0x1D400, 0x1F130, 0x300, 0x1AB0, 0xE0100]
IGNORED = "'\u2019\xb7:.\xad\u200d\xb4`^\u02b0\u05f4\ufe52\uff07"
WORDS = [
    "dont",
    "Isnt",
    "couldn'tve",
    "none",
    "Ten",
    "two",
    "a",
    "An",
    "the",
    "unanswerable",
    "dog's",
    "x",
    "wheres",
    "OCLOCK",
]


class Strings:
    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, count: int) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        return (z >> 33) % count

    def scalar(self, end: int) -> str:
        """Any Unicode scalar value below `end`."""
        code = self.below(end - 0x800)
        return chr(code if code < 0xD800 else code + 0x800)

    def of(self, choices):
        return choices[self.below(len(choices))]

    def piece(self) -> str:
        kind = self.below(16)
        if kind == 0:
            return self.scalar(0x110000)
        if kind == 1:
            return self.scalar(0x10000)
        if kind == 2:
            return self.of(SPACES)
        if kind == 3:
            return chr(48 + self.below(10))
        if kind == 4:
            base = self.of(TENS)
            return chr(base + self.below(10))
        if kind == 5:
            return self.of(string.punctuation)
        if kind == 6:
            return self.of(",.")
        if kind in (7, 8):
            return self.of(CASES)
        if kind == 9:
            base = self.of(BANDS)
            return chr(base + self.below(0x60))
        if kind == 10:
            return self.of(string.ascii_letters)
        if kind == 11:
            return self.of(IGNORED)
        if kind == 12:
            return self.of(WORDS)
        if kind == 13:
            return "." * self.below(40) if self.below(8) == 0 else "."
        return " "

    def text(self) -> str:
        return "".join([self.piece() for _ in range(self.below(24))])


def normalisers(fork: Fork, benchmark: Benchmark) -> dict[str, Callable[[str], str]]:
    vqa = fork.module("vlm_eval.util.evaluation.vqav2.eval")
    vizwiz = fork.module("vlm_eval.util.evaluation.vizwiz.eval").VQAEval({}, {})
    textvqa = fork.module("vlm_eval.util.evaluation.textvqa.m4c_evaluators").EvalAIAnswerProcessor()

    class Nothing:
        getQuesIds = staticmethod(list)

    official = benchmark.eval.VQAEval(Nothing, Nothing)
    delete = str.maketrans("", "", string.punctuation)

    def plain(text: str) -> str:
        return text.replace("\n", " ").replace("\t", " ").strip()

    return {
        "vqav2": lambda s: vqa.process_digits_articles_contractions(vqa.process_punctuation(plain(s))),
        "vqav2 answer": vqa.process_punctuation,
        "vqav2 official": lambda s: official.processDigitArticle(official.processPunctuation(plain(s))),
        "vizwiz": lambda s: vizwiz.processDigitArticle(vizwiz.processPunctuation(plain(s))),
        "textvqa": textvqa,
        "gqa": lambda s: s.translate(delete).lower(),
        "lower": str.lower,
        "strip": str.strip,
        "split": lambda s: "|".join(s.split()),
        "digits": lambda s: "".join(str(c.isspace() + 2 * c.isdigit() + 4 * c.isdecimal()) for c in s),
    }


def make(fork: Fork, benchmark: Benchmark) -> list[dict]:
    random = Strings(SEED)
    functions = normalisers(fork, benchmark)
    lines = []
    with quiet():
        for block in range(BLOCKS):
            texts = [random.text() for _ in range(BLOCK)]
            hashes = {"input": texts} | {name: [run(text) for text in texts] for name, run in functions.items()}
            lines.append({"block": block} | {name: digest(results) for name, results in hashes.items()})
    return [*lines, *every_character(), numbers(random)]


def every_character() -> list[dict]:
    """Each Unicode scalar value alone and around a capital sigma, a line for each 65,536."""
    lines = []
    for plane in range(0x11):
        codes = range(plane << 16, (plane + 1) << 16)
        characters = [chr(code) for code in codes if not 0xD800 <= code < 0xE000]
        lower = [f"{c}|A{c}\u03a3|{c}\u03a3{c}|A\u03a3{c}B".lower() for c in characters]
        kinds = [str(c.isspace() + 2 * c.isdigit() + 4 * c.isdecimal()) for c in characters]
        values = [str(unicodedata.decimal(c)) for c in characters if c.isdecimal()]
        lines.append({"plane": plane, "lower": digest(lower), "kinds": digest(kinds), "values": digest(values)})
    return lines


def numbers(random: Strings) -> dict:
    """round() of multiples of powers of two, many of them ties, and of quotients."""
    values, rounded = [], []
    for at in range(NUMBERS):
        if at % 2:
            value = random.below(1 << 24) / (1 << random.below(24))
        else:
            value = random.below(5000) * 100 / (1 + random.below(5000))
        values.append(struct.pack(">d", value).hex())
        rounded.append(struct.pack(">d", round(value, random.below(5))).hex())
    return {"numbers": NUMBERS, "input": digest(values), "rounded": digest(rounded)}


def digest(results: list[str]) -> str:
    return f"{zlib.crc32(b''.join(result.encode() + bytes([255]) for result in results)):08x}"
