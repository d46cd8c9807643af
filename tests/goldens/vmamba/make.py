"""Golden features of VMamba, made by its authors' own PyTorch code.

    python tests/goldens/vmamba/make.py --vmamba-checkout DIR [--mutants] [--only ours]

DIR is a checkout of github.com/MzeroMiko/VMamba (MIT); its code is imported, never copied. No CUDA kernel is needed:
without one the reference falls back to its own torch loop.
"""

import argparse
import importlib
import sys
import types
import warnings
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402

CONFIGS = {
    "ours": {"dims": [96, 192, 384], "depths": [2, 2, 8], "ssm_ratio": 1.0, "d_state": 1},
    "s": {"dims": [96, 192, 384], "depths": [2, 2, 15], "ssm_ratio": 2.0, "d_state": 1},
    "b": {"dims": [128, 256, 512], "depths": [2, 2, 15], "ssm_ratio": 2.0, "d_state": 1},
    "n16": {"dims": [32, 64, 128], "depths": [1, 1, 2], "ssm_ratio": 2.0, "d_state": 16},
}
SIZES = {"224x224": (224, 224), "203x157": (203, 157)}  # height x width


def stub(name: str) -> None:
    """A stand-in for a package that the reference imports but does not use on this path."""
    module = types.ModuleType(name)
    module.__path__ = []

    def anything(attribute: str):
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return lambda *args, **kwargs: args[0] if args else None

    module.__getattr__ = anything
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)


def reference(checkout: Path):
    """The reference's `vmamba` module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("timm.models.layers")  # before the stubs: torch looks for triton while timm loads
        stubs = ("mamba2", "mamba2.ssd_minimal", "fvcore", "fvcore.nn", "triton", "triton.language")
        kept = {name: sys.modules.get(name) for name in stubs}
        for name in stubs:
            stub(name)
        sys.path.insert(0, str(checkout / "classification" / "models"))
        module = importlib.import_module("vmamba")
    for name, value in kept.items():
        if value is None:
            del sys.modules[name]
        else:
            sys.modules[name] = value
    # its scan enters the tensor's CUDA device even where there is none
    sys.modules["csm_triton"].torch.cuda.device = lambda _device: nullcontext()
    return module


@contextmanager
def in_double():
    """Lets the reference's casts to float keep f64, so that the golden carries no rounding of its own."""
    single, cast = torch.float, torch.Tensor.float
    torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.float, torch.Tensor.float = single, cast


def build(vmamba, config: dict):
    model = vmamba.Backbone_VSSM(
        out_indices=(2,),
        dims=config["dims"],
        depths=config["depths"],
        ssm_d_state=config["d_state"],
        ssm_ratio=config["ssm_ratio"],
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
    common.fill_encoder(model)
    return model.eval()


def features(model, pixels: np.ndarray, taps: dict | None = None) -> np.ndarray:
    """[tokens, width] after outnorm2, tokens row-major; `taps` receives channel means and RMS on the way."""
    hooks = []
    if taps is not None:

        def listen(name):
            def hook(_module, _inputs, output):
                value = output.detach()[0].double().flatten(1)
                taps[name + ".mean"] = value.mean(1).numpy().astype(np.float32)
                taps[name + ".rms"] = value.pow(2).mean(1).sqrt().numpy().astype(np.float32)

            return hook

        hooks.append(model.patch_embed.register_forward_hook(listen("patch_embed")))
        for index, layer in enumerate(model.layers):
            hooks.append(layer.blocks.register_forward_hook(listen(f"stage{index + 1}")))
    dtype = next(model.parameters()).dtype
    with torch.no_grad():
        out = model(torch.from_numpy(common.normalised(pixels)).to(dtype))[0]
    for hook in hooks:
        hook.remove()
    return out[0].flatten(1).T.double().numpy()


def make(vmamba, name: str) -> None:
    config = CONFIGS[name]
    model = build(vmamba, config)
    tensors = {}
    for size, (height, width) in SIZES.items():
        seen = []
        for pic in common.PICTURES:
            pixels = common.picture(pic, height, width)
            single = features(model, pixels)
            taps = {}
            with in_double():
                double = features(model.double(), pixels, taps)
            model.float()
            seen.append(double)
            gap = np.abs(single - double).max()
            print(f"{name} {size} {pic}: |f32 - f64| {gap:.1e}, rms {np.sqrt((double**2).mean()):.3f}")
            for key, value in {**common.summary(double), **taps}.items():
                tensors[f"{size}.{pic}.{key}"] = value
        print(f"{name} {size}: cosine between the pictures {common.cosine(*seen):.4f}")
    common.save(HERE / f"{name}.safetensors", tensors, {"case": f"vmamba/{name}", **config})


def mutants(vmamba, name: str) -> None:
    """How far plausible mistakes move the features (f32, first picture): the tests must see each of them."""

    def swap(one, other, blocks):
        def change(model):
            for block in blocks(model):
                op = block.op
                for parameter in (op.x_proj_weight, op.dt_projs_weight, op.dt_projs_bias, op.A_logs, op.Ds):
                    groups = parameter.data.view(4, -1)
                    groups[[one, other]] = groups[[other, one]]

        return change

    def every(model):
        return [block for layer in model.layers for block in layer.blocks]

    def last(model):
        return [model.layers[2].blocks[-1]]

    def drop_d(blocks):
        return lambda model: [block.op.Ds.data.zero_() for block in blocks(model)]

    def epsilon(model):
        for module in model.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.eps = 1e-6

    def tanh(model):
        for module in model.modules():
            for child, value in module.named_children():
                if isinstance(value, torch.nn.GELU):
                    setattr(module, child, torch.nn.GELU(approximate="tanh"))

    changes = {
        "directions 0, 1 swapped (row / column)": swap(0, 1, every),
        "directions 0, 2 swapped (forth / back)": swap(0, 2, every),
        "directions 1, 3 swapped": swap(1, 3, every),
        "directions 0, 1 swapped in the last block only": swap(0, 1, last),
        "directions 0, 2 swapped in the last block only": swap(0, 2, last),
        "D dropped": drop_d(every),
        "D dropped in the last block only": drop_d(last),
        "dt bias dropped": lambda model: [block.op.dt_projs_bias.data.zero_() for block in every(model)],
        "A_logs dropped": lambda model: [block.op.A_logs.data.zero_() for block in every(model)],
        "last block left out": lambda model: model.layers[2].blocks.__delitem__(-1),
        "GELU by tanh": tanh,
        "LayerNorm eps 1e-6": epsilon,
    }
    pixels = common.picture(common.PICTURES[0], *SIZES["224x224"])
    base = features(build(vmamba, CONFIGS[name]), pixels)
    print(f"| mutant ({name}) | max abs | cosine |\n|---|---|---|")
    for label, change in changes.items():
        model = build(vmamba, CONFIGS[name])
        change(model)
        out = features(model, pixels)
        print(f"| {label} | {np.abs(out - base).max():.2g} | {common.cosine(out, base):.6f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vmamba-checkout", type=Path, required=True)
    parser.add_argument("--only", choices=CONFIGS, nargs="+", default=list(CONFIGS))
    parser.add_argument("--mutants", action="store_true", help="measure mutants instead of writing files")
    options = parser.parse_args()
    vmamba = reference(options.vmamba_checkout)
    for name in options.only:
        (mutants if options.mutants else make)(vmamba, name)


if __name__ == "__main__":
    main()
