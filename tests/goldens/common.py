"""What every golden script shares: deterministic values, synthetic pictures, reproducible files.

The rules are restated in words in README.md; the Rust tests rebuild every weight and picture from them.
"""

import json
import math
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

HERE = Path(__file__).resolve().parent
MASK = np.uint64(0xFFFFFFFF)


def fnv1a(text: str | bytes) -> int:
    """FNV-1a, 32 bit, of the UTF-8 bytes."""
    value = 0x811C9DC5
    for byte in text.encode() if isinstance(text, str) else text:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def hash_u32(index: np.ndarray, seed: int) -> np.ndarray:
    """The integer part of `hash_vec`: a mixed 32-bit value for each index (u32 arithmetic, wrapping)."""
    index = index.astype(np.uint64)
    x = (index * np.uint64(2654435761) + np.uint64(seed * 0x9E3779B9 & 0xFFFFFFFF)) & MASK
    x ^= x >> np.uint64(16)
    x = x * np.uint64(0x85EBCA6B) & MASK
    x ^= x >> np.uint64(13)
    x = x * np.uint64(0xC2B2AE35) & MASK
    x ^= x >> np.uint64(16)
    return x


def hash_vec(count: int, seed: int, scale: float) -> np.ndarray:
    """Values in [-scale/2, scale/2), f32; one rounding (the last product)."""
    top = (hash_u32(np.arange(count, dtype=np.uint64), seed) >> np.uint64(8)).astype(np.float32)
    return (top / np.float32(16777216.0) - np.float32(0.5)) * np.float32(scale)


def hashed(key: str, shape: tuple[int, ...], scale: float) -> np.ndarray:
    """`hash_vec` with the seed of a named tensor, in row-major order."""
    return hash_vec(math.prod(shape), fnv1a(key), scale).reshape(shape)


# Gain of weight matrices: a uniform value of width 3.5 has a variance of 1.02, so signals keep
# their size.
GAIN = 3.5


def weight(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The f32 value of one encoder tensor; `key` is the contract's key, with the prefix `encoder.`."""
    last = key.rsplit(".", 1)[-1]
    if last in ("cls_token", "pos_embed"):
        return hashed(key, shape, 1.0)
    if last == "A_logs":
        base = np.log(np.arange(1, shape[1] + 1, dtype=np.float64)).astype(np.float32)
        return base[None, :] + hashed(key, shape, 0.4)
    if last == "Ds":
        return np.float32(1.0) + hashed(key, shape, 0.5)
    if last == "dt_projs_bias":
        # inverse softplus of 0.001 .. 0.1 is -6.907 .. -2.252
        return np.float32(-4.58) + hashed(key, shape, 4.64)
    if last == "dt_projs_weight":
        return hashed(key, shape, 2.0 / math.sqrt(shape[2]))
    if last == "x_proj_weight":
        return hashed(key, shape, GAIN / math.sqrt(shape[2]))
    if last == "bias":
        return hashed(key, shape, 0.1)
    if last in ("weight", "gamma") and len(shape) == 1:
        return np.float32(1.0) + hashed(key, shape, 0.2)
    if last == "weight":
        return hashed(key, shape, GAIN / math.sqrt(math.prod(shape[1:])))
    raise ValueError(f"no rule for {key} {shape}")


def fill_encoder(model) -> None:
    """Overwrites every parameter of a torch module with `weight("encoder." + name)`."""
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            value = weight("encoder." + name, tuple(parameter.shape))
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


def picture(name: str, height: int, width: int) -> np.ndarray:
    """Smooth synthetic RGB picture, uint8 [height, width, 3], integer arithmetic only.

    Two octaves of value noise: corners every 32 and every 8 px, bilinear between, weighted 3 to 1.
    """
    seed = fnv1a(name)
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")

    def corner(octave: int, row: np.ndarray, col: np.ndarray) -> np.ndarray:
        index = ((octave * 3 + c) * 1024 + row) * 1024 + col
        return (hash_u32(index, seed) >> np.uint64(24)).astype(np.int64)

    def octave(number: int, cell: int) -> np.ndarray:
        row, col, fy, fx = y // cell, x // cell, y % cell, x % cell
        total = (cell - fy) * (cell - fx) * corner(number, row, col)
        total += (cell - fy) * fx * corner(number, row, col + 1)
        total += fy * (cell - fx) * corner(number, row + 1, col)
        total += fy * fx * corner(number, row + 1, col + 1)
        return total // (cell * cell)

    return ((3 * octave(0, 32) + octave(1, 8)) // 4).astype(np.uint8)


def normalised(pixels: np.ndarray) -> np.ndarray:
    """f32 [1, 3, height, width], (p - 127) / 128, which is exact."""
    chw = pixels.astype(np.float32).transpose(2, 0, 1)[None]
    return (chw - np.float32(127.0)) / np.float32(128.0)


PICTURES = ("picture.a", "picture.b")
KEPT_TOKENS = 16


def kept_tokens(tokens: int) -> np.ndarray:
    """The 16 token indices stored in full: floor((2k + 1) * tokens / 32)."""
    return np.array([(2 * k + 1) * tokens // (2 * KEPT_TOKENS) for k in range(KEPT_TOKENS)], dtype=np.int32)


def summary(features: np.ndarray) -> dict[str, np.ndarray]:
    """What is stored of features [tokens, width]: all in f64, rounded to f32 once."""
    features = features.astype(np.float64)
    tokens, width = features.shape
    probe = hash_vec(width, fnv1a("probe"), 2.0).astype(np.float64)
    return {
        "tokens": features[kept_tokens(tokens)].astype(np.float32),
        "mean": features.mean(axis=0).astype(np.float32),
        "l2": np.sqrt((features**2).sum(axis=1)).astype(np.float32),
        "probe": (features @ probe).astype(np.float32),
    }


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return float(a @ b / math.sqrt((a @ a) * (b @ b)))


def save(path: Path, tensors: dict[str, np.ndarray], about: dict) -> None:
    """Writes a safetensors file whose bytes depend on nothing but its content.

    One metadata key only: the library writes several in random order.
    """
    tensors = {key: np.ascontiguousarray(tensors[key]) for key in sorted(tensors)}
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    temporary = path.with_suffix(".tmp")
    save_file(tensors, temporary, metadata={"about": text})
    temporary.rename(path)
    print(f"{path.relative_to(HERE)}: {path.stat().st_size:,} bytes")
