"""Four-direction selective scan with d_state 1 (VMamba's SS2D core), channels last.

`selective_scan_2d` picks the Triton kernels on CUDA and the plain PyTorch loop elsewhere. Both compute, for each
direction k of (row-major, column-major, reversed row-major, reversed column-major):

    delta_t = softplus(dt_t + dt_bias)          h_t = exp(-delta_t * exp(A_log)) * h_{t-1} + delta_t * B_t * u_t
    y_t     = C_t * h_t + D * u_t

and add the four outputs at each position (VMamba's cross-merge).
"""

import os

import torch
import torch.nn.functional as F

try:
    from . import scan_triton
except ImportError:  # triton is optional: tests run without it
    scan_triton = None


def direction_order(height: int, width: int, direction: int) -> torch.Tensor:
    """Positions, in row-major numbering, in the order in which `direction` visits them. `[height * width]`"""
    order = torch.arange(height * width)
    if direction % 2 == 1:
        order = order.view(height, width).t().reshape(-1)
    return order.flip(0) if direction >= 2 else order


def scan_reference(u, dt, bc, a_logs, ds, dt_bias, height, width):
    """Plain PyTorch scan by doubling (log2(length) steps over whole tensors); differentiable, any float dtype.

    # Shapes
    u `[batch, length, channels]`, dt `[batch, length, 4, channels]`, bc `[batch, length, 4, 2]` (B then C),
    a_logs, ds, dt_bias `[4, channels]`; returns `[batch, length, channels]`.
    """
    length = u.shape[1]
    out = torch.zeros_like(u)
    for k in range(4):
        order = direction_order(height, width, k).to(u.device)
        uk, dk, bk = u[:, order], dt[:, order, k], bc[:, order, k]
        delta = F.softplus(dk + dt_bias[k])
        decay = torch.exp(-delta * a_logs[k].exp())
        state = delta * bk[..., 0:1] * uk
        step = 1
        while step < length:
            # Composing h -> a h + b with itself, `step` places back: after log2(length) rounds
            # `state` is h_t.
            state = state + decay * F.pad(state, (0, 0, step, 0))[:, :length]
            decay = decay * F.pad(decay, (0, 0, step, 0))[:, :length]
            step *= 2
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(length, device=u.device)
        out = out + (bk[..., 1:2] * state + ds[k] * uk)[:, inverse]
    return out


def selective_scan_2d(u, dt, bc, a_logs, ds, dt_bias, height, width):
    """Fused scan where it can run (CUDA, or `TRITON_INTERPRET=1`), the reference loop elsewhere. Shapes as above."""
    if scan_triton is not None and (u.is_cuda or os.environ.get("TRITON_INTERPRET") == "1"):
        return scan_triton.SelectiveScan2d.apply(u, dt, bc, a_logs, ds, dt_bias, height, width)
    return scan_reference(u, dt, bc, a_logs, ds, dt_bias, height, width)
