"""Cut-off stages go on where they were; several processes on one batch train like one."""

import os
import time
from types import SimpleNamespace

import pytest
import torch

from sightline_training.context import load_recipe
from sightline_training.distributed import Group
from sightline_training.optim import Diverged, MasterAdamW, RunLog, cosine, step_generator
from sightline_training.resume import OutOfTime, Progress

STEPS = 12
BATCH = 8


def train(work, group, until: int = STEPS, resumable: bool = True, deadline: float | None = None) -> torch.Tensor:
    """A small regression whose batches depend on the step only; returns the weights. Ends without notice after `until` steps."""
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.GELU(), torch.nn.Linear(7, 1))
    scale = torch.nn.Parameter(torch.ones(()))
    optimizer = MasterAdamW([(model.parameters(), 0.05, 0.1), ([scale], 0.01, 0.0)], group=group)
    ctx = SimpleNamespace(work=work, group=group, device=torch.device("cpu"), deadline=deadline)
    progress = Progress(ctx, "stage", {"model": model, "scale": scale}, optimizer, every=3 if resumable else STEPS + 1)
    for step in range(progress.start, STEPS):
        if step == until:
            return torch.empty(0)
        x = torch.randn(BATCH, 5, generator=step_generator("cpu", 1, step))[group.share(BATCH)]
        ((model(x) * scale)[:, 0] - x.sum(1)).pow(2).mean().backward()
        optimizer.step(cosine(step, STEPS, 2))
        progress.after(step)
    progress.finish()
    return torch.cat([p.detach().flatten() for p in (*model.parameters(), scale)])


@pytest.mark.parametrize("cut", range(STEPS))
def test_a_cut_off_stage_ends_with_the_same_bits(tmp_path, cut):
    whole = train(tmp_path / "whole", Group())
    assert train(tmp_path, Group(), until=cut).numel() == 0
    # A checkpoint that was being written when the power went must not count.
    (tmp_path / "progress").mkdir(exist_ok=True)
    (tmp_path / "progress" / "stage.partial").write_bytes(b"half")
    assert torch.equal(train(tmp_path, Group()), whole)
    assert not (tmp_path / "progress" / "stage.pt").exists()


def test_a_stage_that_is_out_of_time_keeps_its_last_step(tmp_path):
    whole = train(tmp_path / "whole", Group())
    with pytest.raises(OutOfTime):
        train(tmp_path, Group(), deadline=time.time() - 1)
    assert torch.load(tmp_path / "progress" / "stage.pt", weights_only=True)["step"] == 1
    assert torch.equal(train(tmp_path, Group()), whole)


def test_a_loss_that_is_no_number_ends_the_run(tmp_path):
    log, nan = RunLog(tmp_path, "stage"), float("nan")
    log.write(step=0, loss=1.0, presence=nan)
    log.write(step=1, what="watched", map=nan)
    with pytest.raises(Diverged, match="stage: loss at step 20 is no finite number"):
        log.write(step=20, loss=nan)
    with pytest.raises(Diverged, match="box, words at step 40"):
        log.write(step=40, gn=float("inf"), box=nan, words=float("inf"), label=0.5)
    assert len((tmp_path / "stage.jsonl").read_text().splitlines()) == 4


def _process(rank: int, port: int, folder) -> None:
    os.environ.update(WORLD_SIZE="2", RANK=str(rank), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    group = Group()
    weights = train(folder, group, resumable=False)
    if group.first:
        torch.save(weights, folder / "weights.pt")
    torch.distributed.destroy_process_group()


def test_two_processes_train_like_one(tmp_path):
    (tmp_path / "alone").mkdir()
    alone = train(tmp_path / "alone", Group(), resumable=False)
    torch.multiprocessing.spawn(_process, (29_511, tmp_path), nprocs=2)
    together = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert torch.allclose(alone, together, rtol=1e-4, atol=1e-5)


def test_a_batch_that_cannot_be_shared_is_refused():
    group = Group()
    group.size = 3
    with pytest.raises(ValueError, match="a batch of 8 cannot be shared equally by 3"):
        group.share(BATCH)


def test_a_variant_says_only_what_differs():
    shipped, short = load_recipe("pretrain"), load_recipe("pretrain", variant="short")
    assert shipped["steps"] == 4 * short["steps"]
    assert {k for k in shipped if shipped[k] != short[k]} == {"steps", "warmup"}
    assert load_recipe("evaluate", variant="short") == load_recipe("evaluate")
    with pytest.raises(FileNotFoundError, match="no recipes called 'other'"):
        load_recipe("pretrain", variant="other")
