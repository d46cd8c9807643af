"""Golden features of timm's ConvNeXt.

python tests/goldens/convnext/make.py [--mutants] [--only ours]
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from timm.models.convnext import ConvNeXt

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402

# Three stages run. `scale`: whether the blocks have a layer scale, as published files do; `norm`:
# whether timm's `norm_pre` follows the third stage.
CONFIGS = {
    "ours": {"dims": [96, 192, 384], "depths": [3, 3, 11], "scale": False, "norm": True},
    "t": {"dims": [96, 192, 384], "depths": [3, 3, 9], "scale": True, "norm": False},
}
SIZES = {"224x224": (224, 224), "203x157": (203, 157)}  # height x width: 14 x 14 and 12 x 9 tokens


def build(config: dict) -> ConvNeXt:
    model = ConvNeXt(
        # timm always builds four stages; the fourth goes, and `norm_pre`, which is as wide as it,
        # stays.
        dims=(*config["dims"], config["dims"][-1]),
        depths=(*config["depths"], 1),
        ls_init_value=1.0 if config["scale"] else None,
        head_norm_first=config["norm"],
        num_classes=0,
    )
    model.stages = model.stages[:3]
    common.fill_encoder(model)
    return model.eval()


def features(model: ConvNeXt, pixels: np.ndarray) -> np.ndarray:
    """[tokens, width] of the third stage, tokens row-major."""
    dtype = next(model.parameters()).dtype
    image = torch.from_numpy(common.normalised(pixels)).to(dtype)
    with torch.no_grad():
        out = model.forward_features(image)
    return out[0].flatten(1).T.double().numpy()


def make(name: str) -> None:
    config, tensors = CONFIGS[name], {}
    model = build(config)
    for size, (height, width) in SIZES.items():
        seen = []
        for pic in common.PICTURES:
            pixels = common.picture(pic, height, width)
            single = features(model.float(), pixels)
            double = features(model.double(), pixels)
            seen.append(double)
            gap = np.abs(single - double).max()
            print(f"{name} {size} {pic}: |f32 - f64| {gap:.1e}, rms {np.sqrt((double**2).mean()):.3f}")
            for key, value in common.summary(double).items():
                tensors[f"{size}.{pic}.{key}"] = value
        print(f"{name} {size}: cosine between the pictures {common.cosine(*seen):.4f}")
    common.save(HERE / f"{name}.safetensors", tensors, {"case": f"convnext/{name}", "kernel": 7, **config})


def mutants(name: str) -> None:
    """How far plausible mistakes move the features (f32, first picture)."""
    config = CONFIGS[name]
    pixels = common.picture(common.PICTURES[0], *SIZES["224x224"])
    base = features(build(config), pixels)

    def blocks(model):
        return [block for stage in model.stages for block in stage.blocks]

    def transposed(model):
        for block in blocks(model):
            block.conv_dw.weight.data = block.conv_dw.weight.data.transpose(2, 3).contiguous()

    def no_bias(model):
        for block in blocks(model):
            block.conv_dw.bias.data.zero_()

    def tanh(model):
        for block in blocks(model):
            block.mlp.act = torch.nn.GELU(approximate="tanh")

    def epsilon(model):
        for module in model.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.eps = 1e-5

    def patches_transposed(model):
        convolutions = [model.stem[0], *(stage.downsample[1] for stage in model.stages[1:])]
        for conv in convolutions:
            conv.weight.data = conv.weight.data.transpose(2, 3).contiguous()

    def no_scale(model):
        for block in blocks(model):
            if block.gamma is not None:
                block.gamma.data.fill_(1.0)

    def last_block_left_out(model):
        model.stages[2].blocks[-1] = torch.nn.Identity()

    changes = {
        "7 x 7 kernels transposed": transposed,
        "patches of the strides transposed": patches_transposed,
        "bias of the 7 x 7 kernels dropped": no_bias,
        "layer scale dropped": no_scale,
        "GELU by tanh": tanh,
        "LayerNorm eps 1e-5": epsilon,
        "last block left out": last_block_left_out,
    }
    print(f"| mutant ({name}) | max abs | cosine |\n|---|---|---|")
    for label, change in changes.items():
        model = build(config)
        change(model)
        out = features(model, pixels)
        print(f"| {label} | {np.abs(out - base).max():.2g} | {common.cosine(out, base):.6f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CONFIGS, nargs="+", default=list(CONFIGS))
    parser.add_argument("--mutants", action="store_true", help="measure mutants instead of writing files")
    options = parser.parse_args()
    for name in options.only:
        (mutants if options.mutants else make)(name)


if __name__ == "__main__":
    main()
