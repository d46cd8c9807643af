"""Bundles, manifest rows, scoring helpers."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sightline_training.bundle import export_blind
from sightline_training.context import Context
from sightline_training.encoders import PAIR
from sightline_training.evaluate import parse_box
from sightline_training.export import encode_tensor, quantize_rows, read_bundle, write_bundle
from sightline_training.manifest import BLIND_ID, MODEL_IDS, sha256_file, write_manifest
from sightline_training.prompt import prompt_text
from sightline_training.report import paired, wilson

REPOSITORY = Path(__file__).resolve().parents[3]
WEIGHTS = REPOSITORY / "weights"


def row_errors(weight):
    """Largest error of each row as a share of its largest value, and the scales."""
    values, scale = quantize_rows(weight, len(weight))
    assert values.abs().max() <= 127
    return (values.float() * scale.float()[:, None] - weight).abs().amax(1) / weight.abs().amax(1), scale


def test_rows_are_quantised_against_the_stored_scale():
    for seed in range(200):
        generator = torch.Generator().manual_seed(seed)
        weight = torch.randn(7, 33, generator=generator) * torch.logspace(-4, 0, 7)[:, None]
        error, scale = row_errors(weight)
        assert scale.dtype == torch.float16
        assert error.max() < 0.006, seed


def test_rows_below_the_smallest_scales_are_kept(tmp_path):
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(12, 33, generator=generator) * torch.logspace(-12, 0, 12)[:, None]
    weight[3] = 0
    tiny = torch.cat([weight[:3], weight[4:]])
    error, scale = row_errors(tiny)
    assert scale.dtype == torch.float32 and error.max() < 0.006
    write_bundle(tmp_path / "model.safetensors", {"projector.0.weight": weight})
    back = read_bundle(tmp_path / "model.safetensors")["projector.0.weight"]
    assert (back[3] == 0).all()
    assert ((back - weight).abs().amax(1) <= 0.006 * weight.abs().amax(1)).all()


def rows_of(path):
    """The int8 tensors of a file, each as values `[rows, columns]` and scales `[rows]`."""
    stored = load_file(path)
    for key, scale in stored.items():
        if key.endswith(".scale"):
            yield key, stored[key.removesuffix(".scale")].reshape(scale.numel(), -1), scale.flatten()


@pytest.mark.parametrize("model", [*MODEL_IDS.values(), BLIND_ID])
def test_shipped_weights_are_quantised_the_same_again(model):
    path = WEIGHTS / model / "model.safetensors"
    if not path.exists():
        pytest.skip("no shipped weights in this checkout")
    for key, values, scale in rows_of(path):
        again, scale_again = quantize_rows(values.float() * scale.float()[:, None], len(scale))
        assert torch.equal(again, values) and torch.equal(scale_again, scale), key


def test_bundle_round_trip(tmp_path):
    tensors = {
        "encoder.layers.0.blocks.0.op.x_proj_weight": torch.randn(4, 8, 96),
        "encoder.layers.0.blocks.0.op.dt_projs_weight": torch.randn(4, 96, 6),
        "encoder.outnorm2.weight": torch.randn(384),
        "projector.row": torch.randn(14, 576),
        "adapters.blk.0.attn_q.lora_b": torch.zeros(576, 16),
    }
    write_bundle(tmp_path / "m" / "model.safetensors", tensors)
    back = read_bundle(tmp_path / "m" / "model.safetensors")
    assert back.keys() == tensors.keys()
    for key, value in tensors.items():
        torch.testing.assert_close(back[key], value, atol=0.02, rtol=0.02)
    stored = encode_tensor("encoder.x_proj_weight", torch.randn(4, 8, 96))
    assert stored["encoder.x_proj_weight.scale"].shape == (4, 8)


def test_blind_run_is_exported(tmp_path, adapters):
    ctx = Context(tmp_path, toy=True, device="cpu")
    ctx.save("blind_join", adapters=adapters, row=torch.zeros(14, 576))
    folder = tmp_path / "bundle"
    folder.mkdir()
    write_manifest(folder, arms=())
    assert "blind" not in json.loads((folder / "manifest.json").read_text())
    export_blind(ctx)
    path = folder / BLIND_ID / "model.safetensors"
    back = read_bundle(path)
    assert back.keys() == {f"adapters.{k}" for k in adapters}
    for key, value in adapters.items():
        torch.testing.assert_close(back[f"adapters.{key}"], value, atol=0.02, rtol=0.02)
    write_manifest(folder, arms=())
    row = json.loads((folder / "manifest.json").read_text())["blind"]
    assert (row["id"], row["text_start"], row["adapters"]) == (BLIND_ID, 197, {"rank": 16, "alpha": 32})
    entry = {"path": f"{BLIND_ID}/model.safetensors", "bytes": path.stat().st_size, "sha256": sha256_file(path)}
    assert row["files"] == [entry]


@pytest.mark.parametrize("arm", PAIR)
def test_shipped_files_match_the_manifest(arm):
    path = WEIGHTS / MODEL_IDS[arm] / "model.safetensors"
    if not path.exists():
        pytest.skip("no shipped weights in this checkout")
    rows = {r["id"]: r for r in json.loads((WEIGHTS / "manifest.json").read_text())["models"]}
    entry = rows[MODEL_IDS[arm]]["files"][0]
    assert entry["bytes"] == path.stat().st_size <= 21_000_000
    assert entry["sha256"] == sha256_file(path)


def test_prompt_snapshot():
    gguf = os.environ.get("SIGHTLINE_GGUF")
    snapshot = json.loads((REPOSITORY / "tests/contract/prompt.json").read_text())
    for case in snapshot["prompts"]:
        assert prompt_text(case["question"]) == case["text"]
    if not gguf:
        pytest.skip("SIGHTLINE_GGUF not set: ids not compared")
    from sightline_training.prompt_snapshot import snapshot as make

    assert make(Path(gguf)) == snapshot


def test_boxes_parse_strictly():
    assert parse_box("[0.10, 0.20, 0.50, 0.60]") == [0.1, 0.2, 0.5, 0.6]
    for bad in ("[0.5, 0.2, 0.1, 0.6]", "[0.50, 0.20, 0.10, 0.60]", "box [0.10, 0.20, 0.50, 0.60]", "", "[1, 2]"):
        assert parse_box(bad) is None


def test_intervals():
    low, high = wilson(50, 100)
    assert low == pytest.approx(40.4, abs=0.1) and high == pytest.approx(59.6, abs=0.1)
    a = {i: {"task": "t", "ok": i % 2 == 0} for i in range(100)}
    b = {i: {"task": "t", "ok": False} for i in range(100)}
    assert paired(a, b, "t")["points"] == 50.0 and paired(a, b, "t")["beyond_3_se"]
