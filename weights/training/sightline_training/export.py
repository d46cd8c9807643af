"""Bundles as `docs/model-format.md` has them: int8 with one scale per output row, written and read back."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

# Kept out of int8 by the format: norms, biases, scan parameters, depthwise convolutions, positions.
_FLOAT32 = ("norm", "bias", "A_logs", "Ds", "patch_embed.2.", "patch_embed.7.", "downsample.3.")
_FLOAT16 = ("conv2d.weight", "pos_embed", "projector.row", "projector.col")
LARGEST_ERROR = 0.006  # of a quantised value, as a share of the largest of its row; int8 alone costs 0.0039
_BY_DIRECTION = ("x_proj_weight", "dt_projs_weight")  # [4, rows, columns]: one scale per (direction, row)


def quantize_rows(weight: torch.Tensor, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Symmetric int8 with one scale per row of `weight.reshape(rows, -1)`; returns values and scales `[rows]`.

    Values are rounded against the scale as stored, so its own rounding costs nothing. Scales are f16, or f32 if a row is so small
    that f16 would miss `LARGEST_ERROR`.
    """
    flat = weight.detach().float().reshape(rows, -1)
    largest = flat.abs().amax(1)
    scale = (largest / 127).half()
    # Small f16 numbers lie far apart. A scale that was rounded down so far that the largest value
    # would be cut is too small.
    above = torch.nextafter(scale, torch.full_like(scale, torch.inf))
    scale = torch.where(largest > 127.5 * scale.float(), above, scale)
    if (scale.float() / 2 > LARGEST_ERROR * largest).any():
        scale = largest / 127
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    values = (flat / scale.float()[:, None]).round().clamp(-127, 127).to(torch.int8)
    return values.reshape(weight.shape), scale


def encode_tensor(key: str, value: torch.Tensor) -> dict[str, torch.Tensor]:
    """One tensor in its stored form: `{key: ...}` or `{key: int8, key.scale: f16 or f32}`."""
    value = value.detach().float().cpu().contiguous()
    if any(part in key for part in _FLOAT16):
        return {key: value.half()}
    if any(part in key for part in _FLOAT32):
        return {key: value}
    shape = value.shape[: 2 if key.endswith(_BY_DIRECTION) else 1]
    stored, scale = quantize_rows(value, shape.numel())
    return {key: stored.contiguous(), key + ".scale": scale.reshape(shape)}


def bundle_tensors(encoder: dict, connector: dict, row, col, adapters: dict, dense: dict | None) -> dict:
    """All float tensors of one arm under their exported names.

    encoder, connector (`net.0.weight`...), adapters (`blk.0.attn_q.lora_a`...) and dense (`net.0.weight`...) are state dicts.
    """
    tensors = {f"encoder.{k}": v for k, v in encoder.items()}
    tensors |= {k.replace("net.", "projector.", 1): v for k, v in connector.items()}
    tensors |= {"projector.row": row, "projector.col": col}
    tensors |= {f"adapters.{k}": v for k, v in adapters.items()}
    if dense is not None:
        tensors |= {k.replace("net.", "dense.", 1): v for k, v in dense.items()}
    return tensors


def write_bundle(path: Path, tensors: dict) -> int:
    """Writes the stored form under a temporary name, then renames; returns the size in bytes."""
    stored = {}
    for key, value in tensors.items():
        stored |= encode_tensor(key, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    save_file(stored, temporary, metadata={"format": "sightline-1"})
    temporary.chmod(0o644)
    temporary.rename(path)
    return path.stat().st_size


def read_bundle(path: Path) -> dict[str, torch.Tensor]:
    """De-quantised float32 tensors of a bundle."""
    stored = load_file(path)
    out = {}
    for key, value in stored.items():
        if key.endswith(".scale"):
            continue
        value = value.float()
        if key + ".scale" in stored:
            scale = stored[key + ".scale"].float()
            value = value * scale.reshape(list(scale.shape) + [1] * (value.dim() - scale.dim()))
        out[key] = value
    return out


def part(tensors: dict, prefix: str, rename: str = "") -> dict:
    """The tensors behind `prefix.`, with the prefix replaced: `part(t, "dense", "net.")` loads into `DenseHead`."""
    return {rename + k[len(prefix) + 1 :]: v for k, v in tensors.items() if k.startswith(prefix + ".")}
