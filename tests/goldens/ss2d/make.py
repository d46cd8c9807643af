"""Golden outputs of the four-way selective scan with real trained parameters.

    python tests/goldens/ss2d/make.py --opensr-mamba FILE_OR_DIR --vmamba-checkout DIR

The first is the wheel of PyPI opensr-mamba 0.0.1 (MIT, Copyright (c) 2024 Cesar Aybar) or a folder it was unpacked to.
The recurrence is written out below as a loop in f64; VMamba's own scan checks it where a checkout is given.
"""

import argparse
import importlib.util
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402

WEIGHTS = "opensr_mamba/mamba/weights/srmodel.pth"
BLOCKS = ["layers.0.residual_group.blocks.0", "layers.1.residual_group.blocks.0", "layers.2.residual_group.blocks.1"]
NAMES = ["A_logs", "Ds", "dt_projs_bias", "dt_projs_weight", "x_proj_weight"]
SIZES = [(14, 14), (13, 10), (5, 23)]
KEPT = 24  # positions kept of each output
STATE = 16


def parameters(source: Path) -> list[dict[str, np.ndarray]]:
    if source.is_dir():
        data = (source / WEIGHTS).read_bytes()
    else:
        data = zipfile.ZipFile(source).read(WEIGHTS)
    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return [{name: state[f"{block}.self_attention.{name}"].float().numpy() for name in NAMES} for block in BLOCKS]


def directions(height: int, width: int) -> np.ndarray:
    """[4, L]: the row-major position visited at each step of each direction."""
    rows = np.arange(height * width)
    columns = rows.reshape(height, width).T.ravel()
    return np.stack([rows, columns, rows[::-1], columns[::-1]])


def scan(u: np.ndarray, p: dict[str, np.ndarray], height: int, width: int) -> np.ndarray:
    """u [L, D] -> y [L, D] summed over the four directions; everything in f64, one step after the other."""
    p = {name: value.astype(np.float64) for name, value in p.items()}
    inner, rank = p["dt_projs_weight"].shape[1:]
    a = -np.exp(p["A_logs"]).reshape(4, inner, STATE)
    skip = p["Ds"].reshape(4, inner)
    y = np.zeros_like(u)
    for k, order in enumerate(directions(height, width)):
        h = np.zeros((inner, STATE))
        for position in order:
            x = u[position]
            projected = p["x_proj_weight"][k] @ x
            dt, b, c = projected[:rank], projected[rank : rank + STATE], projected[rank + STATE :]
            delta = np.logaddexp(0.0, p["dt_projs_weight"][k] @ dt + p["dt_projs_bias"][k])
            h = np.exp(delta[:, None] * a[k]) * h + (delta * x)[:, None] * b[None, :]
            y[position] += h @ c + skip[k] * x
    return y


def by_vmamba(checkout: Path, u: np.ndarray, p: dict[str, np.ndarray], height: int, width: int) -> np.ndarray:
    """The same by VMamba's own cross-scan, torch scan and cross-merge, in f32."""
    spec = importlib.util.spec_from_file_location("vmamba_golden", HERE.parent / "vmamba" / "make.py")
    golden = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(golden)
    golden.reference(checkout)
    cross, core = sys.modules["csm_triton"], sys.modules["csms6s"]
    p = {name: torch.from_numpy(value) for name, value in p.items()}
    inner, rank = p["dt_projs_weight"].shape[1:]
    length = height * width
    x = torch.from_numpy(u.astype(np.float32)).T.reshape(1, inner, height, width)
    xs = cross.cross_scan_fn(x, force_torch=True)
    projected = torch.einsum("bkdl,kcd->bkcl", xs, p["x_proj_weight"])
    dts, bs, cs = torch.split(projected, [rank, STATE, STATE], dim=2)
    dts = torch.einsum("bkrl,kdr->bkdl", dts, p["dt_projs_weight"]).reshape(1, -1, length)
    ys = core.selective_scan_fn(
        xs.reshape(1, -1, length),
        dts,
        -torch.exp(p["A_logs"]),
        bs.contiguous(),
        cs.contiguous(),
        p["Ds"],
        p["dt_projs_bias"].reshape(-1),
        True,
        backend="torch",
    )
    y = cross.cross_merge_fn(ys.view(1, 4, inner, height, width), force_torch=True)
    return y.reshape(inner, length).T.double().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opensr-mamba", type=Path, required=True)
    parser.add_argument("--vmamba-checkout", type=Path)
    options = parser.parse_args()
    tensors = {}
    for index, p in enumerate(parameters(options.opensr_mamba)):
        tensors.update({f"block{index}.{name}": value for name, value in p.items()})
        inner = p["dt_projs_weight"].shape[1]
        for height, width in SIZES:
            size, length = f"{height}x{width}", height * width
            u = common.hashed(f"ss2d.input.{index}.{size}", (length, inner), 1.0).astype(np.float64)
            y = scan(u, p, height, width)
            kept = (2 * np.arange(KEPT) + 1) * length // (2 * KEPT)
            probe = common.hash_vec(inner, common.fnv1a("probe"), 2.0).astype(np.float64)
            tensors[f"block{index}.{size}.y"] = y[kept].astype(np.float32)
            tensors[f"block{index}.{size}.l2"] = np.sqrt((y**2).sum(axis=1)).astype(np.float32)
            tensors[f"block{index}.{size}.probe"] = (y @ probe).astype(np.float32)
            peak = np.abs(y).max()
            print(f"block {index} {size}: max |y| {peak:.2f}", end="")
            if options.vmamba_checkout:
                other = by_vmamba(options.vmamba_checkout, u, p, height, width)
                print(f", VMamba's f32 scan differs by {np.abs(other - y).max() / peak:.1e} of it", end="")
            swapped = {name: p[name].reshape(4, -1)[[1, 0, 2, 3]].reshape(p[name].shape) for name in NAMES}
            for label, mutant in {"0, 1 swapped": swapped, "D dropped": {**p, "Ds": 0 * p["Ds"]}}.items():
                print(f", {label} {np.abs(scan(u, mutant, height, width) - y).max() / peak:.2f}", end="")
            print()
    about = {"case": "ss2d", "source": "opensr-mamba 0.0.1, srmodel.pth, MIT", "blocks": BLOCKS, "sizes": SIZES}
    common.save(HERE / "trained.safetensors", tensors, about)


if __name__ == "__main__":
    main()
