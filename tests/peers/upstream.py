"""VMamba with its authors' CUDA kernel, from a checkout of github.com/MzeroMiko/VMamba; nothing is copied here."""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path

import torch

from timing import NotRun, Results, Scale, both_ways, kernel
from vision import autocast, ours_of, precisions, sizes

FLAGS = ["-O3", "-std=c++17", "--expt-relaxed-constexpr", "--expt-extended-lambda", "--use_fast_math", "--threads", "4"]
HALF = ("HALF_OPERATORS", "HALF_CONVERSIONS", "BFLOAT16_OPERATORS", "BFLOAT16_CONVERSIONS", "BFLOAT162_OPERATORS")
STAGES = ((56, 96), (28, 192), (14, 384))
# Two names that cub of CUDA 13 no longer has.
RENAMED = (("cub::LaneId()", "(threadIdx.x & 31)"), ("cub::CTA_SYNC()", "__syncthreads()"))


def build(checkout: Path) -> None:
    """Compiles `selective_scan_cuda_oflex` (about a minute) from a patched copy of its sources."""
    source = checkout / "kernels" / "selective_scan" / "csrc" / "selective_scan"
    if not source.is_dir():
        raise NotRun(f"{checkout} has no kernels/selective_scan/csrc/selective_scan")
    work = Path(os.environ.get("SIGHTLINE_PEERS_BUILD") or tempfile.mkdtemp(prefix="vmamba-"))
    copy, output = work / "source", work / "build"
    if not copy.is_dir():
        shutil.copytree(source, copy)
        for path in copy.rglob("*.cuh"):
            text = path.read_text()
            for old, new in RENAMED:
                text = text.replace(old, new)
            path.write_text(text)
    output.mkdir(parents=True, exist_ok=True)
    from torch.utils.cpp_extension import load

    major, minor = torch.cuda.get_device_capability() if torch.cuda.is_available() else (9, 0)
    os.environ.setdefault("TORCH_CUDA_ARCH_LIST", f"{major}.{minor}")
    names = ("selective_scan_oflex.cpp", "selective_scan_core_fwd.cu", "selective_scan_core_bwd.cu")
    load(
        "selective_scan_cuda_oflex",
        [str(copy / "cusoflex" / name) for name in names],
        extra_include_paths=[str(copy)],
        build_directory=str(output),
        extra_cflags=["-O3", "-std=c++17"],
        extra_cuda_cflags=FLAGS + [f"-U__CUDA_NO_{name}__" for name in (*HALF, "BFLOAT162_CONVERSIONS")],
    )
    sys.path.insert(0, str(output))


def stub(name: str, **members) -> None:
    """A package that VMamba imports and does not need here."""
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules.setdefault(name, module)


def modules(checkout: Path):
    """VMamba's `vmamba`, `csms6s`, `csm_triton`."""
    stub("fvcore")
    counters = ("FlopCountAnalysis", "flop_count_str", "flop_count", "parameter_count")
    stub("fvcore.nn", **dict.fromkeys(counters))
    stub("mamba2")
    stub("mamba2.ssd_minimal", selective_scan_chunk_fn=None)
    try:
        importlib.import_module("timm.models.layers")
    except ImportError:
        sys.modules["timm.models.layers"] = importlib.import_module("timm.layers")
    sys.path.insert(0, str(checkout / "classification" / "models"))
    return tuple(importlib.import_module(name) for name in ("vmamba", "csms6s", "csm_triton"))


def encoder(vmamba, blocks: int, ratio: float) -> torch.nn.Module:
    """The backbone up to the end of stage 3 and `outnorm2`; the reference would run stage 4 too, and throw it away."""
    model = vmamba.Backbone_VSSM(
        out_indices=(2,),
        dims=[96, 192, 384],
        depths=[2, 2, blocks],
        ssm_d_state=1,
        ssm_ratio=ratio,
        ssm_dt_rank="auto",
        ssm_act_layer="silu",
        ssm_conv=3,
        ssm_conv_bias=False,
        ssm_init="v0",
        forward_type="v05_noz",
        mlp_ratio=4.0,
        mlp_act_layer="gelu",
        norm_layer="ln2d",
        downsample_version="v3",
        patchembed_version="v2",
    )
    return model.eval().requires_grad_(False)


def scans(scale: Scale, results: Results, csms6s, csm_triton) -> None:
    """The scan with the cross-scan and cross-merge around it, which is what our one operation does."""
    for batch in (1, scale.batch):
        for side, channels in STAGES:
            length = side * side

            def make(seed, batch=batch, side=side, channels=channels, length=length):
                torch.manual_seed(seed)
                x = torch.randn(batch, channels, side, side, device=scale.device)
                delta = torch.randn(batch, 4 * channels, length, device=scale.device) * 0.5
                a = -torch.rand(4 * channels, 1, device=scale.device) - 0.5
                b, c = (torch.randn(batch, 4, 1, length, device=scale.device) for _ in range(2))
                d = torch.ones(4 * channels, device=scale.device)
                bias = torch.full((4 * channels,), -3.0, device=scale.device)

                def run():
                    u = csm_triton.cross_scan_fn(x, in_channel_first=True, out_channel_first=True, scans=0)
                    u = u.view(batch, -1, length)
                    y = csms6s.selective_scan_fn(u, delta, a, b, c, d, bias, True, False)
                    y = y.view(batch, 4, -1, side, side)
                    return csm_triton.cross_merge_fn(y, in_channel_first=True, out_channel_first=True, scans=0)

                return run

            moved = 4.0 * batch * length * (6 * channels + 8)
            ours = f"scan {side}x{side}x{channels} b{batch}"
            with torch.no_grad():
                peer = "VMamba's CUDA kernel + its Triton cross-scan and merge, f32"
                results.attempt(ours, peer, lambda make=make, moved=moved: kernel(scale, make, moved))


def build_alongside(checkout: Path) -> subprocess.Popen:
    """The build as a process of its own, into a folder that `build` then finds finished."""
    os.environ.setdefault("SIGHTLINE_PEERS_BUILD", tempfile.mkdtemp(prefix="vmamba-"))
    code = f"import pathlib, upstream; upstream.build(pathlib.Path({str(checkout)!r}))"
    here = Path(__file__).resolve().parent
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-c", code], cwd=here, **quiet)


def run(
    checkout: Path | None,
    scale: Scale,
    results: Results,
    left: Callable[[], float],
    building: subprocess.Popen | None = None,
) -> None:
    if checkout is None:
        raise NotRun("no checkout (--vmamba-checkout DIR)")
    if not scale.cuda:
        raise NotRun("its kernel needs CUDA")
    if building is not None:
        building.wait(timeout=max(left(), 1))
    elif left() < 75:
        raise NotRun("too little time left to build its kernel")
    checkout = checkout.resolve()
    build(checkout)
    vmamba, csms6s, csm_triton = modules(checkout)
    scans(scale, results, csms6s, csm_triton)
    for name, blocks, ratio in (("VMamba-T (s1l8) f32", 8, 1.0), ("VMamba-S (s2l15) f32", 15, 2.0)):
        torch.manual_seed(0)
        model = encoder(vmamba, blocks, ratio).to(scale.device)
        for side, batch in sizes(scale):
            names = (name,) + (("sightline-vmamba-tiny int8",) if blocks == 8 else ())
            ours = ours_of(names, side, batch)
            if not results.wants(ours):
                continue
            x = torch.randn(batch, 3, side, side, device=scale.device)
            for label, _ in precisions(scale):
                if left() < 5:
                    raise NotRun("the time was up")

                def forward(model=model, x=x, label=label):
                    with autocast(scale, label):
                        return model(x)

                note = "" if label == "f32" else "autocast"
                with torch.no_grad():
                    both_ways(scale, results, ours, f"VMamba's own code, {label}", forward, note)
