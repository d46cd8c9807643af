"""Several GPUs on one batch: every process draws the whole batch, computes its share, and gradients are averaged."""

import os

import torch


class Group:
    """The processes that share a batch, from `torchrun`'s environment; one process alone without it."""

    def __init__(self):
        self.size, self.rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
        if self.size > 1:
            if torch.cuda.is_available():
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", self.rank)))
            torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")

    @property
    def first(self) -> bool:
        """Whether this process writes what all of them made."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """This process's part of a batch. Interleaved, so that every part has the same mixture of layouts."""
        if count % self.size:
            raise ValueError(f"a batch of {count} cannot be shared equally by {self.size} processes")
        return slice(self.rank, None, self.size)

    def average(self, tensors: list[torch.Tensor]) -> None:
        """Replaces the tensors by their means over the processes, in one exchange."""
        if self.size == 1:
            return
        flat = torch.cat([t.flatten() for t in tensors])
        torch.distributed.all_reduce(flat)
        flat /= self.size
        for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def agreed(self, value: bool, device) -> bool:
        """The first process's word: clocks differ, and all must leave a loop together."""
        if self.size == 1:
            return value
        word = torch.tensor([float(value)], device=device)
        torch.distributed.broadcast(word, 0)
        return bool(word.item())

    def wait(self) -> None:
        if self.size > 1:
            torch.distributed.barrier()
