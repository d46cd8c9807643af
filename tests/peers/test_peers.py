"""The comparison itself, tiny and on the CPU: `python -m pytest tests/peers`, or `python tests/peers/test_peers.py`."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import torch  # noqa: E402

import peers  # noqa: E402
import timing  # noqa: E402


def test_only_what_ran_on_both_sides_is_joined():
    results = timing.Results()
    results.add("a", "torch", 2.0)
    results.add("b", "torch", 2.0)
    rows = peers.join({"rows": [{"id": "a", "seconds": 1.0}, {"id": "c", "seconds": 1.0}]}, results)
    assert [(row["ours"], row["ratio"]) for row in rows] == [("a", 2.0)]
    assert "| a | 1.00 s | 2.00 s | 2.00 | torch |" in peers.table(rows)


def test_one_failure_loses_one_row():
    results = timing.Results()
    results.attempt("a", "torch", lambda: 1 / 0)
    results.attempt("b", "torch", lambda: 1.0)
    assert len(results.rows) == 1
    assert results.not_run == [("a: torch", "ZeroDivisionError: division by zero")]


def test_median_and_measure():
    assert timing.median([3.0, 1.0, 2.0, 10.0]) == 2.5
    scale = timing.Scale(torch.device("cpu"), runs=5, quick=True)
    assert timing.measure(scale, lambda: None) < 0.1


def test_quick_run_on_the_cpu():
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "peers.json"
        command = [sys.executable, str(HERE / "peers.py"), "--quick", "--torch-device", "cpu", "--runs", "3"]
        command += ["--budget", "600", "--only", "language,vit,kernels,upstream"]
        done = subprocess.run(command + ["--json", str(out)], capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr
        data = json.loads(out.read_text())
    assert "not run: sightline bench: no --sightline PATH" in done.stdout
    assert "no checkout" in done.stdout
    found = {row["ours"] for row in data["theirs"]}
    assert {"ViT-S/16 f32 224px b1", "prefill 256 tokens", "decode a token at 256, greedy"} <= found, found


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(name, "ok")
