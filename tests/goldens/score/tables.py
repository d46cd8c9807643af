"""Writes crates/eval/src/python/tables.rs: the character classes of this Python's str, as ranges.

Python does not show which characters are cased or case-ignorable, but its lower() does: a capital sigma becomes a final
one after a cased character, looking through case-ignorable ones.

    python tables.py > ../../../crates/eval/src/python/tables.rs     (CPython 3.11: Unicode 14.0.0)
"""

import sys
import unicodedata
from collections.abc import Callable, Iterable

CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
FINAL = "\u03c2"
SIGMA = "\u03a3"


def ranges(wanted: Callable[[str], bool]) -> list[tuple[int, int]]:
    """First and last code point of every run of wanted characters."""
    found: list[tuple[int, int]] = []
    for code in (ord(c) for c in CHARACTERS if wanted(c)):
        if found and found[-1][1] == code - 1:
            found[-1] = (found[-1][0], code)
        else:
            found.append((code, code))
    return found


def cased(c: str) -> bool:
    """Cased and not case-ignorable; of a character that is both, only the latter counts."""
    return (c + SIGMA).lower().endswith(FINAL)


def ignorable(c: str) -> bool:
    return ("A" + c + SIGMA).lower().endswith(FINAL) and not cased(c)


def lowers() -> list[tuple[int, int, int, int]]:
    """First, last, step and distance of every run of characters whose small letter is equally far away."""
    found: list[tuple[int, int, int, int]] = []
    for c in CHARACTERS:
        low = c.lower()
        if low == c:
            continue
        if len(low) != 1:
            assert c == "\u0130" and low == "i\u0307", "the one capital with a small form of two characters"
            continue
        code, distance = ord(c), ord(low) - ord(c)
        first, last, step, known = found[-1] if found else (0, -9, 0, 0)
        gap = code - last
        if known == distance and gap in (1, 2) and (first == last or gap == step):
            found[-1] = (first, code, gap, distance)
        else:
            found.append((code, code, 1, distance))
    return found


def table(name: str, about: str, kind: str, rows: Iterable[tuple[int, ...]], signed: bool = False) -> None:
    cells = []
    for row in rows:
        row = [f"0x{value:X}" for value in (row[:2] if signed else row)] + [str(value) for value in row[2:] if signed]
        cells.append("(" + ", ".join(row) + "),")
    print(f"\n/// {about}\npub(super) const {name}: &[{kind}] = &[")
    line = "   "
    for cell in cells:
        if len(line) + 1 + len(cell) > 120:
            print(line)
            line = "   "
        line += " " + cell
    print(line + "\n];")


def main() -> None:
    decimals = ranges(str.isdecimal)
    assert all((last - first + 1) % 10 == 0 for first, last in decimals)
    assert all(
        unicodedata.decimal(chr(c)) == (c - first) % 10 for first, last in decimals for c in range(first, last + 1)
    )
    version = ".".join(str(part) for part in sys.version_info[:2])
    print(f"//! Character classes of CPython {version}, Unicode {unicodedata.unidata_version}.")
    print("//! Written by `tests/goldens/score/tables.py`.")
    pair = "(u32, u32)"
    table("SPACES", "`str.isspace`.", pair, ranges(str.isspace))
    table("DECIMALS", "`str.isdecimal`: whole tens, each from nought to nine.", pair, decimals)
    digits = ranges(lambda c: c.isdigit() and not c.isdecimal())
    table("OTHER_DIGITS", "`str.isdigit` and not `str.isdecimal`.", pair, digits)
    table("CASED", "Cased and not case-ignorable.", pair, ranges(cased))
    table("IGNORABLE", "Case-ignorable.", pair, ranges(ignorable))
    about = "First, last, step, and how far the small letter is."
    table("LOWER", about, "(u32, u32, u32, i32)", lowers(), signed=True)


if __name__ == "__main__":
    main()
