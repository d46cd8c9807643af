"""Stage 3b: each connector is regressed from frozen encoder tokens to the name tokens the language side reads
(`recipes/align.yaml`). Targets: the true name mixed with the expected name under the arm's own dense head; neutral on
background. Tiny mosaics and letterboxed single pictures."""

import torch
import torch.nn.functional as F

from .context import Context
from .data.bank import Bank, Canvas, letterbox_rect
from .data.layouts import SLOTS
from .data.sources import SETS
from .dense import draw_canvases, load_dense
from .names import NEUTRAL
from .optim import MasterAdamW, cosine, step_generator, synchronize
from .probes import to_pixels
from .resume import Progress
from .vlm import Interface, load_language_model, soft_names


def draw_singles(bank: Bank, sets: dict, count: int, jitter: float, area_min: float, generator) -> Canvas:
    """Letterboxed crops of single labelled pictures. `sets`: their weights; `jitter`: of the logarithm of the aspect."""
    rand = lambda *shape: torch.rand(*shape, device=bank.device, generator=generator)  # noqa: E731
    picture = bank.pick(sets, (count, 1), generator).expand(-1, SLOTS)
    aspect = bank.width[picture].float() / bank.height[picture].float()
    rect = letterbox_rect(aspect * torch.exp((rand(count, 1) * 2 - 1) * jitter))
    window = bank.windows(picture, rect, area_min, 0.15, generator, keep_box=True)
    layout = torch.zeros(count, dtype=torch.long, device=bank.device)
    return Canvas(layout, picture, rect, window, (rand(count, 1) < 0.5).expand(-1, SLOTS))


def token_targets(bank: Bank, canvas: Canvas, logits, interface: Interface, share_true: float):
    """Target name vectors `[batch, 196, 576]` before the oracle map."""
    slot, content = bank.token_slots(canvas)
    _, in_box = bank.token_boxes(canvas)
    name = bank.name[canvas.picture].gather(1, slot)
    tiny = (name >= 0) & (name < 200)
    true = interface.names[torch.where(torch.where(tiny, in_box, content), name, NEUTRAL)]
    expected = soft_names(logits.softmax(-1), interface.names)
    mixed = torch.where(tiny[..., None], share_true * true + (1 - share_true) * expected, true)
    return F.normalize(mixed, dim=-1) * interface.names.norm(dim=1).mean()


@torch.no_grad()
def nearest_name(ctx: Context, bank: Bank, encoder, interface: Interface) -> dict:
    """Gate: is the name nearest to the mean content token of a held-out Imagenette picture the right one?"""
    first, end = bank.sets["imagenette_val"]
    table = F.normalize(interface.from_names(interface.names).float(), dim=-1)
    pillow, right10, right_all = bank.canvases("imagenette_val"), 0, 0
    for i in range(first, end, 250):
        ids = torch.arange(i, min(end, i + 250), device=bank.device)
        pixels = to_pixels(pillow[i - first : i - first + len(ids)], ctx.device, ctx.dtype)
        content = bank.token_slots(bank.full(ids, True))[1].float()[..., None]
        mean = (interface.connector(encoder(pixels)).float() * content).sum(1)
        similarity = F.normalize(mean, dim=-1) @ table.t()
        right10 += (similarity[:, 200:210].argmax(1) + 200 == bank.name[ids]).sum().item()
        right_all += (similarity[:, :NEUTRAL].argmax(1) == bank.name[ids]).sum().item()
    return {
        "imagenette_of_10": right10 / (end - first),
        "imagenette_of_311": right_all / (end - first),
        "n": end - first,
    }


def run(ctx: Context, arm: str) -> None:
    """Writes `<arm>_align.pt`: the connector."""
    recipe = ctx.recipe("align")
    bank = ctx.bank(list(SETS))
    lm, prompter = load_language_model(ctx)
    interface = Interface(ctx, lm, prompter)
    interface.load(ctx.load("oracle"), connector=False)
    encoder, head = load_dense(ctx, arm)
    optimizer = MasterAdamW([(interface.connector.requires_grad_(True).parameters(), recipe["lr"], 0.01)])
    progress = Progress(ctx, f"align_{arm}", {"connector": interface.connector}, optimizer, recipe["keep_every"])
    log, steps = ctx.log(f"align_{arm}"), recipe["steps"]
    step = progress.start - 1
    for step in range(progress.start, steps):
        generator = step_generator(ctx.device, recipe["seed"], step)
        half = recipe["batch"] // 2
        mosaics = draw_canvases(bank, "tiny_train", half, generator, recipe)
        canvas = Canvas.cat([mosaics, draw_singles(bank, recipe["singles"], half, 0.2, recipe["area_min"], generator)])
        with torch.no_grad():
            tokens = encoder(bank.render(canvas, recipe["color_jitter"], generator, ctx.dtype))
            target = token_targets(bank, canvas, head(tokens)[0], interface, recipe["share_true"])
            target = interface.from_names(target).float()
        given = interface.connector(tokens).float()
        cosine_loss = 1 - F.cosine_similarity(given, target, dim=-1).mean()
        mse = (given - target).pow(2).sum(-1).mean() / target.pow(2).sum(-1).mean()
        (cosine_loss + mse).backward()
        optimizer.step(cosine(step, steps, recipe["warmup"]))
        if step % 20 == 0 or step == steps - 1:
            log.write(show=step % 100 == 0, step=step, cosine=cosine_loss.item(), mse=mse.item())
        if progress.seconds > recipe["max_seconds"]:
            break
        progress.after(step)
    synchronize(ctx.device)
    gate = nearest_name(ctx, bank, encoder, interface)
    log.write(show=True, what="gate", steps=step + 1, seconds=progress.seconds, **gate)
    ctx.result(f"align_{arm}", gate)
    ctx.save(f"{arm}_align", connector=interface.connector.state_dict())
    progress.finish()
