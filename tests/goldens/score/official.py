"""Loads the official evaluation code, unmodified: no function is replaced.

- Modules that it imports but that no scorer calls (torch and the like) are stand-ins.
- Of GT-Vision-Lab/VQA, which is Python 2, print statements are converted (lib2to3's `print` fixer) and tabs in front of
  a line are expanded as Python 2 reads them; nothing else.
"""

import contextlib
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import io
import sys
import types
import warnings
from pathlib import Path

FORK = "raykuo18/vlm-evaluation at c65254b9aa92a8af54b67025aa53b7d773fe9c3d"
VQA = "GT-Vision-Lab/VQA at a013f0043c1e2cdc995922dfe257f7149aa9af06"

STAND_INS = {
    "accelerate",
    "draccus",
    "jsonlines",
    "matplotlib",
    "PIL",
    "rich",
    "skimage",
    "torch",
    "torchvision",
    "transformers",
}
STAND_INS |= {"pycocotools"}


class Anything:
    """Whatever an import-only module is asked for."""

    def __init__(self, *args, **kwargs) -> None:
        pass

    def __class_getitem__(cls, item):
        return cls

    def __call__(self, *args, **kwargs):
        return args[0] if args and callable(args[0]) else self

    def __getattr__(self, name: str):
        return Anything()


class StandIn(types.ModuleType):
    __path__: list[str] = []

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.split(".")[0] in STAND_INS:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        return StandIn(spec.name)

    def exec_module(self, module) -> None:
        pass


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Fork:
    """The paper's evaluation code."""

    def __init__(self, checkout: Path) -> None:
        self.root = checkout.resolve()
        sys.meta_path.append(Finder())
        sys.path.insert(0, str(self.root))

    def module(self, name: str):
        """A module by its full name. The packages' own `__init__` are not run: they import everything."""
        parts = name.split(".")
        for depth in range(1, len(parts)):
            package = ".".join(parts[:depth])
            if package not in sys.modules:
                module = types.ModuleType(package)
                module.__path__ = [str(self.root.joinpath(*parts[:depth]))]
                sys.modules[package] = module
        if "vlm_eval.overwatch" not in sys.modules:
            sys.modules["vlm_eval.overwatch"] = StandIn("vlm_eval.overwatch")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)

    def sources(self, *paths: str) -> dict[str, str]:
        return {path: sha256(self.root / path) for path in paths}


def python3(text: str, name: str) -> str:
    """The mechanical conversion of a Python 2 file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lib2to3.refactor import RefactoringTool
    lines = []
    for line in text.splitlines(keepends=True):
        body = line.lstrip(" \t")
        lines.append(line[: len(line) - len(body)].expandtabs(8) + body)
    return str(RefactoringTool(["lib2to3.fixes.fix_print"]).refactor_string("".join(lines), name))


class Benchmark:
    """GT-Vision-Lab's code."""

    FILES = ("PythonEvaluationTools/vqaEvaluation/vqaEval.py", "PythonHelperTools/vqaTools/vqa.py")

    def __init__(self, checkout: Path) -> None:
        self.root = checkout.resolve()
        self.eval, self.tools = (self.load(path) for path in self.FILES)

    def load(self, path: str):
        module = types.ModuleType(Path(path).stem)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in plain strings
            exec(compile(python3((self.root / path).read_text(), path), path, "exec"), module.__dict__)
        return module

    def sources(self) -> dict[str, str]:
        return {path: sha256(self.root / path) for path in self.FILES}


@contextlib.contextmanager
def quiet():
    """Official code reports progress."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
