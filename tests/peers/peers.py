"""Ours beside PyTorch, on one device, in one call.

    python tests/peers/peers.py --sightline target/release/sightline

Runs `sightline bench`, then the same work in PyTorch, and prints ours, theirs and the ratio for everything that ran in
both.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import kernels  # noqa: E402
import language  # noqa: E402
import upstream  # noqa: E402
import vision  # noqa: E402
from timing import NotRun, Results, Scale  # noqa: E402

# Ours first what matters most: a part that is cut off keeps those before it.
OURS = "decode,prefill,encoder,launch,kernels"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sightline", type=Path, help="the program; without it only PyTorch is measured")
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "wgpu", "cpu"], help="sightline's device")
    parser.add_argument("--torch-device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--vmamba-checkout", type=Path, help="a checkout of VMamba, for its own kernel")
    parser.add_argument("--only", default="language,vit,upstream,vmamba,kernels", help="PyTorch parts, in this order")
    parser.add_argument("--bench-only", default=OURS, help="parts of sightline bench")
    parser.add_argument("--filter", help="only cases of ours whose names hold one of these texts (a,b,...)")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--budget", type=float, default=200.0, help="seconds for everything")
    parser.add_argument("--ours-budget", type=float, help="seconds for sightline bench (default: half)")
    parser.add_argument(
        "--build-alongside", action="store_true", help="compile VMamba's kernel while ours runs (needs idle CPU cores)"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, for tests")
    parser.add_argument("--verbose", action="store_true", help="how long each part took")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path, help="chart of sightline bench")
    return parser.parse_args()


def run_ours(args: argparse.Namespace, results: Results, seconds: float) -> dict | None:
    """`sightline bench` as JSON; what it saved before a time-out still counts."""
    if args.sightline is None:
        results.skip("sightline bench", "no --sightline PATH")
        return None
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bench.json"
        command = [str(args.sightline), "--device", args.device, "bench", "--json", str(out), "--runs", str(args.runs)]
        command += ["--only", args.bench_only] + (["--quick"] if args.quick else [])
        command += ["--filter", args.filter] if args.filter else []
        command += ["--svg", str(args.svg)] if args.svg else []
        try:
            pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
            done = subprocess.run(command, timeout=seconds, text=True, **pipes)
            if done.returncode != 0:
                results.skip("sightline bench", f"ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        except subprocess.TimeoutExpired:
            results.skip("sightline bench", f"cut off after {seconds:.0f} s; the parts that ended before are kept")
        except OSError as error:
            results.skip("sightline bench", str(error))
        return json.loads(out.read_text()) if out.is_file() else None


def run_theirs(args: argparse.Namespace, scale: Scale, results: Results, left, building, save) -> None:
    parts = {
        "language": lambda: language.run(scale, results, left),
        "vit": lambda: vision.run_vit(scale, results, left),
        "vmamba": lambda: vision.run_vmamba(scale, results, left),
        "kernels": lambda: kernels.run(scale, results, left),
        "upstream": lambda: upstream.run(args.vmamba_checkout, scale, results, left, building),
    }
    for name in args.only.split(","):
        if name not in parts:
            results.skip(name, f"no such part; there are {', '.join(parts)}")
            continue
        started = time.monotonic()
        if left() < 5:
            results.skip(name, "the time was up")
            continue
        try:
            parts[name]()
        except NotRun as why:
            results.skip(name, str(why))
        except Exception as error:  # noqa: BLE001 one broken part must not lose the others
            results.skip(name, f"{type(error).__name__}: {str(error)[:300]}")
        if scale.cuda:
            torch.cuda.empty_cache()
        if args.verbose:
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        # After every part, so that an interrupted run keeps what it has measured.
        save()


def join(ours: dict | None, results: Results) -> list[dict]:
    """Rows that ran on both sides, best peer of each kind kept apart."""
    times = {row["id"]: row for row in (ours or {}).get("rows", [])}
    joined = []
    for row in results.rows:
        if mine := times.get(row["ours"]):
            joined.append({**row, "ours_seconds": mine["seconds"], "ratio": row["seconds"] / mine["seconds"]})
    order = {name: place for place, name in enumerate(times)}
    return sorted(joined, key=lambda row: (order[row["ours"]], row["peer"]))


def show(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.2f} us"
    return f"{seconds * 1e3:.3f} ms" if seconds < 1 else f"{seconds:.2f} s"


def table(rows: list[dict]) -> str:
    """Markdown, as docs/performance.md has it."""
    lines = ["| what | ours | theirs | theirs / ours | peer |", "|---|---:|---:|---:|---|"]
    for row in rows:
        peer = row["peer"] + (f" ({row['note']})" if row["note"] else "")
        cells = (row["ours"], show(row["ours_seconds"]), show(row["seconds"]), f"{row['ratio']:.2f}", peer)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    args = arguments()
    start = time.monotonic()

    def left() -> float:
        return args.budget - (time.monotonic() - start)

    # The same arithmetic as ours where a row says f32.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    scale = Scale(torch.device(args.torch_device), args.runs, args.quick, 0.2 if args.quick else 2.0)
    if args.quick and not scale.cuda:
        # On a busy machine a second thread is waited for longer than it helps.
        torch.set_num_threads(1)
    wanted = tuple(args.filter.split(",")) if args.filter else ()
    results = Results(deadline=start + args.budget - 5, wanted=wanted)
    alongside = args.build_alongside and scale.cuda and args.vmamba_checkout
    building = upstream.build_alongside(args.vmamba_checkout.resolve()) if alongside else None
    # One after the other: the device must be idle for each side.
    ours = run_ours(args, results, args.ours_budget or args.budget / 2)
    theirs = torch.cuda.get_device_name() if scale.cuda else "cpu"

    def save() -> None:
        if args.json:
            device = {"name": theirs, "torch": torch.__version__}
            data = {"ours": ours, "torch": device, "theirs": results.rows, "not_run": results.not_run}
            args.json.write_text(json.dumps({**data, "joined": join(ours, results)}, indent=1))

    save()
    run_theirs(args, scale, results, left, building, save)
    mine = (ours or {}).get("machine") or {}
    print(f"ours: {mine.get('device', 'not run')}; theirs: torch {torch.__version__} on {theirs}")
    if building:
        print("VMamba's kernel was compiled on the host while ours ran")
    print("theirs / ours above 1: ours is quicker\n")
    print(table(join(ours, results)))
    for what, why in results.not_run:
        print(f"not run: {what}: {why}")


if __name__ == "__main__":
    main()
