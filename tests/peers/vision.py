"""ViT of timm, and a plain PyTorch VMamba with this project's Triton scan."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from timing import NotRun, Results, Scale, both_ways

TRAINING = Path(__file__).resolve().parents[2] / "weights" / "training"


class Tapped(torch.nn.Module):
    """timm's ViT up to the block that the vision-language model reads, as ours stops there too."""

    def __init__(self, vit: torch.nn.Module, blocks: int, norm: bool):
        super().__init__()
        self.vit, self.norm = vit, norm
        vit.blocks = vit.blocks[:blocks]

    def forward(self, x):
        vit = self.vit
        x = vit.blocks(vit.norm_pre(vit._pos_embed(vit.patch_embed(x))))
        if self.norm:
            x = vit.norm(x)
        return x[:, vit.num_prefix_tokens :]


def vit(name: str, side: int) -> torch.nn.Module:
    import timm

    if name == "ViT-S/16":
        model = timm.create_model("vit_small_patch16_224", pretrained=False, img_size=side, num_classes=0)
        return Tapped(model, 11, norm=False)
    from timm.models.vision_transformer import VisionTransformer

    model = VisionTransformer(
        img_size=side, embed_dim=384, depth=8, num_heads=6, class_token=False, global_pool="", num_classes=0
    )
    return Tapped(model, 8, norm=True)


def precisions(scale: Scale) -> tuple[tuple[str, torch.dtype], ...]:
    return (("f32", torch.float32), ("bf16", torch.bfloat16)) if scale.cuda else (("f32", torch.float32),)


def sizes(scale: Scale) -> list[tuple[int, int]]:
    """`(side, batch)` of every encoder."""
    return [(side, 1) for side in scale.sides] + ([(224, scale.batch)] if scale.cuda and not scale.quick else [])


def ours_of(names: tuple[str, ...], side: int, batch: int) -> tuple[str, ...]:
    """Our names of an encoder's run, in f32 arithmetic and with 16-bit products."""
    return tuple(f"{name}{half} {side}px b{batch}" for name in names for half in ("", "+f16"))


def run_vit(scale: Scale, results: Results, left: Callable[[], float]) -> None:
    for name, stored in (("ViT-S/16", "f32"), ("sightline-vit-tiny", "int8")):
        for side, batch in sizes(scale):
            ours = ours_of((f"{name} {stored}",), side, batch)
            if not results.wants(ours):
                continue
            for label, dtype in precisions(scale):
                if left() < 5:
                    raise NotRun("the time was up")
                torch.manual_seed(0)
                model = vit(name, side).to(scale.device, dtype).eval().requires_grad_(False)
                x = torch.randn(batch, 3, side, side, device=scale.device, dtype=dtype)
                with torch.no_grad():
                    both_ways(scale, results, ours, f"timm {label}", lambda model=model, x=x: model(x))


def autocast(scale: Scale, label: str):
    if label == "f32":
        return contextlib.nullcontext()
    return torch.autocast(scale.device.type, torch.bfloat16)


def run_vmamba(scale: Scale, results: Results, left: Callable[[], float]) -> None:
    """The training project's VMamba: PyTorch, channels last, with a fused Triton scan on CUDA."""
    sys.path.insert(0, str(TRAINING))
    try:
        from sightline_training.encoders.vmamba import VMamba
    except ImportError as error:
        raise NotRun(f"weights/training cannot be imported: {error}") from error
    torch.manual_seed(0)
    model = VMamba().to(scale.device).eval().requires_grad_(False)
    for side, batch in sizes(scale):
        ours = ours_of(("sightline-vmamba-tiny int8", "VMamba-T (s1l8) f32"), side, batch)
        if not results.wants(ours):
            continue
        x = torch.randn(batch, side, side, 3, device=scale.device)
        for label, _ in precisions(scale):
            if left() < 5:
                raise NotRun("the time was up")

            def run(x=x, label=label):
                with autocast(scale, label):
                    return model(x)

            note = "" if label == "f32" else "autocast"
            how = "Triton scan" if scale.cuda else "PyTorch scan"
            with torch.no_grad():
                both_ways(scale, results, ours, f"VMamba in PyTorch, {how}, {label}", run, note)
