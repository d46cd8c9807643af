"""Stage 1: encoders from scratch on mosaics, teacher and labels together (`recipes/pretrain.yaml`)."""

import torch
import torch.nn.functional as F

from .context import Context
from .data.bank import Bank, Canvas, letterbox_rect
from .data.layouts import ALIGNED, SLOTS, TILES
from .data.sources import TRAIN_SETS
from .encoders import make_encoder
from .heads import PretrainHead
from .optim import MasterAdamW, batch_hash, cosine, step_generator, synchronize
from .resume import Progress


def draw_canvases(bank: Bank, recipe: dict, generator) -> Canvas:
    """One training batch: single pictures (some letterboxed), cuts on the token grid, 4x4 tiles."""
    batch = recipe["batch"]
    singles, cuts = int(batch * recipe["share_single"]), int(batch * recipe["share_cuts"])
    counts = {"single": singles, "cuts": cuts, "tiles": batch - singles - cuts}
    device, ranges = bank.device, bank.layouts.ranges
    rand = lambda *shape: torch.rand(*shape, device=device, generator=generator)  # noqa: E731
    between = lambda kind, n: torch.randint(*ranges[kind], (n,), device=device, generator=generator)  # noqa: E731
    layout = torch.cat(
        [torch.zeros(singles, dtype=torch.long, device=device), between(ALIGNED, cuts), between(TILES, counts["tiles"])]
    )
    picture = torch.cat([bank.pick(recipe["sources"][k], (n, SLOTS), generator) for k, n in counts.items()])
    rect = bank.layouts.rect[layout].clone()
    boxed = rand(singles) < recipe["share_letterboxed"]
    aspect = bank.width[picture[:singles]].float() / bank.height[picture[:singles]].float()
    aspect = aspect * torch.exp((rand(singles, SLOTS) * 2 - 1) * recipe["aspect_jitter"])
    rect[:singles] = torch.where(boxed[:, None, None], letterbox_rect(aspect), rect[:singles])
    window = bank.windows(picture, rect, recipe["area_min"], recipe["aspect_jitter"], generator)
    return Canvas(layout, picture, rect, window, rand(batch, SLOTS) < 0.5)


def pool_slots(tokens, slot, content) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean of the content tokens of every slot. tokens `[batch, 196, width]` -> `[batch, 16, width]`, used `[batch, 16]`."""
    batch, _, width = tokens.shape
    weight = content.float()
    total = torch.zeros(batch, SLOTS, width, device=tokens.device)
    total.scatter_add_(1, slot[..., None].expand(-1, -1, width), tokens.float() * weight[..., None])
    count = torch.zeros(batch, SLOTS, device=tokens.device).scatter_add_(1, slot, weight)
    return total / count.clamp(min=1)[..., None], count > 0


def losses(tokens, canvas: Canvas, bank: Bank, head: PretrainHead, teacher, recipe: dict) -> dict[str, torch.Tensor]:
    """Distillation, labels per tile, Caltech labels, labels per token, and their weighted sum under `loss`."""
    slot, content = bank.token_slots(canvas)
    pooled, used = pool_slots(tokens, slot, content)
    imagenet, caltech = head(pooled[used].to(tokens.dtype))
    pictures = canvas.picture[used]
    kl = F.kl_div(F.log_softmax(imagenet, -1), F.softmax(teacher[pictures].float(), -1), reduction="batchmean")
    smoothing = recipe["label_smoothing"]
    ce = F.cross_entropy(imagenet, bank.imagenet[pictures], ignore_index=-1, label_smoothing=smoothing)
    label = bank.caltech[pictures]
    cal = F.cross_entropy(caltech, label, ignore_index=-1, reduction="sum") / (label >= 0).sum().clamp(min=1)
    token_label = bank.imagenet[canvas.picture].gather(1, slot).masked_fill(~content, -1)
    token = F.cross_entropy(head.imagenet(tokens).float().flatten(0, 1), token_label.flatten(), ignore_index=-1)
    total = kl + ce + recipe["weight_caltech"] * cal + recipe["weight_token"] * token
    return {"loss": total, "kd": kl, "ce": ce, "cc": cal, "tok": token}


def run(ctx: Context, arm: str) -> None:
    """Trains one arm and writes `<arm>_pretrain.pt`."""
    recipe = ctx.recipe("pretrain")
    bank = ctx.bank(TRAIN_SETS)
    teacher = ctx.load("teacher")["logits"]
    encoder = make_encoder(arm, recipe["seed"], ctx.toy).to(ctx.device, ctx.dtype)
    head = PretrainHead().to(ctx.device, ctx.dtype)
    groups = [([*encoder.parameters(), *head.parameters()], recipe["lr"], recipe["weight_decay"])]
    optimizer = MasterAdamW(groups, group=ctx.group)
    progress = Progress(ctx, f"pretrain_{arm}", {"encoder": encoder, "head": head}, optimizer, recipe["keep_every"])
    log, steps, share = ctx.log(f"pretrain_{arm}"), recipe["steps"], ctx.group.share(recipe["batch"])
    step = progress.start - 1
    for step in range(progress.start, steps):
        generator = step_generator(ctx.device, recipe["seed"], step)
        canvas = draw_canvases(bank, recipe, generator)
        pixels = bank.render(canvas, recipe["color_jitter"], generator, ctx.dtype)
        parts = losses(encoder(pixels[share]), canvas[share], bank, head, teacher, recipe)
        parts["loss"].backward()
        norm = optimizer.step(cosine(step, steps, recipe["warmup"]))
        if step % 100 == 0:
            log.write(step=step, batch=batch_hash(pixels, canvas.picture, bank.imagenet[canvas.picture]))
        if step % 10 == 0 or step == steps - 1:
            values = {k: v.item() for k, v in parts.items()}
            log.write(show=step % 200 == 0, step=step, gn=norm.item(), **values)
            if ctx.group.agreed(progress.seconds > recipe["max_seconds"], ctx.device):
                log.write(show=True, step=step, what="stopped at max_seconds")
                break
        progress.after(step)
    synchronize(ctx.device)
    seconds = progress.seconds
    log.write(show=True, what="done", steps=step + 1, seconds=seconds, canvases=(step + 1) * recipe["batch"])
    ctx.save(f"{arm}_pretrain", encoder=encoder.state_dict(), head=head.state_dict())
    progress.finish()
