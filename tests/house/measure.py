"""What the house measures: sizes, circles of imports, documentation and sentences.

Run from anywhere: `python3 tests/house/measure.py` prints the table of docs/architecture.md,
`--list` names the places behind it, and `--check` prints what breaks a rule and fails if anything
does. Needs Python 3.11 and git, and reads only files that git tracks.
"""

import argparse
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Words that a sentence of the documents may have.
MOST_WORDS = 25
# Lines past which a file or a function deserves a second look.
MOST_FILE, MOST_FUNCTION = 600, 75
# Columns at which comments wrap.
MOST_COLUMNS = 100
# A full stop that ends no sentence.
ABBREVIATIONS = re.compile(r"\b(e\.g|i\.e|et al|vs|cf|approx|No|Fig|Sec)\.\s")


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks, and new ones that it does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in sorted(set(names.split("\n"))) if name and (ROOT / name).is_file()]


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Rust: comments, strings and characters, in this order of trial.
TOKENS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(?P<hashes>\#*)".*?"(?P=hashes)|b?"(?:\\.|[^"\\])*"|b?'(?:\\[^']+|[^'\\\n])'""",
    re.DOTALL,
)


def blank(source: str) -> str:
    """The source with comments and literals made of spaces, so that braces can be counted."""
    return TOKENS.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)


def closing(code: str, opening: int) -> int:
    """Place of the brace that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return len(code)


def without_tests(source: str, code: str) -> tuple[str, str]:
    """Both without modules that are compiled for tests alone."""
    while found := re.search(r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:pub(?:\([^)]*\))? )?mod \w+ \{", code):
        end = closing(code, found.end() - 1) + 1
        source, code = source[: found.start()] + source[end:], code[: found.start()] + code[end:]
    return source, code


class Source:
    """One Rust file of a crate's own code."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = len(path.read_text(encoding="utf-8").splitlines())
        text = path.read_text(encoding="utf-8")
        self.text, self.code = without_tests(text, blank(text))

    def functions(self) -> list[tuple[str, int, int]]:
        """Name, line and number of lines of every function with a body."""
        found = []
        for start in re.finditer(r"\bfn (\w+)", self.code):
            at, round_brackets = start.end(), 0
            # The body begins at the first brace outside brackets; a semicolon first means there is
            # none.
            while at < len(self.code):
                char = self.code[at]
                round_brackets += {"(": 1, "[": 1, ")": -1, "]": -1}.get(char, 0)
                if round_brackets == 0 and char in ";{":
                    break
                at += 1
            if at < len(self.code) and self.code[at] == "{":
                end = closing(self.code, at)
                first = self.code.count("\n", 0, start.start())
                found.append((start[1], first + 1, self.code.count("\n", 0, end) - first + 1))
        return found

    def public_fallible(self) -> list[tuple[str, int, bool]]:
        """Public functions that return a `Result`: name, line, and whether a doc section says when they fail."""
        found = []
        for start in re.finditer(r"^[ ]*pub (?:const |async |unsafe )*fn (\w+)", self.code, re.MULTILINE):
            end = re.compile(r"[{;]").search(self.code, start.end())
            signature = self.code[start.start() : end.start() if end else None]
            if not re.search(r"->\s*(?:impl Future<Output = )?(?:\w+::)*\w*Result\b", signature):
                continue
            above = self.text[: start.start()].rstrip("\n").split("\n")
            docs = []
            for line in reversed(above):
                if not line.strip().startswith(("///", "#[", ")]")) and line.strip():
                    break
                docs.append(line.strip())
            line = self.code.count("\n", 0, start.start()) + 1
            found.append((start[1], line, any("# Errors" in line for line in docs)))
        return found


def sources() -> list[Source]:
    """The crates' own code, without tests, examples and build scripts."""
    paths = [path for path in tracked("crates/*/src/*.rs") if path.name != "tests.rs" and "tests" not in path.parts]
    return [Source(path) for path in paths]


def uses(code: str) -> list[list[str]]:
    """Every path of every `use`, its nested braces written out, and every other path that starts in this crate."""

    def spread(prefix: list[str], tree: str) -> list[list[str]]:
        tree = tree.strip()
        brace = tree.find("{")
        if brace < 0:
            path = re.sub(r"\s+as\s+\w+$", "", tree)
            return [prefix + [part.strip() for part in path.split("::") if part.strip()]]
        head = [part.strip() for part in tree[:brace].split("::") if part.strip()]
        inner, parts, depth, start = tree[brace + 1 : closing(tree, brace)], [], 0, 0
        for at, char in enumerate(inner):
            depth += {"{": 1, "}": -1}.get(char, 0)
            if char == "," and depth == 0:
                parts.append(inner[start:at])
                start = at + 1
        parts.append(inner[start:])
        return [path for part in parts if part.strip() for path in spread(prefix + head, part)]

    paths = []
    rest = code
    for found in re.finditer(r"^[ ]*(pub(?:\([^)]*\))? )?use ([^;]+);", code, re.MULTILINE):
        paths += spread([], found[2])
        rest = rest[: found.start()] + " " * (found.end() - found.start()) + rest[found.end() :]
    paths += [found[0].split("::") for found in re.finditer(r"\b(?:crate|super|self)(?:::\w+)+", rest)]
    return paths


class Crate:
    """The modules of one crate, and who imports whom."""

    def __init__(self, name: str, files: list[Source]) -> None:
        self.name = name
        self.modules: dict[tuple[str, ...], Source] = {}
        for file in files:
            parts = list(file.path.relative_to(ROOT / "crates" / name / "src").with_suffix("").parts)
            if parts[-1] in ("mod", "lib", "main"):
                parts.pop()
            self.modules[tuple(parts)] = file
        self.exports = {module: self.exported(module) for module in self.modules}

    def exported(self, module: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Names that a module takes from another one and hands on: name to full path."""
        names = {}
        for found in re.finditer(r"^(?:pub(?:\([^)]*\))? )?use [^;]+;", self.modules[module].code, re.MULTILINE):
            for path in uses(found[0]):
                names[path[-1]] = self.absolute(module, path)
        return {name: path for name, path in names.items() if path}

    def absolute(self, module: tuple[str, ...], path: list[str]) -> tuple[str, ...]:
        """A path from the crate's root, `("",)` in front; empty where it leads out of the crate."""
        here = list(module)
        if path[0] == "crate":
            return ("", *path[1:])
        if path[0] == "self":
            return ("", *here, *path[1:])
        if path[0] == "super":
            path = list(path)
            while path and path[0] == "super":
                here, path = here[:-1], path[1:]
            return ("", *here, *path)
        if (*module, path[0]) in self.modules:
            return ("", *module, *path)
        return ()

    def resolve(self, path: tuple[str, ...], depth: int = 0) -> tuple[str, ...] | None:
        """The module in which the last name of a path is defined."""
        parts = path[1:]
        for length in range(len(parts), -1, -1):
            module = parts[:length]
            if module not in self.modules:
                continue
            if length < len(parts) and depth < 8:
                onward = self.exports[module].get(parts[length])
                if onward and onward != path:
                    return self.resolve((*onward, *parts[length + 1 :]), depth + 1)
            return module
        return None

    def imports(self) -> dict[tuple[str, ...], set[tuple[str, ...]]]:
        graph = {}
        for module, file in self.modules.items():
            targets = set()
            for path in uses(file.code):
                full = self.absolute(module, path)
                target = self.resolve(full) if full else None
                # A module that hands on what its children hold does not import them.
                if target is not None and target != module:
                    targets.add(target)
            graph[module] = targets
        return graph

    def reexports_only(self, module: tuple[str, ...], target: tuple[str, ...]) -> bool:
        """Whether a module names another one in `pub use` alone."""
        code = self.modules[module].code
        names = set()
        for found in re.finditer(r"^(pub(?:\([^)]*\))? )?use [^;]+;", code, re.MULTILINE):
            for path in uses(found[0]):
                full = self.absolute(module, path)
                if full and self.resolve(full) == target:
                    if not found[1]:
                        return False
                    names.add(path[-1])
        rest = re.sub(r"^(?:pub(?:\([^)]*\))? )?(?:use [^;]+|mod \w+);", "", code, flags=re.MULTILINE)
        if any(re.search(rf"\b{re.escape(name)}\b", rest) for name in names if name != "*"):
            return False
        direct = [self.absolute(module, path) for path in uses(rest)]
        return not any(full and self.resolve(full) == target for full in direct)

    def circles(self) -> list[list[str]]:
        graph = {
            module: {target for target in targets if not self.reexports_only(module, target)}
            for module, targets in self.imports().items()
        }
        return [sorted("::".join(module) or "(root)" for module in ring) for ring in rings(graph) if len(ring) > 1]


def rings(graph: dict) -> list[list]:
    """Strongly connected parts (Tarjan)."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []

    def visit(node: tuple) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on_stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            ring = []
            while True:
                other = stack.pop()
                on_stack.discard(other)
                ring.append(other)
                if other == node:
                    break
            found.append(ring)

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def sentences(path: Path) -> list[tuple[int, str]]:
    """Number of words and text of every sentence of a document; code, tables and headings are none."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    blocks, block = [], []
    for line in text.split("\n"):
        bare = line.strip()
        if not bare or bare.startswith(("|", "#", "<", "![")):
            blocks.append(block)
            block = []
            continue
        # Each item of a list is a block of its own.
        if re.match(r"(?:[-*]|\d+\.)\s", bare):
            blocks.append(block)
            block = [re.sub(r"^(?:[-*]|\d+\.)\s+", "", bare)]
        else:
            block.append(bare)
    blocks.append(block)
    found = []
    for block in blocks:
        # A link counts by its text, and code in quotes as one word.
        joined = re.sub(r"\]\([^)]*\)", "]", " ".join(block))
        joined = re.sub(r"`[^`]*`", "`code`", joined)
        joined = ABBREVIATIONS.sub(lambda found: found[0].replace(".", ""), joined)
        for sentence in re.split(r"(?<=[.!?])[\"*)\]]*\s+(?=[A-Z`\"*\[(0-9])", joined):
            words = [word for word in sentence.split() if re.search(r"\w", word)]
            if words:
                found.append((len(words), sentence))
    return found


def wide_comments() -> list[str]:
    """Lines of comments past the column at which they wrap. Addresses cannot wrap."""
    marks = {".rs": "//", ".wgsl": "//", ".js": "//", ".py": "#"}
    found = []
    for path in tracked(*(f"*{ending}" for ending in marks)):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if len(line) > MOST_COLUMNS and line.strip().startswith(marks[path.suffix]) and "://" not in line:
                found.append(f"{short(path)}:{number}: {len(line)} columns")
    return found


def documents() -> list[Path]:
    return tracked("README.md", "CONTRIBUTING.md", "docs/*.md")


def spread(numbers: list[int]) -> str:
    """Median, the value that nine of ten keep to, and the largest."""
    ordered = sorted(numbers)
    return f"{statistics.median_low(ordered)} / {ordered[int(0.9 * (len(ordered) - 1))]} / {ordered[-1]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="name the places behind the numbers")
    parser.add_argument("--check", action="store_true", help="print what breaks a rule, and fail if anything does")
    args = parser.parse_args()

    files = sources()
    functions = [(short(file.path), *function) for file in files for function in file.functions()]
    fallible = [(short(file.path), *function) for file in files for function in file.public_fallible()]
    by_crate = defaultdict(list)
    for file in files:
        by_crate[file.path.relative_to(ROOT).parts[1]].append(file)
    circles = [f"{name}: {' <-> '.join(ring)}" for name in by_crate for ring in Crate(name, by_crate[name]).circles()]
    prose = [(short(path), *sentence) for path in documents() for sentence in sentences(path)]

    long_files = [f"{short(file.path)}: {file.lines} lines" for file in files if file.lines > MOST_FILE]
    long_functions = [
        f"{path}:{line}: {name}, {count} lines" for path, name, line, count in functions if count > MOST_FUNCTION
    ]
    silent = [f"{path}:{line}: {name}" for path, name, line, said in fallible if not said]
    long_sentences = [f"{path}: {count} words: {text}" for path, count, text in prose if count > MOST_WORDS]

    wide = wide_comments()

    rows = [
        ("file lines, median / p90 / largest", spread([file.lines for file in files])),
        ("function lines, median / p90 / largest", spread([count for *_, count in functions])),
        (f"files over {MOST_FILE} lines", f"{len(long_files)} of {len(files)}"),
        (f"functions over {MOST_FUNCTION} lines", f"{len(long_functions)} of {len(functions)}"),
        ("public fallible functions with `# Errors`", f"{len(fallible) - len(silent)} of {len(fallible)}"),
        ("circles of imports inside a crate", str(len(circles))),
        ("words per sentence of the documents, median / p90 / largest", spread([count for _, count, _ in prose])),
        (f"sentences over {MOST_WORDS} words", f"{len(long_sentences)} of {len(prose)}"),
        (f"lines of comments past {MOST_COLUMNS} columns", str(len(wide))),
    ]
    groups = {
        "file over 600 lines": long_files,
        "function over 75 lines": long_functions,
        "no `# Errors`": silent,
        "circle of imports": circles,
        "long sentence": long_sentences,
        "wide comment": wide,
    }
    if not args.check:
        for name, value in rows:
            print(f"{name:<62}{value}")
    if args.list:
        for name, places in groups.items():
            for place in places:
                print(f"{name}: {place}")
    if not args.check:
        return 0
    # Long kernels are one expression each; length alone is no fault of a function.
    del groups["function over 75 lines"]
    for name, places in groups.items():
        for place in places:
            print(f"{name}: {place}")
    return int(any(groups.values()))


if __name__ == "__main__":
    sys.exit(main())
