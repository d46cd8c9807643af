"""Triton kernels of the four-direction selective scan (d_state 1), forward and backward.

One program works on one (32 channels, direction, image); the last one may have fewer channels. The length is cut into
chunks of 32 steps; inside a chunk the recurrence is an associative scan, between chunks the state is carried. Only the
states that enter the chunks are kept for the backward pass, which recomputes the rest and runs the reversed recurrence.
State and parameters are float32.
"""

import torch
import triton
import triton.language as tl

CHUNK = 32
CHANNELS = 32


@triton.jit
def _compose(a1, b1, a2, b2):
    """Composition of h -> a1 h + b1 with h -> a2 h + b2."""
    return a1 * a2, a2 * b1 + b2


@triton.jit
def _position(t, k, height, width, length):
    """Row-major position that direction k visits at step t."""
    forward = tl.where(k >= 2, length - 1 - t, t)
    return tl.where((k % 2) == 1, (forward % height) * width + forward // height, forward)


@triton.jit
def _softplus(x):
    return tl.where(x > 20.0, x, tl.log(1.0 + tl.exp(tl.minimum(x, 20.0))))


@triton.jit
def _forward_kernel(
    u,
    dt,
    bc,
    a_logs,
    ds,
    dt_bias,
    y,
    states,
    height,
    width,
    length,
    dim,
    chunks: tl.constexpr,
    steps: tl.constexpr,
    block: tl.constexpr,
):
    """u [B,L,D]; dt [B,L,4,D]; bc [B,L,4,2] -> y [B,L,4,D], states [B,4,chunks,D] (state entering each chunk)."""
    k = tl.program_id(1)
    b = tl.program_id(2).to(tl.int64)
    c = tl.program_id(0) * block + tl.arange(0, block)
    inside = c < dim
    a_rate = tl.exp(tl.load(a_logs + k * dim + c, mask=inside, other=0.0).to(tl.float32))
    skip = tl.load(ds + k * dim + c, mask=inside, other=0.0).to(tl.float32)
    bias = tl.load(dt_bias + k * dim + c, mask=inside, other=0.0).to(tl.float32)
    state = tl.zeros([block], tl.float32)
    r = tl.arange(0, steps)
    for i in range(0, chunks):
        tl.store(states + ((b * 4 + k) * chunks + i) * dim + c, state, mask=inside)
        t = i * steps + r
        valid = t < length
        row = b * length + _position(t, k, height, width, length)
        mask = valid[:, None] & inside[None, :]
        uu = tl.load(u + row[:, None] * dim + c[None, :], mask=mask, other=0.0).to(tl.float32)
        dd = tl.load(dt + (row[:, None] * 4 + k) * dim + c[None, :], mask=mask, other=0.0).to(tl.float32)
        bv = tl.load(bc + (row * 4 + k) * 2, mask=valid, other=0.0).to(tl.float32)
        cv = tl.load(bc + (row * 4 + k) * 2 + 1, mask=valid, other=0.0).to(tl.float32)
        delta = _softplus(dd + bias[None, :])
        decay = tl.where(mask, tl.exp(-delta * a_rate[None, :]), 1.0)
        drive = tl.where(mask, delta * bv[:, None] * uu, 0.0)
        decay_scan, drive_scan = tl.associative_scan((decay, drive), 0, _compose)
        h = drive_scan + decay_scan * state[None, :]
        out = cv[:, None] * h + skip[None, :] * uu
        tl.store(y + (row[:, None] * 4 + k) * dim + c[None, :], out.to(y.dtype.element_ty), mask=mask)
        state = tl.sum(tl.where((r == steps - 1)[:, None], h, 0.0), 0)


# fmt: off
@triton.jit
def _backward_kernel(
    u, dt, bc, a_logs, ds, dt_bias, states, dy, du, ddt, dbc, dparams, height, width, length, dim,
    chunks: tl.constexpr, steps: tl.constexpr, block: tl.constexpr,
):
# fmt: on
    """dy [B,L,D] (shared by the directions) -> du, ddt [B,L,4,D], dbc [blocks,B,L,4,2], dparams [3,B,4,D]."""
    nb = tl.program_id(0)
    k = tl.program_id(1)
    b = tl.program_id(2).to(tl.int64)
    batch = tl.num_programs(2)
    c = nb * block + tl.arange(0, block)
    inside = c < dim
    a_rate = tl.exp(tl.load(a_logs + k * dim + c, mask=inside, other=0.0).to(tl.float32))
    skip = tl.load(ds + k * dim + c, mask=inside, other=0.0).to(tl.float32)
    bias = tl.load(dt_bias + k * dim + c, mask=inside, other=0.0).to(tl.float32)
    grad_state = tl.zeros([block], tl.float32)
    grad_a = tl.zeros([block], tl.float32)
    grad_d = tl.zeros([block], tl.float32)
    grad_bias = tl.zeros([block], tl.float32)
    r = tl.arange(0, steps)
    for reverse_i in range(0, chunks):
        i = chunks - 1 - reverse_i
        h_in = tl.load(states + ((b * 4 + k) * chunks + i) * dim + c, mask=inside, other=0.0)
        t = i * steps + r
        valid = t < length
        pos = _position(t, k, height, width, length)
        row = b * length + pos
        mask = valid[:, None] & inside[None, :]
        uu = tl.load(u + row[:, None] * dim + c[None, :], mask=mask, other=0.0).to(tl.float32)
        dd = tl.load(dt + (row[:, None] * 4 + k) * dim + c[None, :], mask=mask, other=0.0).to(tl.float32)
        gy = tl.load(dy + row[:, None] * dim + c[None, :], mask=mask, other=0.0).to(tl.float32)
        next_valid = t + 1 < length
        next_row = b * length + _position(t + 1, k, height, width, length)
        next_mask = next_valid[:, None] & inside[None, :]
        dn = tl.load(dt + (next_row[:, None] * 4 + k) * dim + c[None, :], mask=next_mask, other=0.0).to(tl.float32)
        bv = tl.load(bc + (row * 4 + k) * 2, mask=valid, other=0.0).to(tl.float32)
        cv = tl.load(bc + (row * 4 + k) * 2 + 1, mask=valid, other=0.0).to(tl.float32)
        z = dd + bias[None, :]
        delta = _softplus(z)
        decay = tl.where(mask, tl.exp(-delta * a_rate[None, :]), 1.0)
        drive = tl.where(mask, delta * bv[:, None] * uu, 0.0)
        decay_scan, drive_scan = tl.associative_scan((decay, drive), 0, _compose)
        h = drive_scan + decay_scan * h_in[None, :]
        next_decay = tl.where(next_valid[:, None], tl.exp(-_softplus(dn + bias[None, :]) * a_rate[None, :]), 0.0)
        source = tl.where(mask, cv[:, None] * gy, 0.0)
        rev_decay, rev_grad = tl.associative_scan((next_decay, source), 0, _compose, reverse=True)
        gh = rev_grad + rev_decay * grad_state[None, :]
        carried = h - drive  # decay_t * h_{t-1}, so no shifted load is needed
        ddelta = gh * (bv[:, None] * uu - a_rate[None, :] * carried)
        dz = tl.where(mask, ddelta / (1.0 + tl.exp(-z)), 0.0)
        grad_u = gh * delta * bv[:, None] + gy * skip[None, :]
        tl.store(du + (row[:, None] * 4 + k) * dim + c[None, :], grad_u.to(du.dtype.element_ty), mask=mask)
        tl.store(ddt + (row[:, None] * 4 + k) * dim + c[None, :], dz.to(ddt.dtype.element_ty), mask=mask)
        out = ((nb * batch + b) * length + pos) * 8 + k * 2
        tl.store(dbc + out, tl.sum(tl.where(mask, gh * delta * uu, 0.0), 1), mask=valid)
        tl.store(dbc + out + 1, tl.sum(tl.where(mask, gy * h, 0.0), 1), mask=valid)
        grad_a += tl.sum(tl.where(mask, -gh * delta * carried * a_rate[None, :], 0.0), 0)
        grad_d += tl.sum(gy * uu, 0)
        grad_bias += tl.sum(dz, 0)
        grad_state = tl.sum(tl.where((r == 0)[:, None], gh, 0.0), 0)
    q = (b * 4 + k) * dim + c
    size = batch * 4 * dim
    tl.store(dparams + q, grad_a, mask=inside)
    tl.store(dparams + size + q, grad_d, mask=inside)
    tl.store(dparams + 2 * size + q, grad_bias, mask=inside)


class SelectiveScan2d(torch.autograd.Function):
    """Autograd wrapper; shapes as in `scan.scan_reference`."""

    @staticmethod
    def forward(ctx, u, dt, bc, a_logs, ds, dt_bias, height, width):
        batch, length, dim = u.shape
        u, dt, bc = u.contiguous(), dt.contiguous(), bc.contiguous()
        chunks = triton.cdiv(length, CHUNK)
        y = torch.empty(batch, length, 4, dim, dtype=u.dtype, device=u.device)
        states = torch.empty(batch, 4, chunks, dim, dtype=torch.float32, device=u.device)
        _forward_kernel[(triton.cdiv(dim, CHANNELS), 4, batch)](
            u,
            dt,
            bc,
            a_logs,
            ds,
            dt_bias,
            y,
            states,
            height,
            width,
            length,
            dim,
            chunks,
            steps=CHUNK,
            block=CHANNELS,
            num_warps=4,
        )
        ctx.save_for_backward(u, dt, bc, a_logs, ds, dt_bias, states)
        ctx.grid = (height, width)
        return y.sum(2)

    @staticmethod
    def backward(ctx, dy):
        u, dt, bc, a_logs, ds, dt_bias, states = ctx.saved_tensors
        height, width = ctx.grid
        batch, length, dim = u.shape
        blocks = triton.cdiv(dim, CHANNELS)
        du = torch.empty(batch, length, 4, dim, dtype=u.dtype, device=u.device)
        ddt = torch.empty_like(dt)
        dbc = torch.empty(blocks, batch, length, 4, 2, dtype=torch.float32, device=u.device)
        dparams = torch.empty(3, batch, 4, dim, dtype=torch.float32, device=u.device)
        _backward_kernel[(blocks, 4, batch)](
            u,
            dt,
            bc,
            a_logs,
            ds,
            dt_bias,
            states,
            dy.contiguous(),
            du,
            ddt,
            dbc,
            dparams,
            height,
            width,
            length,
            dim,
            states.shape[2],
            steps=CHUNK,
            block=CHANNELS,
            num_warps=4,
        )
        d_a, d_d, d_bias = dparams.sum(1)
        return (
            du.sum(2),
            ddt,
            dbc.sum(0).to(bc.dtype),
            d_a.to(a_logs.dtype),
            d_d.to(ds.dtype),
            d_bias.to(dt_bias.dtype),
            None,
            None,
        )
