"""Self-check of the Triton kernels on the device at hand, before anything is trained with them."""

import torch
import torch.nn.functional as F

from . import norm
from .context import Context
from .scan import scan_reference, selective_scan_2d

TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 1e-2}
# Batch, height, width and channels: also a width that no block of the kernel divides.
SCANS = ((2, 7, 6, 64), (2, 5, 4, 48), (1, 56, 56, 96), (2, 14, 14, 384))


def relative_error(a, b) -> float:
    a, b = a.detach().double().cpu(), b.detach().double().cpu()
    return ((a - b).norm() / b.norm()).item()


def compare(function, reference, inputs: list[torch.Tensor], device, dtype) -> list[float]:
    """Relative errors of the output and of all gradients against the float64 reference on the same (rounded) inputs."""
    rounded = [x.to(dtype).double() for x in inputs]
    ours = [x.to(device, dtype).requires_grad_() for x in rounded]
    theirs = [x.clone().requires_grad_() for x in rounded]
    out, expected = function(*ours), reference(*theirs)
    weight = torch.randn(expected.shape, dtype=torch.float64)
    (out * weight.to(device, dtype)).sum().backward()
    (expected * weight.to(dtype).double()).sum().backward()
    return [relative_error(out, expected)] + [relative_error(a.grad, b.grad) for a, b in zip(ours, theirs, strict=True)]


def scan_errors(device, dtype, batch: int, height: int, width: int, channels: int) -> list[float]:
    torch.manual_seed(0)
    g, n = lambda *s: torch.randn(*s, dtype=torch.float64), height * width
    inputs = [g(batch, n, channels), g(batch, n, 4, channels), g(batch, n, 4, 2), g(4, channels) * 0.3, g(4, channels)]
    inputs.append(g(4, channels) - 1)
    grid = (height, width)
    return compare(lambda *a: selective_scan_2d(*a, *grid), lambda *a: scan_reference(*a, *grid), inputs, device, dtype)


def norm_errors(device, dtype, count: int, channels: int) -> list[float]:
    torch.manual_seed(1)
    g = lambda *s: torch.randn(*s, dtype=torch.float64)  # noqa: E731
    inputs = [g(count, channels) * 2 + 0.5, 1 + 0.2 * g(channels), 0.2 * g(channels)]
    return compare(
        lambda x, w, b: norm.norm_triton.LayerNorm.apply(x, w, b, 1e-5),
        lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b, 1e-5), inputs, device, dtype,
    )  # fmt: skip


def run(ctx: Context) -> None:
    """Checks both kernels; a wrong norm is switched off, a wrong scan ends the run."""
    log = ctx.log("kernels")
    if ctx.device.type != "cuda":
        log.write(show=True, what="no CUDA, PyTorch loops are used")
        return
    for dtype in (torch.float32, torch.bfloat16):
        for shape in SCANS:
            errors = scan_errors(ctx.device, dtype, *shape)
            log.write(show=True, kernel="scan", dtype=str(dtype), shape=shape, worst=max(errors))
            if not max(errors) <= TOLERANCE[dtype]:
                raise RuntimeError(f"scan kernel is wrong: {errors}")
        for channels in (48, 96, 384):
            try:
                worst = max(norm_errors(ctx.device, dtype, 20_001, channels))
            except Exception as error:
                worst = float("inf")
                print(f"norm kernel failed: {error}", flush=True)
            log.write(show=True, kernel="norm", dtype=str(dtype), channels=channels, worst=worst)
            if not worst <= TOLERANCE[dtype]:
                norm.use_triton = False
