"""LayerNorm over narrow rows (96-384 channels) in Triton: PyTorch's own backward takes a fifth of a VMamba step here.

Several rows a program; the weight and bias gradients are summed in registers over many rows and once more outside.
"""

import torch
import triton
import triton.language as tl

ROWS = 16
BACKWARD_PROGRAMS = 1056  # eight for each of an H200's 132 multiprocessors


@triton.jit
def _forward_kernel(x, weight, bias, y, mean, rstd, count, dim, eps, rows: tl.constexpr, block: tl.constexpr):
    """x [count, dim] -> y, and float32 mean and 1/std of every row."""
    r = (tl.program_id(0) * rows + tl.arange(0, rows)).to(tl.int64)
    c = tl.arange(0, block)
    inside = c < dim
    mask = (r[:, None] < count) & inside[None, :]
    value = tl.load(x + r[:, None] * dim + c[None, :], mask=mask, other=0.0).to(tl.float32)
    average = tl.sum(value, 1) / dim
    centred = tl.where(mask, value - average[:, None], 0.0)
    scale = 1.0 / tl.sqrt(tl.sum(centred * centred, 1) / dim + eps)
    w = tl.load(weight + c, mask=inside, other=0.0).to(tl.float32)
    b = tl.load(bias + c, mask=inside, other=0.0).to(tl.float32)
    out = centred * scale[:, None] * w[None, :] + b[None, :]
    tl.store(y + r[:, None] * dim + c[None, :], out.to(y.dtype.element_ty), mask=mask)
    tl.store(mean + r, average, mask=r < count)
    tl.store(rstd + r, scale, mask=r < count)


@triton.jit
def _backward_kernel(
    x, weight, mean, rstd, dy, dx, partial, count, dim, steps, rows: tl.constexpr, block: tl.constexpr
):
    """dx of `steps` groups of rows, and this program's share of the weight and bias gradients, partial [2, programs, dim]."""
    p = tl.program_id(0)
    c = tl.arange(0, block)
    inside = c < dim
    w = tl.load(weight + c, mask=inside, other=0.0).to(tl.float32)
    dw = tl.zeros([block], tl.float32)
    db = tl.zeros([block], tl.float32)
    for step in range(0, steps):
        r = ((step * tl.num_programs(0) + p) * rows + tl.arange(0, rows)).to(tl.int64)
        valid = r < count
        mask = valid[:, None] & inside[None, :]
        value = tl.load(x + r[:, None] * dim + c[None, :], mask=mask, other=0.0).to(tl.float32)
        grad = tl.load(dy + r[:, None] * dim + c[None, :], mask=mask, other=0.0).to(tl.float32)
        average = tl.load(mean + r, mask=valid, other=0.0)
        scale = tl.load(rstd + r, mask=valid, other=0.0)
        unit = tl.where(mask, (value - average[:, None]) * scale[:, None], 0.0)
        weighted = grad * w[None, :]
        first = tl.sum(weighted, 1) / dim
        second = tl.sum(weighted * unit, 1) / dim
        out = (weighted - first[:, None] - unit * second[:, None]) * scale[:, None]
        tl.store(dx + r[:, None] * dim + c[None, :], out.to(dx.dtype.element_ty), mask=mask)
        dw += tl.sum(grad * unit, 0)
        db += tl.sum(grad, 0)
    tl.store(partial + p * dim + c, dw, mask=inside)
    tl.store(partial + (tl.num_programs(0) + p) * dim + c, db, mask=inside)


class LayerNorm(torch.autograd.Function):
    """`F.layer_norm` over the last axis."""

    @staticmethod
    def forward(ctx, x, weight, bias, eps):
        x = x.contiguous()
        dim = x.shape[-1]
        count = x.numel() // dim
        y = torch.empty_like(x)
        mean, rstd = (torch.empty(count, dtype=torch.float32, device=x.device) for _ in range(2))
        block = triton.next_power_of_2(dim)
        _forward_kernel[(triton.cdiv(count, ROWS),)](
            x, weight, bias, y, mean, rstd, count, dim, eps, rows=ROWS, block=block, num_warps=4
        )
        ctx.save_for_backward(x, weight, mean, rstd)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, weight, mean, rstd = ctx.saved_tensors
        dim = x.shape[-1]
        count = x.numel() // dim
        programs = min(BACKWARD_PROGRAMS, triton.cdiv(count, ROWS))
        steps = triton.cdiv(triton.cdiv(count, ROWS), programs)
        dx = torch.empty_like(x)
        partial = torch.empty(2, programs, dim, dtype=torch.float32, device=x.device)
        _backward_kernel[(programs,)](
            x, weight, mean, rstd, dy.contiguous(), dx, partial, count, dim, steps,
            rows=ROWS, block=triton.next_power_of_2(dim), num_warps=4,
        )  # fmt: skip
        dw, db = partial.sum(1).to(weight.dtype)
        return dx, dw, db, None
