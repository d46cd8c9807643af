"""Visual tokens, adapters and the language model put together: one training step, and answers."""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from .context import Context
from .data.questions import TASKS
from .heads import Connector, add_positions
from .names import name_embeddings
from .prompt import BOS, TEXT_START, Prompter
from .smollm import WIDTH, SmolLM, init_adapters


def load_language_model(ctx: Context) -> tuple[SmolLM, Prompter]:
    """The frozen decoder and the prompter, from `smollm.pt` and `tokenizer.json` (see `prepare_language_model`)."""
    tensors = torch.load(ctx.wait_for(ctx.work / "smollm.pt"), weights_only=True, mmap=True)
    lm = SmolLM(tensors, ctx.dtype, ctx.device, layers=2 if ctx.toy else 30)
    return lm, Prompter(Tokenizer.from_file(str(ctx.work / "tokenizer.json")))


def prepare_language_model(gguf: Path, work: Path) -> None:
    """De-quantises the GGUF once: `smollm.pt` (bf16, the file's names) and `tokenizer.json`."""
    from .gguf_weights import build_tokenizer, load_tensors

    build_tokenizer(gguf).save(str(work / "tokenizer.json"))
    tensors = {k: v.bfloat16() for k, v in load_tensors(gguf).items()}
    torch.save(tensors, work / "smollm.tmp")
    (work / "smollm.tmp").rename(work / "smollm.pt")


@dataclass
class ForcedAnswer:
    """A held-out question of a packed batch: its task, whether greedy decoding would give the reference answer, the mean
    cross-entropy of that answer, and the question's row in the batch."""

    task: str
    exact: bool
    cost: float
    row: int


class Interface:
    """Everything trained in stage 3 for one arm: adapters, row and column vectors, the oracle's map, the connector.

    The oracle map `[576, 576]` starts as identity and turns name embeddings into the tokens that the language model learns
    to read; connectors are then regressed to these. It is not shipped.
    """

    def __init__(self, ctx: Context, lm: SmolLM, prompter: Prompter):
        self.lm, self.device, self.dtype = lm, ctx.device, ctx.dtype
        put = lambda t: t.to(ctx.device, ctx.dtype)  # noqa: E731
        self.adapters = {k: put(v) for k, v in init_adapters(lm.layers).items()}
        generator = torch.Generator().manual_seed(5)
        self.row = put(torch.randn(14, WIDTH, generator=generator) * 0.02)
        self.col = put(torch.randn(14, WIDTH, generator=generator) * 0.02)
        self.oracle_map = put(torch.eye(WIDTH))
        self.connector = Connector().to(ctx.device, ctx.dtype)
        self.names = name_embeddings(lm, prompter)  # [312, 576] f32
        self.text_start = TEXT_START  # position of the first text token; the study has canvases of other sizes

    def state(self) -> dict:
        return {
            "adapters": self.adapters, "row": self.row, "col": self.col, "oracle_map": self.oracle_map,
            "connector": self.connector.state_dict(),
        }  # fmt: skip

    def load(self, state: dict, connector: bool = True) -> None:
        for key, value in state["adapters"].items():
            self.adapters[key].data.copy_(value)
        for key in ("row", "col", "oracle_map"):
            getattr(self, key).data.copy_(state[key])
        if connector:
            self.connector.load_state_dict(state["connector"])

    def parameters(self, connector: bool) -> tuple[list, list]:
        """Trainable tensors: interface (maps and positions), adapters."""
        interface = [self.row, self.col, self.oracle_map, *(self.connector.parameters() if connector else [])]
        adapters = list(self.adapters.values())
        for tensor in (*interface, *adapters):
            tensor.requires_grad_(True)
        return interface, adapters

    def trained(self, connector: bool) -> dict:
        """The same by name, as checkpoints within a stage keep them."""
        named = {key: getattr(self, key) for key in ("row", "col", "oracle_map")} | dict(self.adapters)
        return named | ({"connector": self.connector} if connector else {})

    def from_names(self, soft: torch.Tensor) -> torch.Tensor:
        """Name-space vectors `[batch, 196, 576]` -> visual tokens, before positions."""
        return F.linear(soft.to(self.dtype), self.oracle_map)

    def place(self, tokens: torch.Tensor) -> torch.Tensor:
        return add_positions(tokens, self.row, self.col)

    def prefix(self, visual: torch.Tensor | None, batch: int) -> torch.Tensor:
        """BOS and, unless blind, the visual tokens. `[batch, 1 or 197, 576]`"""
        bos = self.lm.embedding[torch.full((batch, 1), BOS, device=self.device)]
        return bos if visual is None else torch.cat([bos, visual], 1)

    def text_hidden(self, visual: torch.Tensor | None, batch: dict, fast: bool = True) -> torch.Tensor:
        """Hidden states of the text places `[batch, 187, 576]`; every segment sees the prefix and itself only."""
        ids, segment = batch["ids"], batch["segment"]
        prefix = self.prefix(visual, len(ids))
        p = prefix.shape[1]
        x = torch.cat([prefix, self.lm.embedding[ids]], 1)
        x = F.pad(x, (0, 0, 0, -x.shape[1] % 8))  # attention masks want multiples of 8
        extra = x.shape[1] - p - ids.shape[1]
        positions = torch.cat(
            [torch.arange(p, device=self.device).expand(len(ids), -1), batch["position"] + self.text_start], 1
        )
        positions = F.pad(positions, (0, extra))
        group = F.pad(segment, (p, extra))  # 0: prefix and padding
        index = torch.arange(x.shape[1], device=self.device)
        causal = index[:, None] >= index[None]
        same = group[:, :, None] == group[:, None, :]
        visible = causal & (same | (index < p)[None, None, :])
        mask = torch.where(visible, 0.0, float("-inf")).to(self.dtype)[:, None]
        hidden = self.lm(x, positions, mask, self.adapters, fast=fast)
        return hidden[:, p : p + ids.shape[1]]

    def question_losses(self, visual, batch: dict) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Mean over questions of the mean cross-entropy of their answers, and the same per task (detached)."""
        hidden, keep = self.text_hidden(visual, batch), batch["target"] >= 0
        cost = F.cross_entropy(self.lm.logits(hidden[keep]), batch["target"][keep], reduction="none")
        number = batch["segment"] + 8 * torch.arange(len(keep), device=self.device)[:, None]
        _, question = number[keep].unique(return_inverse=True)
        count = int(question.max()) + 1
        size = torch.zeros(count, device=self.device).index_add_(0, question, torch.ones_like(cost))
        per_question = torch.zeros(count, device=self.device).index_add_(0, question, cost) / size
        task = torch.zeros(count, dtype=torch.long, device=self.device).index_copy_(0, question, batch["task"][keep])
        sums = torch.zeros(len(TASKS), device=self.device).index_add_(0, task, per_question.detach())
        counts = torch.zeros(len(TASKS), device=self.device).index_add_(0, task, torch.ones_like(per_question))
        return per_question.mean(), {"sums": sums, "counts": counts}

    @torch.no_grad()
    def forced_answers(self, visual, batch: dict) -> list["ForcedAnswer"]:
        """Every question of a batch. Greedy decoding reproduces an answer exactly if and only if every place predicts its next
        token under forcing."""
        hidden, keep = self.text_hidden(visual, batch, fast=False), batch["target"] >= 0
        logits, target = self.lm.logits(hidden[keep]), batch["target"][keep]
        number = (batch["segment"] + 8 * torch.arange(len(keep), device=self.device)[:, None])[keep]
        unique, question = number.unique(return_inverse=True)
        total = lambda x: torch.zeros(len(unique), device=self.device).index_add_(0, question, x)  # noqa: E731
        wrong = total((logits.argmax(-1) != target).float())
        cost = total(F.cross_entropy(logits, target, reduction="none")) / total(
            torch.ones_like(target, dtype=torch.float32)
        )
        task = torch.zeros(len(unique), dtype=torch.long, device=self.device)
        task.index_copy_(0, question, batch["task"][keep])
        columns = (task.tolist(), wrong.tolist(), cost.tolist(), (unique // 8).tolist())
        return [ForcedAnswer(TASKS[t], w == 0, c, row) for t, w, c, row in zip(*columns, strict=True)]


def to_device(batch: dict, device) -> dict:
    return {k: v.to(device) if k == "canvas" else v.to(device, non_blocking=True) for k, v in batch.items()}


def corrupt(names: torch.Tensor, rate: float, choices: int, generator) -> torch.Tensor:
    """Replaces a share of the name ids by random ones."""
    wrong = torch.rand(names.shape, device=names.device, generator=generator) < rate
    return torch.where(wrong, torch.randint(0, choices, names.shape, device=names.device, generator=generator), names)


def soft_names(probability: torch.Tensor, names: torch.Tensor) -> torch.Tensor:
    """Expected name embedding under a posterior over the 200 dense classes and background, at full norm.

    probability `[batch, 196, 201]`, names `[312, 576]` -> `[batch, 196, 576]` f32
    """
    table = torch.cat([names[:200], names[-1:]])
    mixed = probability.float() @ table
    return F.normalize(mixed, dim=-1) * table.norm(dim=1).mean()


def task_means(total: dict[str, torch.Tensor]) -> dict[str, float]:
    """Per-task mean losses of accumulated sums and counts."""
    sums, counts = total["sums"].tolist(), total["counts"].tolist()
    return {t: s / c for t, s, c in zip(TASKS, sums, counts, strict=True) if c}
