"""Golden token ids for 10,000 generated lines and some hand-written ones.

    python tests/goldens/tokenizer/make.py --gguf FILE

Writes `lines.json.gz` (a JSON list of strings), `ids.safetensors` (count and FNV-1a of the ids of each line) and
`examples.json` (hand-written lines with all ids).
"""

import argparse
import gzip
import json
import random
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402
import gguf_reference  # noqa: E402

LINES = 10_000
SEED = 20240731

WORDS = """the of and a to in is you that it he was for on are as with his they I at be this have from or one had by word
but not what all were we when your can said there use an each which she do how their if will up other about out many then
them these so some her would make like him into time has look two more write go see number no way could people my than
first water been call who oil its now find long down day did get come made may part picture photograph window lantern
goldfish teapot airplane umbrella violin bicycle keyboard sandwich accordion starfish chandelier pagoda ewer helicopter
left right above below bottom corner colour gray shiny tiny region sentence describes bounding box coordinate
don't can't I'm we've they'll you'd it's O'Neill rock'n'roll naïve café Zürich résumé Ångström façade jalapeño
state-space transformer selective-scan encoder tokens ViT VMamba GPU WebGPU shader kernel int8 f32 SmolLM2 Q4_1""".split()
SCRIPTS = [
    "猫が窓の外を見ている", "一幅画里有什么东西", "고양이가 창밖을 본다", "Что изображено на снимке", "Τι υπάρχει στην εικόνα",
    "ما الذي في الصورة", "מה יש בתמונה", "तस्वीर में क्या है", "ในภาพมีอะไร", "ছবিতে কী আছে", "რა არის სურათზე", "Ինչ կա նկարում",
    "படத்தில் என்ன", "ಚಿತ್ರದಲ್ಲಿ ಏನಿದೆ", "ምን አለ", "ᏣᎳᎩ", "ꦱꦶ", "𐐷𐑌", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "Tiếng Việt", "İstanbul ıI ſß ẞ",
]  # fmt: skip
EMOJI = "😀 🐟 🫖 ✈️ 🚲 🎻 👩‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 🇸🇪 🇯🇵 👍🏽 1️⃣ #️⃣ ❤️ ☂ ♟ 🀄 🧿 🦀 🏴󠁧󠁢󠁥󠁮󠁧󠁿".split(" ")
PUNCTUATION = list(""".,;:!?'"`()[]{}<>/\\|@#$%^&*-_=+~""") + "… — – “ ” ‘ ’ « » „ ¿ ¡ · • § ¶ † ‰ € £ ¥ © ® ™".split()
SYMBOLS = "½ ² ³ ¼ Ⅷ ⅳ ① ㊷ ٣ ४ 五 〇 ∑ ∞ ≤ ± × ÷ √ ∂ ← → ↔ ░ █ ╬ ♯ ﬁ Ǆ ª º ℃ ℵ".split()
SPACES = [
    " ",
    "  ",
    "   ",
    "\t",
    "\t\t",
    "\n",
    "\n\n",
    "\r\n",
    " \n",
    "\n ",
    "\u00a0",
    "\u3000",
    "\u2003",
    "\u200b",
    "\u2028",
]
SPACES += ["\u0085", "\u180e", "\ufeff", "\x0b", "\x0c", " " * 7, "\n" * 4, "    \n    "]
CONTROL = [chr(c) for c in (*range(9), 11, 12, *range(14, 32), 127, 128, 0x9F, 0xAD)]
MARKS = [
    chr(c) for c in (0x300, 0x301, 0x308, 0x30A, 0x327, 0x20D7, 0x3099, 0x5B0, 0x64B, 0x93C, 0xE31, 0xFE0F, 0x200D)
]
CODE = [
    "fn main() {\n    println!(\"{:?}\", x);\n}", "for i in range(10):\n\tprint(i**2)", "if (a && b || !c) { return 0x1F; }",
    "let v: Vec<f32> = vec![0.5; 1024];", "SELECT * FROM t WHERE id = 42;", "<div class=\"a\">&nbsp;</div>", "a[i] += b->c;",
    "#include <stdio.h>", "https://example.org/a?b=c&d=%20e#f", "user@example.com", "C:\\temp\\x.png", "git commit -m 'x'",
    "@group(0) @binding(1) var<storage, read> x: array<u32>;", "{\"box\": [0.12, 0.34, 0.56, 0.78]}", "$\\frac{1}{2}$",
]  # fmt: skip
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<file_sep>", "<empty_output>"]
SPECIAL += ["<|im_start|", "<|im_end", "<|IM_END|>", "<|im_start|>user\n"]


class Generator:
    """Lines from one seed. Only `Random.random()` is used, whose sequence Python guarantees."""

    def __init__(self, seed: int, vocabulary: list[str]):
        self.source = random.Random(seed)
        self.vocabulary = vocabulary

    def below(self, bound: int) -> int:
        return int(self.source.random() * bound)

    def pick(self, options):
        return options[self.below(len(options))]

    def invented_word(self) -> str:
        word = "".join(self.pick("bcdfghklmnprstvwz") + self.pick("aeiouy") for _ in range(1 + self.below(4)))
        return self.pick([word, word, word.upper(), word.capitalize(), word[::-1]])

    def number(self) -> str:
        digits = "".join(str(self.below(10)) for _ in range(1 + self.below(8)))
        return self.pick(
            [digits, f"0.{digits[:2]}", f"-{digits}", f"{digits[:3]},{digits[3:]}", f"{digits}%", f"x{digits}"]
        )

    def any_character(self) -> str:
        """A code point from anywhere but the surrogates, mostly from the lower planes."""
        code = self.below(self.pick([0x250, 0x3000, 0x10000, 0x20000, 0x110000]))
        return chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd"

    def invalid_bytes(self) -> str:
        """Bytes that are mostly not UTF-8, with U+FFFD for what is not."""
        lead = self.pick(
            [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\x80", b"\xf5", b"abc\xe9"]
        )
        tail = bytes(self.below(256) for _ in range(self.below(5)))
        return (lead + tail).decode("utf-8", errors="replace")

    def piece(self) -> str:
        kind = self.below(100)
        if kind < 20:
            return self.pick(WORDS)
        if kind < 40:
            return "".join(self.pick(self.vocabulary) for _ in range(1 + self.below(4)))
        if kind < 48:
            return self.invented_word()
        if kind < 58:
            return self.number()
        if kind < 66:
            return "".join(self.pick(PUNCTUATION) for _ in range(1 + self.below(3)))
        if kind < 72:
            return self.pick(EMOJI)
        if kind < 78:
            return self.pick(SCRIPTS)
        if kind < 82:
            return self.pick(CODE)
        if kind < 85:
            return self.pick(SYMBOLS)
        if kind < 88:
            return self.pick("aeonuAEIOc") + "".join(self.pick(MARKS) for _ in range(1 + self.below(3)))
        if kind < 91:
            return self.invalid_bytes()
        if kind < 94:
            return "".join(self.any_character() for _ in range(1 + self.below(3)))
        if kind < 96:
            return self.pick(CONTROL)
        if kind < 98:
            return self.pick(SPECIAL)
        return self.pick(SPACES) * (1 + self.below(3))

    def line(self) -> str:
        out = self.pick(SPACES) if self.below(8) == 0 else ""
        for _ in range(1 + self.below(9)):
            out += self.piece()
            gap = self.below(10)
            out += " " if gap < 7 else self.pick(SPACES) if gap < 9 else ""
        return out if self.below(3) else out.rstrip(" ")


EXAMPLES = [
    "", " ", "\n", "Is there a goldfish in the image?", "  two  spaces  ", "a 1", "a  1", "a   12 b", "\n\n1", "\t 7", "x1y22z333",
    "[0.10, 0.20, 0.50, 0.60]", "1st 2nd 3rd", "½ ² Ⅷ ① ٣ ४ 五 〇", "  ½", "don't DON'T I'LL we'Ve", "’s 's", "naïve nai\u0308ve",
    "猫  2匹", "😀😀 👩‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 1️⃣", "\ufffd", "a\ufffd\ufffdb", "<|im_start|>user\nHi<|im_end|>\n", "<|im_end|>1<|im_end|> 2",
    "a<|im_end|>  b", "<repo_name>x<reponame>", "\x00a\x04b\x06c\x13\x14\x16\x1dd", "\x04", "\U000f0000 \U00050000", "\u0085a \u0085",
    "\u00a0a\u3000b\u2003 c", "\r\n\r\n", "a\u200bb\ufeffc", "e\u0301\u0327", "ﬁ Ǆ ß ẞ", "def f(x):\n    return x  # ok\n\n\n", "a" * 40,
    "!?!?...---===", "Zürich – Ångström…", "กำ ไทย", "한국어 조합 \u1112\u1161\u11ab", "مرحبا ١٢٣", "\U0001f1f8\U0001f1ea\U0001f1f8",
]  # fmt: skip


def fnv_of(ids: list[int]) -> int:
    """FNV-1a (32 bit) over each id's four little-endian bytes."""
    return common.fnv1a(np.array(ids, dtype="<u4").tobytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gguf", type=Path, required=True)
    tokenizer = gguf_reference.tokenizer(parser.parse_args().gguf)

    def encode(text: str, control: bool) -> list[int]:
        """`control`: whether the names of control tokens in the text become those tokens."""
        tokenizer.encode_special_tokens = not control
        return tokenizer.encode(text, add_special_tokens=False).ids

    # the text of every ordinary token, U+FFFD for those that are part of a character
    ordinary = range(len(tokenizer.get_added_tokens_decoder()), tokenizer.get_vocab_size())
    generator = Generator(SEED, [tokenizer.decode([i], skip_special_tokens=False) for i in ordinary])
    lines = [generator.line() for _ in range(LINES)]
    plain, control = ([encode(line, flag) for line in lines] for flag in (False, True))
    packed = json.dumps(lines, ensure_ascii=False, separators=(",", ":")).encode()
    (HERE / "lines.json.gz").write_bytes(gzip.compress(packed, 9, mtime=0))
    print(f"lines: {len(packed):,} bytes, {(HERE / 'lines.json.gz').stat().st_size:,} packed")
    print(f"{sum(map(len, plain)):,} ids, {len({i for ids in plain for i in ids}):,} distinct")
    print(f"{sum(a != b for a, b in zip(plain, control, strict=True))} lines name a control token")
    tensors = {
        "count": np.array([len(ids) for ids in plain], dtype=np.int32),
        "fnv": np.array([fnv_of(ids) for ids in plain], dtype=np.uint32),
        "control.count": np.array([len(ids) for ids in control], dtype=np.int32),
        "control.fnv": np.array([fnv_of(ids) for ids in control], dtype=np.uint32),
    }
    common.save(HERE / "ids.safetensors", tensors, {"case": "tokenizer", "lines": LINES, "seed": SEED})
    examples = [{"text": text, "plain": encode(text, False), "control": encode(text, True)} for text in EXAMPLES]
    rows = ",\n".join(json.dumps(row) for row in examples)
    (HERE / "examples.json").write_text(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main()
