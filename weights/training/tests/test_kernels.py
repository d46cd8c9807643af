"""The Triton kernels against the reference, in Triton's interpreter, which needs no GPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")

CHECK = """
import torch
from sightline_training.kernels import TOLERANCE, norm_errors, scan_errors
kind, shape = {kind!r}, {shape!r}
errors = scan_errors("cpu", torch.float32, *shape) if kind == "scan" else norm_errors("cpu", torch.float32, *shape)
assert max(errors) <= TOLERANCE[torch.float32], errors
"""


# Widths that 32 channels divide, and some that they do not: the last block then has fewer.
@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("scan", (1, 3, 4, 64)),
        ("scan", (2, 5, 7, 48)),
        ("scan", (1, 2, 3, 16)),
        ("scan", (1, 3, 2, 40)),
        ("norm", (37, 48)),
        ("norm", (20, 96)),
    ],
)
def test_kernel_equals_the_reference(kind, shape):
    """In a process of its own: Triton reads the variable when it is imported."""
    root = Path(__file__).resolve().parents[1]
    environment = os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", CHECK.format(kind=kind, shape=shape)]
    result = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr[-2000:]
