"""How the PyTorch side is timed: as `sightline bench` times ours, so that the two numbers mean the same."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

WARM_UP = 3
MIN_RUNS = 3


class NotRun(Exception):
    """A part that cannot run here, with the reason."""


@dataclass
class Scale:
    """What is measured on this device."""

    device: torch.device
    runs: int = 20
    quick: bool = False
    case_seconds: float = 2.0
    # Bytes that the inputs of one small kernel fill together, so that it does not run from the
    # cache alone.
    working_set: float = 128e6

    @property
    def cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def batch(self) -> int:
        return 128 if self.cuda and not self.quick else 2

    @property
    def sides(self) -> tuple[int, ...]:
        return (224, 448, 896) if self.cuda and not self.quick else (224,)


@dataclass
class Results:
    """Times by our name of the work and by how the peer did it."""

    rows: list[dict] = field(default_factory=list)
    not_run: list[tuple[str, str]] = field(default_factory=list)
    # `time.monotonic()` after which no case begins.
    deadline: float = float("inf")
    # Texts of which a name of ours must hold one; all if there is none.
    wanted: tuple[str, ...] = ()

    def wants(self, ours: str | tuple[str, ...]) -> bool:
        names = (ours,) if isinstance(ours, str) else ours
        return not self.wanted or any(text in name for name in names for text in self.wanted)

    def add(self, ours: str | tuple[str, ...], peer: str, seconds: float, note: str = "") -> None:
        """One measurement, held against one of ours or against several that do the same work."""
        for name in (ours,) if isinstance(ours, str) else ours:
            self.rows.append({"ours": name, "peer": peer, "seconds": seconds, "note": note})

    def skip(self, what: str, why: str) -> None:
        self.not_run.append((what, why))

    def attempt(self, ours: str | tuple[str, ...], peer: str, measure: Callable[[], float], note: str = "") -> None:
        """Measures one case, if it is wanted; a failure loses only this one."""
        if not self.wants(ours):
            return
        try:
            if time.monotonic() > self.deadline:
                raise NotRun("the time was up")
            self.add(ours, peer, measure(), note)
        except Exception as error:  # noqa: BLE001 whatever goes wrong in a peer must not lose the other rows
            name = ours if isinstance(ours, str) else ours[0]
            self.skip(f"{name}: {peer}", f"{type(error).__name__}: {str(error)[:200]}")


def sync(scale: Scale) -> None:
    if scale.cuda:
        torch.cuda.synchronize()


def median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def measure(scale: Scale, run: Callable[[], object], calls: int = 1, least: float = 0.0) -> float:
    """Median seconds of a call; `run` does `calls` of them and is repeated until a sample lasts `least` seconds."""

    def sample(repeats: int) -> float:
        start = time.perf_counter()
        for _ in range(repeats):
            run()
        sync(scale)
        return time.perf_counter() - start

    for _ in range(WARM_UP):
        once = sample(1)
    repeats = max(1, min(1000, int(least / max(once, 1e-7)) + 1)) if least else 1
    seconds: list[float] = []
    start = time.perf_counter()
    while len(seconds) < scale.runs:
        if len(seconds) >= MIN_RUNS and time.perf_counter() - start > scale.case_seconds:
            break
        seconds.append(sample(repeats) / repeats / calls)
    return median(seconds)


def graphed(scale: Scale, run: Callable[[], object]) -> Callable[[], object]:
    """The same work as a replayed CUDA graph. Its tensors stay alive with it."""
    if not scale.cuda:
        raise NotRun("CUDA graphs need CUDA")
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UP):
            run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kept = run()

    def replay(kept=kept):
        graph.replay()

    return replay


def kernel(scale: Scale, make: Callable[[int], Callable[[], object]], total_bytes: float) -> float:
    """Median seconds of a small operation over several input sets, in one CUDA graph where there is CUDA."""
    working = scale.working_set if scale.cuda and not scale.quick else 1e6
    sets = max(1, min(256, int(working / max(total_bytes, 1)) + 1))
    runs = [make(i) for i in range(sets)]
    calls = max(sets, 32) if total_bytes < 32e6 else sets

    def everything():
        return [runs[i % sets]() for i in range(calls)]

    run = graphed(scale, everything) if scale.cuda else everything
    return measure(scale, run, calls, 1e-3 if scale.cuda else 0.0)


def both_ways(
    scale: Scale,
    results: Results,
    ours: str | tuple[str, ...],
    peer: str,
    run: Callable[[], object],
    note: str = "",
) -> None:
    """Eager, and as a CUDA graph where there is CUDA."""
    results.attempt(ours, f"{peer}, eager", lambda: measure(scale, run), note)
    if scale.cuda:
        results.attempt(ours, f"{peer}, CUDA graph", lambda: measure(scale, graphed(scale, run)), note)
