"""All stages in order, unattended, in one process (the decoder and the pictures stay on the GPU).

    python -m sightline_training.run_all --work DIR [--data DIR --gguf FILE] [--toy] [--only STAGE ...] [--daemon]

A finished stage leaves `<work>/done/<stage>`; a restart continues after it. With `--daemon` a failing stage does not end the
run: it is skipped together with what needs it, and a file `<work>/retry` restarts the process with the code as it then is.
"""

import argparse
import functools
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

from . import (
    align,
    bundle,
    dense,
    detector,
    evaluate,
    join,
    kernels,
    oracle,
    photo_join,
    photo_tune,
    pretrain,
    probes,
    teacher,
)
from .context import Context
from .encoders import ARMS, PAIR

call = functools.partial


def stages() -> dict:
    """Every stage by name: a function of the context, and the stages it needs. What an arm goes through is listed once."""
    out = {"kernels": (kernels.run, []), "teacher": (teacher.run, [])}
    for arm in PAIR:
        out |= {
            f"pretrain_{arm}": (call(pretrain.run, arm=arm), ["teacher", *ARMS[arm].needs]),
            f"dense_{arm}": (call(dense.run, arm=arm), [f"pretrain_{arm}"]),
            f"dense_eval_{arm}": (call(dense.run_eval, arm=arm), [f"dense_{arm}"]),
            f"probes_{arm}": (call(probes.run, arm=arm), [f"pretrain_{arm}"]),
        }
    out["oracle"] = (oracle.run, [f"dense_{arm}" for arm in PAIR])
    for arm in PAIR:
        out |= {
            f"align_{arm}": (call(align.run, arm=arm), ["oracle"]),
            f"join_{arm}": (call(join.run, arm=arm), [f"align_{arm}"]),
        }
    out["join_blind"] = (call(join.run, arm=join.BLIND), ["oracle"])
    out["export"] = (bundle.export, [f"join_{arm}" for arm in PAIR])
    out["export_blind"] = (bundle.export_blind, ["join_blind"])
    out |= {f"evaluate_{arm}": (call(evaluate.run, arms=[arm]), ["export"]) for arm in PAIR}
    out["evaluate_blind"] = (evaluate.run_blind, ["join_blind"])
    return out


def photo_stages() -> dict:
    """What makes the shipped pair from the first pair's bundles in `RUN/start`; asked for by name or with `--photos`."""
    out = {"boxes": (detector.run, [])}
    for arm in PAIR:
        out |= {
            f"photo_tune_{arm}": (call(photo_tune.run, arm=arm), ["boxes"]),
            f"photo_join_{arm}": (call(photo_join.run, arm=arm), [f"photo_tune_{arm}"]),
        }
    out["photo_join_blind"] = (call(photo_join.run, arm=join.BLIND), ["boxes"])
    out |= {
        f"photo_export_{run}": (call(bundle.export_photos, run=run), [f"photo_join_{run}"]) for run in photo_join.RUNS
    }
    return out


FIRST, PHOTOS = stages(), photo_stages()
STAGES = FIRST | PHOTOS

# Stages that several processes may share (`torchrun --nproc-per-node N -m
# sightline_training.run_all ...`).
SHARED = [f"{stage}_{arm}" for stage in ("pretrain", "dense") for arm in PAIR]


def start_background(ctx: Context, data: Path | None, gguf: Path | None) -> None:
    """Decoding and de-quantising run beside the first GPU stages, each waiting for its files."""
    base = [sys.executable, "-m"]
    if data is not None:
        decode = [*base, "sightline_training.data.sources", "--data", str(data), "--out", str(ctx.shards), "--wait"]
        _spawn(decode, ctx.work / "decode.log")
    if gguf is not None and not (ctx.work / "smollm.pt").exists():
        code = (
            "import sys, time; from pathlib import Path; from sightline_training.vlm import prepare_language_model as p\n"
            "gguf, work = map(Path, sys.argv[1:3])\n"
            "while not gguf.exists(): time.sleep(0.5)\n"
            "p(gguf, work)"
        )
        command = [sys.executable, "-c", code, str(gguf), str(ctx.work)]
        _spawn(command, ctx.work / "language_model.log")


def _spawn(command: list[str], log: Path) -> None:
    with open(log, "a") as file:
        subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)


def run_stages(ctx: Context, names: list[str], wait: bool = False) -> list[str]:
    """Runs what is not done yet; returns the stages that failed or lacked one that did. With `wait`, other processes make
    what is lacking."""
    done = ctx.work / "done"
    done.mkdir(exist_ok=True)
    log, failed = ctx.log("status"), []
    for name in names:
        ctx.group.wait()
        function, needs = STAGES[name]
        if (done / name).exists():
            continue
        if ctx.group.size > 1 and name not in SHARED:
            raise SystemExit(f"{name} runs in one process only; with several: {', '.join(SHARED)}")
        while wait and not all((done / n).exists() for n in needs):
            time.sleep(0.5)
        missing = [n for n in needs if not (done / n).exists()]
        if missing:
            log.write(show=True, stage=name, skipped=f"needs {missing}")
            failed.append(name)
            continue
        start = time.time()
        log.write(show=True, stage=name, what="start")
        try:
            function(ctx)
        except Exception as error:
            traceback.print_exc()
            log.write(show=True, stage=name, what="failed", error=f"{type(error).__name__}: {error}"[:500])
            failed.append(name)
            continue
        ctx.group.wait()
        if ctx.group.first:
            (done / name).write_text(f"{time.time() - start:.1f}\n")
        log.write(show=True, stage=name, what="done", seconds=time.time() - start)
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="Parquet folder; decodes beside the first stages")
    parser.add_argument("--gguf", type=Path)
    parser.add_argument("--only", nargs="*", choices=list(STAGES))
    parser.add_argument(
        "--photos", action="store_true", help="the stages on photographs; without it those of the first pair"
    )
    parser.add_argument("--repeat", type=int, default=0, help="1, 2, ...: other random numbers by the same recipes")
    parser.add_argument("--toy", action="store_true")
    parser.add_argument("--variant", help="a folder of recipes/ that says what differs, for example short")
    parser.add_argument("--daemon", action="store_true")
    parser.add_argument("--wait", action="store_true", help="wait for stages that other processes on the same RUN make")
    args = parser.parse_args()
    ctx = Context(args.work, args.toy, variant=args.variant, repeat=args.repeat)
    retry = args.work / "retry"
    if ctx.group.first and not (args.work / "background").exists():
        start_background(ctx, args.data, args.gguf)
        (args.work / "background").touch()
    failed = run_stages(ctx, args.only or list(PHOTOS if args.photos else FIRST), args.wait)
    print(f"failed: {failed}" if failed else "all stages done", flush=True)
    while args.daemon:
        if retry.exists():
            retry.unlink()
            os.execv(sys.executable, [sys.executable, "-m", "sightline_training.run_all", *sys.argv[1:]])
        time.sleep(0.5)
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
