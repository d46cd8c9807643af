"""Golden features of timm's plain VisionTransformer.

python tests/goldens/vit/make.py [--mutants] [--only ours]
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from timm.models.vision_transformer import VisionTransformer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402

# `tap`: block whose output is taken (0-based), and whether the final norm follows
CONFIGS = {
    "ours": {"width": 384, "depth": 8, "heads": 6, "class_token": False, "tap": 7, "norm": True},
    "s": {"width": 384, "depth": 12, "heads": 6, "class_token": True, "tap": 10, "norm": False},
    "b": {"width": 768, "depth": 12, "heads": 12, "class_token": True, "tap": 10, "norm": False},
}
SIZES = {"224x224": (224, 224), "208x176": (208, 176)}  # height x width: 14 x 14 and 13 x 11 patches


def build(config: dict, size: tuple[int, int]) -> VisionTransformer:
    model = VisionTransformer(
        img_size=size,
        patch_size=16,
        embed_dim=config["width"],
        depth=config["depth"],
        num_heads=config["heads"],
        class_token=config["class_token"],
        global_pool="token" if config["class_token"] else "avg",
        fc_norm=False,
        num_classes=0,
    )
    common.fill_encoder(model)
    return model.eval()


def features(model, config: dict, pixels: np.ndarray) -> np.ndarray:
    """[tokens, width] at the tap, class token removed, tokens row-major."""
    dtype = next(model.parameters()).dtype
    image = torch.from_numpy(common.normalised(pixels)).to(dtype)
    with torch.no_grad():
        out = model.forward_intermediates(
            image, indices=[config["tap"]], norm=config["norm"], output_fmt="NLC", intermediates_only=True
        )
    return out[0][0].double().numpy()


def make(name: str) -> None:
    config, tensors = CONFIGS[name], {}
    for size, (height, width) in SIZES.items():
        model, seen = build(config, (height, width)), []
        for pic in common.PICTURES:
            pixels = common.picture(pic, height, width)
            single = features(model, config, pixels)
            double = features(model.double(), config, pixels)
            model.float()
            seen.append(double)
            gap = np.abs(single - double).max()
            print(f"{name} {size} {pic}: |f32 - f64| {gap:.1e}, rms {np.sqrt((double**2).mean()):.3f}")
            for key, value in common.summary(double).items():
                tensors[f"{size}.{pic}.{key}"] = value
        print(f"{name} {size}: cosine between the pictures {common.cosine(*seen):.4f}")
    common.save(HERE / f"{name}.safetensors", tensors, {"case": f"vit/{name}", "patch": 16, **config})


def mutants(name: str) -> None:
    """How far plausible mistakes move the features (f32, first picture)."""
    config, size = CONFIGS[name], SIZES["224x224"]
    pixels = common.picture(common.PICTURES[0], *size)
    base = features(build(config, size), config, pixels)

    def transposed_positions(model):
        first = int(config["class_token"])
        grid = model.pos_embed.data[:, first:].view(1, 14, 14, -1).transpose(1, 2).reshape(1, 196, -1)
        model.pos_embed.data[:, first:] = grid

    def no_scale(model):
        for block in model.blocks:
            block.attn.scale = 1.0
            block.attn.fused_attn = False

    def key_value_swapped(model):
        for block in model.blocks:
            for tensor in (block.attn.qkv.weight, block.attn.qkv.bias):
                part = tensor.data.view(3, config["width"], -1)
                part[[1, 2]] = part[[2, 1]]

    def heads_innermost(model):
        """As if the rows of qkv were ordered [head, qkv, dim] instead of [qkv, head, dim]."""
        for block in model.blocks:
            for tensor in (block.attn.qkv.weight, block.attn.qkv.bias):
                value = tensor.data.view(config["heads"], 3, 64, -1).transpose(0, 1).reshape(tensor.shape)
                tensor.data.copy_(value)

    def epsilon(model):
        for module in model.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.eps = 1e-5

    def tanh(model):
        for block in model.blocks:
            block.mlp.act = torch.nn.GELU(approximate="tanh")

    changes = {
        "position embedding transposed": transposed_positions,
        "position embedding dropped": lambda model: model.pos_embed.data.zero_(),
        "attention scale dropped": no_scale,
        "keys and values swapped": key_value_swapped,
        "qkv rows read as [head, qkv, dim]": heads_innermost,
        "GELU by tanh": tanh,
        "LayerNorm eps 1e-5": epsilon,
    }
    print(f"| mutant ({name}) | max abs | cosine |\n|---|---|---|")

    def report(label, out):
        print(f"| {label} | {np.abs(out - base).max():.2g} | {common.cosine(out, base):.6f} |")

    for label, change in changes.items():
        model = build(config, size)
        change(model)
        report(label, features(model, config, pixels))
    report("tap one block earlier", features(build(config, size), {**config, "tap": config["tap"] - 1}, pixels))
    report("final norm toggled", features(build(config, size), {**config, "norm": not config["norm"]}, pixels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CONFIGS, nargs="+", default=list(CONFIGS))
    parser.add_argument("--mutants", action="store_true", help="measure mutants instead of writing files")
    options = parser.parse_args()
    for name in options.only:
        (mutants if options.mutants else make)(name)


if __name__ == "__main__":
    main()
