"""Makes the runs of a plan, several at a time, and stops cleanly before a time limit; started again it goes on.

    python -m sightline_training.study.run --work DIR --plan study/plan.yaml [--gpus 0,1] [--per-gpu 2] [--until SECONDS]

Records go to `DIR/records`. A run begins when the run that makes its encoder is done; small `priority` first. A run that fails
is recorded as failed and is tried again with `--retry` only.
"""

import argparse
import importlib
import multiprocessing as mp
import os
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from .plan import needed, read_plan
from .records import DONE, FAILED, Record, load_records

MARGIN = 20  # seconds before the limit at which runs keep what they have and stop
LEAST = 45  # seconds that must be left to begin with a run
CUT = "cut"
COMPILED = 64  # forms of the compiled layer
MODULES = ("kinds", "collapse")  # what brings kinds of runs; a module that is not there brings none


def kinds() -> dict:
    """All kinds of runs by name."""
    found = {}
    for module in MODULES:
        path = Path(__file__).with_name(f"{module}.py")
        if path.exists():
            found |= importlib.import_module(f"{__package__}.{module}").KINDS
    return found


def perform(ctx, row: dict, records: Path) -> str:
    """One run; returns "done", "failed" or "cut"."""
    from ..resume import OutOfTime

    start = time.time()
    try:
        record = kinds()[row["kind"]](ctx, row)
    except OutOfTime:
        return CUT
    except Exception as error:
        traceback.print_exc()
        record = Record(row, FAILED, {"error": f"{type(error).__name__}: {error}"[:500]})
    record.content["wall_seconds"] = round(time.time() - start, 1)
    record.save(records)
    return record.status


def work(connection: Connection, options: dict) -> None:
    """A process of the pool: receives rows, sends how they ended."""
    import torch

    from .shared import Study

    # One process trains behind several shapes of canvases and with none; each has a compiled layer
    # of its own.
    torch._dynamo.config.recompile_limit = COMPILED
    ctx = Study(options["work"], options["toy"])
    ctx.deadline = options["deadline"]
    while (row := connection.recv()) is not None:
        connection.send(perform(ctx, row, options["records"]))
        if ctx.device.type == "cuda":
            torch.cuda.empty_cache()


@dataclass
class Worker:
    """A process, its end of the pipe, and what it is running."""

    process: mp.Process
    connection: Connection
    gpu: str
    row: dict | None = None


class Pool:
    """Gives runs to processes until all are done, nothing can be begun any more, or the time is over."""

    def __init__(self, plan: list[dict], options: dict, gpus: list[str], retry: bool = False):
        self.plan, self.options = plan, options
        ended = load_records(options["records"])
        self.ended = {n: r.status for n, r in ended.items() if r.status == DONE or not retry}
        self.started: set[str] = set(self.ended)
        self.workers = [self._start(gpu) for gpu in gpus]

    def _start(self, gpu: str) -> Worker:
        context = mp.get_context("spawn")
        ours, theirs = context.Pipe()
        if gpu:
            os.environ["CUDA_VISIBLE_DEVICES"] = gpu
        process = context.Process(target=work, args=(theirs, self.options))
        process.start()
        theirs.close()
        return Worker(process, ours, gpu)

    @property
    def left(self) -> float:
        deadline = self.options["deadline"]
        return float("inf") if deadline is None else deadline + MARGIN - time.time()

    def next(self) -> dict | None:
        """The first run that can begin."""
        if self.left < LEAST:
            return None
        for row in self.plan:
            if row["name"] not in self.started and (needed(row) is None or self.ended.get(needed(row)) == DONE):
                return row
        return None

    def give(self) -> None:
        for worker in self.workers:
            if worker.row is None and (row := self.next()) is not None:
                self.started.add(row["name"])
                worker.row = row
                worker.connection.send(row)
                print(f"{self.left:.0f} s left: {row['name']} on GPU {worker.gpu or '-'}", flush=True)

    def collect(self) -> None:
        """Waits until a run ends, or a process."""
        busy = [w for w in self.workers if w.row is not None]
        ready = wait([w.connection for w in busy], timeout=min(5.0, max(0.1, self.left)))
        for i, worker in enumerate(self.workers):
            if worker.connection not in ready:
                continue
            name = worker.row["name"]
            try:
                status = worker.connection.recv()
            except EOFError:
                status = FAILED
                worker.process.join()
                error = f"its process ended with exit code {worker.process.exitcode}"
                Record(worker.row, FAILED, {"error": error}).save(self.options["records"])
                self.workers[i] = self._start(worker.gpu)
            worker.row = None
            if status != CUT:
                self.ended[name] = status
            print(f"{name}: {status}", flush=True)

    def run(self) -> None:
        self.give()
        while any(w.row is not None for w in self.workers) and self.left > 0:
            self.collect()
            self.give()
        for worker in self.workers:
            if worker.row is None and worker.process.is_alive():
                worker.connection.send(None)
        for worker in self.workers:
            worker.process.join(timeout=3 if worker.row is None else 0)
            if worker.process.is_alive():
                worker.process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--plan", type=Path, nargs="+", required=True)
    parser.add_argument(
        "--gpus", default="", help="numbers of the GPUs, with commas; without it the CPU or the first GPU"
    )
    parser.add_argument("--per-gpu", type=int, default=1, help="processes per GPU")
    parser.add_argument("--until", type=float, help="seconds from now at which everything has stopped")
    parser.add_argument("--only", nargs="*", help="names of runs; all without it")
    parser.add_argument("--retry", action="store_true", help="runs that failed are made again")
    parser.add_argument("--toy", action="store_true")
    args = parser.parse_args()
    plan = read_plan(args.plan)
    if unknown := set(args.only or ()) - {row["name"] for row in plan}:
        raise SystemExit(f"no plan has the runs {', '.join(sorted(unknown))}")
    if args.only:
        plan = [row for row in plan if row["name"] in args.only]
    if args.toy:
        plan = [row | {"steps": 2} if "steps" in row else row for row in plan]
    options = {
        "work": args.work, "toy": args.toy, "records": args.work / "records",
        "deadline": None if args.until is None else time.time() + args.until - MARGIN,
    }  # fmt: skip
    gpus = [gpu for _ in range(args.per_gpu) for gpu in args.gpus.split(",")]
    pool = Pool(plan, options, gpus, args.retry)
    pool.run()
    count = sum(pool.ended.get(row["name"]) == DONE for row in plan)
    print(f"{count} of {len(plan)} runs are done", flush=True)


if __name__ == "__main__":
    main()
