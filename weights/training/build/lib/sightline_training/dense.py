"""Stage 2: dense tuning. The encoder learns, per token, which object it lies on and where that object's box is
(`recipes/dense.yaml`)."""

import torch
import torch.nn.functional as F

from .context import Context
from .data.bank import Bank, Canvas, letterbox_rect
from .data.layouts import FREE, SLOTS
from .data.sources import SETS, TRAIN_SETS
from .encoders import CANVAS, TOKENS, make_encoder
from .heads import BACKGROUND, CLASSES, DenseHead
from .optim import MasterAdamW, batch_hash, cosine, step_generator, synchronize
from .resume import Progress

MOST_OBJECTS = 6  # free layouts hold at most six pictures


def box_iou(a, b) -> tuple[torch.Tensor, torch.Tensor]:
    """IoU and generalised IoU of boxes `[..., 4]` (x0 y0 x1 y1)."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    overlap = (high - low).clamp(min=0).prod(-1)
    area = lambda t: (t[..., 2:] - t[..., :2]).clamp(min=0).prod(-1)  # noqa: E731
    union = area(a) + area(b) - overlap + 1e-6
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).prod(-1) + 1e-6
    iou = overlap / union
    return iou, iou - (hull - union) / hull


def draw_canvases(bank: Bank, source: str, batch: int, generator, augment: dict | None) -> Canvas:
    """Free mosaics of one Tiny set, an eighth of them single pictures (half of those letterboxed in training)."""
    singles, device = batch // 8, bank.device
    rand = lambda *shape: torch.rand(*shape, device=device, generator=generator)  # noqa: E731
    mosaics = torch.randint(*bank.layouts.ranges[FREE], (batch - singles,), device=device, generator=generator)
    layout = torch.cat([torch.zeros(singles, dtype=torch.long, device=device), mosaics])
    picture = bank.pick({source: 1.0}, (batch, SLOTS), generator)
    rect = bank.layouts.rect[layout].clone()
    if augment is None:
        window = bank.windows(picture, rect, 0.99, 0.0, generator, keep_box=True)
        return Canvas(layout, picture, rect, window, torch.zeros_like(picture, dtype=torch.bool))
    boxed = rand(singles) < augment["share_letterboxed"]
    aspect = torch.exp((rand(singles, SLOTS) * 2 - 1) * augment["aspect_jitter"])
    rect[:singles] = torch.where(boxed[:, None, None], letterbox_rect(aspect), rect[:singles])
    window = bank.windows(picture, rect, augment["area_min"], augment["aspect_jitter"], generator, keep_box=True)
    return Canvas(layout, picture, rect, window, rand(batch, SLOTS) < 0.5)


def targets(bank: Bank, canvas: Canvas):
    """Class `[batch, 196]` (200 = background), box in 0..1 `[batch, 196, 4]`, inside-a-box mask `[batch, 196]`."""
    box, inside = bank.token_boxes(canvas)
    label = bank.tiny[canvas.picture].gather(1, bank.layouts.token_slot[canvas.layout])
    return label.masked_fill(~inside, BACKGROUND), box / CANVAS, inside


def losses(outputs, label, box, inside, smoothing: float) -> dict[str, torch.Tensor]:
    logits, near, absolute = outputs
    ce = F.cross_entropy(logits.flatten(0, 1), label.flatten(), label_smoothing=smoothing)
    weight = inside.float() / inside.sum()
    reg = ((1 - box_iou(near, box)[1]) * weight).sum()
    absolute_cost = 2 * (absolute - box).abs().sum(-1) + 1 - box_iou(absolute, box)[1]
    aux = (absolute_cost * weight).sum()
    return {"loss": ce + reg + 0.5 * aux, "ce": ce, "reg": reg, "abs": aux}


def named_object_boxes(outputs, names) -> tuple[torch.Tensor, torch.Tensor]:
    """Box of the token with the highest probability of the name. names `[batch]` -> box `[batch, 4]`, score `[batch]`."""
    logits, near, _ = outputs
    probability = logits.softmax(-1).gather(2, names.view(-1, 1, 1).expand(-1, TOKENS, 1)).squeeze(-1)
    score, token = probability.max(1)
    return near.gather(1, token.view(-1, 1, 1).expand(-1, 1, 4)).squeeze(1), score


@torch.no_grad()
def evaluate(encoder, head, bank: Bank, count: int, batch: int, dtype, excluded: list[int]) -> dict:
    """Held-out mosaics: token classes, box quality, and the share of uniquely named objects found at IoU 0.5."""
    generator = step_generator(bank.device, 11, 0)
    sums = dict.fromkeys(("tokens", "right", "iou", "objects", "found"), 0.0)
    for _ in range(max(1, count // batch)):
        canvas = draw_canvases(bank, "tiny_val", batch, generator, None)
        for picture in excluded:
            canvas.picture[canvas.picture == picture] = picture + 1
        label, box, inside = targets(bank, canvas)
        outputs = head(encoder(bank.render(canvas, dtype=dtype)))
        sums["tokens"] += inside.sum().item()
        sums["right"] += ((outputs[0][..., :CLASSES].argmax(-1) == label) & inside).sum().item()
        sums["iou"] += (box_iou(outputs[1], box)[0] * inside).sum().item()
        slots = torch.arange(MOST_OBJECTS, device=bank.device)[None]
        used = slots < bank.layouts.count[canvas.layout][:, None]
        classes, truth = bank.tiny[canvas.picture[:, :MOST_OBJECTS]], bank.boxes(canvas)[:, :MOST_OBJECTS] / CANVAS
        for s in range(MOST_OBJECTS):
            unique = ((classes == classes[:, s : s + 1]) & used).sum(1) == 1
            asked = used[:, s] & unique
            found = box_iou(named_object_boxes(outputs, classes[:, s])[0], truth[:, s])[0] >= 0.5
            sums["objects"] += asked.sum().item()
            sums["found"] += (found & asked).sum().item()
    return {
        "token_accuracy": sums["right"] / sums["tokens"],
        "tokens": int(sums["tokens"]),
        "mean_iou": sums["iou"] / sums["tokens"],
        "named_object_at_50": sums["found"] / sums["objects"],
        "objects": int(sums["objects"]),
    }


def run(ctx: Context, arm: str) -> None:
    """Tunes one arm from `<arm>_pretrain.pt` and writes `<arm>_dense.pt`."""
    recipe = ctx.recipe("dense")
    bank = ctx.bank(TRAIN_SETS)
    encoder = make_encoder(arm, toy=ctx.toy).to(ctx.device, ctx.dtype)
    encoder.load_state_dict(ctx.load(f"{arm}_pretrain")["encoder"])
    torch.manual_seed(recipe["seed"])
    head = DenseHead().to(ctx.device, ctx.dtype)
    groups = [(encoder.parameters(), recipe["lr"], 0.05), (head.parameters(), recipe["lr_head"], 0.05)]
    optimizer, log = MasterAdamW(groups, group=ctx.group), ctx.log(f"dense_{arm}")
    progress = Progress(ctx, f"dense_{arm}", {"encoder": encoder, "head": head}, optimizer, recipe["keep_every"])
    steps, share = recipe["steps"], ctx.group.share(recipe["batch"])
    step = progress.start - 1
    for step in range(progress.start, steps):
        generator = step_generator(ctx.device, recipe["seed"], step)
        canvas = draw_canvases(bank, "tiny_train", recipe["batch"], generator, recipe)
        pixels = bank.render(canvas, recipe["color_jitter"], generator, ctx.dtype)
        label, box, inside = targets(bank, canvas)
        outputs = head(encoder(pixels[share]))
        parts = losses(outputs, label[share], box[share], inside[share], recipe["label_smoothing"])
        parts["loss"].backward()
        norm = optimizer.step(cosine(step, steps, recipe["warmup"]))
        if step % 100 == 0:
            log.write(step=step, batch=batch_hash(pixels, label, box))
        if step % 10 == 0 or step == steps - 1:
            log.write(show=step % 100 == 0, step=step, gn=norm.item(), **{k: v.item() for k, v in parts.items()})
            if ctx.group.agreed(progress.seconds > recipe["max_seconds"], ctx.device):
                break
        progress.after(step)
    synchronize(ctx.device)
    log.write(show=True, what="done", steps=step + 1, seconds=progress.seconds)
    ctx.save(f"{arm}_dense", encoder=encoder.state_dict(), dense=head.state_dict())
    progress.finish()


def run_eval(ctx: Context, arm: str) -> None:
    """Scores `<arm>_dense.pt` on held-out mosaics."""
    recipe = ctx.recipe("dense")
    bank = ctx.bank(list(SETS))
    encoder, head = load_dense(ctx, arm)
    scores = evaluate(encoder, head, bank, recipe["eval_canvases"], recipe["batch"], ctx.dtype, ctx.excluded(bank))
    ctx.log(f"dense_{arm}").write(show=True, what="held_out", **scores)
    ctx.result(f"dense_{arm}", scores)


def load_dense(ctx: Context, arm: str):
    """Frozen encoder and dense head of stage 2."""
    state = ctx.load(f"{arm}_dense")
    encoder = make_encoder(arm, toy=ctx.toy).to(ctx.device, ctx.dtype)
    head = DenseHead().to(ctx.device, ctx.dtype)
    encoder.load_state_dict(state["encoder"])
    head.load_state_dict(state["dense"])
    return encoder.requires_grad_(False).eval(), head.requires_grad_(False).eval()
