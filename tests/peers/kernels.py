"""Single operations in PyTorch at our shapes: what its libraries make of them."""

import sys
from collections.abc import Callable

import torch
import torch.nn.functional as F

from timing import NotRun, Results, Scale, kernel
from vision import TRAINING, precisions

# Our name of the matrix product, rows, outputs, inputs.
PRODUCTS = (
    ("int8", 196, 1536, 384),
    ("int8", 196, 384, 1536),
    ("int8", 25088, 1536, 384),
    ("q4_1", 1, 960, 576),
    ("q4_1", 1, 3072, 576),
    ("q4_1", 1, 576, 1536),
    ("q8_0", 1, 49152, 576),
    ("q4_1", 256, 3072, 576),
)
STAGES = ((56, 96), (28, 192), (14, 384))


def run(scale: Scale, results: Results, left: Callable[[], float]) -> None:
    with torch.no_grad():
        for label, dtype in precisions(scale):
            products(scale, results, label, dtype)
            norms(scale, results, label, dtype)
            attention(scale, results, label, dtype)
            if left() < 5:
                raise NotRun("the time was up")
        triton_scan(scale, results)


def noise(scale: Scale, *shape: int, dtype=torch.float32):
    return torch.randn(*shape, device=scale.device, dtype=dtype)


def products(scale: Scale, results: Results, label: str, dtype) -> None:
    for stored, rows, outputs, inputs in PRODUCTS:
        if rows > 256 and (scale.quick or not scale.cuda):
            continue

        def make(seed, rows=rows, outputs=outputs, inputs=inputs):
            torch.manual_seed(seed)
            w, x = noise(scale, outputs, inputs, dtype=dtype), noise(scale, rows, inputs, dtype=dtype)
            return lambda: F.linear(x, w)

        moved = dtype.itemsize * (outputs * inputs + rows * (outputs + inputs))
        ours = f"{stored} {rows}: {inputs} -> {outputs}"
        name = f"torch linear {label}"
        note = "weights not quantized"
        results.attempt(ours, name, lambda make=make, moved=moved: kernel(scale, make, moved), note)


def norms(scale: Scale, results: Results, label: str, dtype) -> None:
    for side, width in STAGES:

        def make(seed, side=side, width=width):
            torch.manual_seed(seed)
            x = noise(scale, side * side, width, dtype=dtype)
            w, b = noise(scale, width, dtype=dtype), noise(scale, width, dtype=dtype)
            return lambda: F.layer_norm(x, (width,), w, b)

        moved = 2.0 * dtype.itemsize * side * side * width
        results.attempt(
            f"layer norm {side * side}x{width}",
            f"torch layer_norm {label}",
            lambda make=make, moved=moved: kernel(scale, make, moved),
        )


def attention(scale: Scale, results: Results, label: str, dtype) -> None:
    for tokens in (196, 784, 3136) if scale.cuda and not scale.quick else (196,):

        def make(seed, tokens=tokens):
            torch.manual_seed(seed)
            q, k, v = (noise(scale, 1, 6, tokens, 64, dtype=dtype) for _ in range(3))
            return lambda: F.scaled_dot_product_attention(q, k, v)

        moved = 4.0 * dtype.itemsize * tokens * 384
        results.attempt(
            f"attention {tokens}x384 b1",
            f"torch attention {label}",
            lambda make=make, moved=moved: kernel(scale, make, moved),
        )


def triton_scan(scale: Scale, results: Results) -> None:
    """The training project's fused scan, forward. It also keeps states for its backward pass."""
    sys.path.insert(0, str(TRAINING))
    try:
        from sightline_training.scan import selective_scan_2d
    except ImportError as error:
        raise NotRun(f"weights/training cannot be imported: {error}") from error
    batches = (1,) if scale.quick or not scale.cuda else (1, scale.batch)
    for batch in batches:
        for side, channels in STAGES:
            length = side * side

            def make(seed, batch=batch, side=side, channels=channels, length=length):
                torch.manual_seed(seed)
                u, dt = noise(scale, batch, length, channels), noise(scale, batch, length, 4, channels)
                bc = noise(scale, batch, length, 4, 2)
                a, d, bias = (noise(scale, 4, channels) for _ in range(3))
                return lambda: selective_scan_2d(u, dt, bc, a * 0.1, d, bias - 3, side, side)

            moved = 4.0 * batch * length * (6 * channels + 8)
            ours = f"scan {side}x{side}x{channels} b{batch}"
            name = "Triton scan of weights/training, f32" if scale.cuda else "PyTorch scan of weights/training, f32"
            results.attempt(ours, name, lambda make=make, moved=moved: kernel(scale, make, moved))
