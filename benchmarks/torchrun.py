"""Tokens a second of two processes that train one model together, over those of one process.

    python -m benchmarks.torchrun --text tinyshakespeare.txt

Three trainings with the same settings, and so the same batches: by one process with one thread, by
one with two, and by two with one each (`torchrun`, gloo). They take turns; a ratio is the
median over rounds. The first steps aren't timed. Checked: all three had the same losses.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import torch

from corpus.texts import SPIN_CYCLE
from gpt_core.training.run import Run
from gpt_core.training.trainer import choose_precision

PROJECT = Path(__file__).parents[1]
UNTIMED = 5  # steps
AGREE = 0.02  # the share by which losses may differ: sums are rounded in another order
SIDES = {  # processes, and the threads of each
    "one process, one thread": (1, 1),
    "one process, two threads": (1, 2),
    "two processes, one thread each": (2, 1),
}


def train(folder: Path, processes: int, threads: int, options: list[str]) -> Run:
    """Train a run with the command line, as README says."""
    command = [sys.executable, "-m"]
    if processes > 1:
        command += ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    command += ["gpt_core", "train", "--out", str(folder), "--threads", str(threads), *options]
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    return Run.open(folder)


def tokens_per_second(run: Run) -> float:
    """Of all steps but the first ones."""
    steps = [record for record in run.metrics() if record.loss is not None]
    first, last = steps[UNTIMED - 1], steps[-1]
    assert first.elapsed is not None and last.elapsed is not None
    tokens = run.train_config.batch_size * run.model_config.block_size  # a step
    return (last.step - first.step) * tokens / (last.elapsed - first.elapsed)


def check_losses(runs: dict[str, Run]) -> None:
    """All runs took the same steps; else they weren't given the same batches."""
    losses = [
        torch.tensor([record.loss for record in run.metrics() if record.loss is not None])
        for run in runs.values()
    ]
    for other in losses[1:]:
        torch.testing.assert_close(other, losses[0], rtol=AGREE, atol=0.0)


def main() -> None:
    """Print the table that docs/measurements.md quotes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--text", type=Path, default=SPIN_CYCLE, help="the text to train on")
    parser.add_argument("--preset", default="classic")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=32, help="sequences a step, of all")
    parser.add_argument("--n-embd", type=int, default=256)
    parser.add_argument("--n-layer", type=int, default=6)
    parser.add_argument("--block-size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    if args.steps <= UNTIMED + 1:
        parser.error(f"--steps: {UNTIMED + 2} or more; the first {UNTIMED} aren't timed")
    settings = {name: value for name, value in vars(args).items() if name != "rounds"}
    quiet = {"eval_interval": args.steps, "eval_batches": 1, "sample_interval": 0}
    options = [
        part
        for name, value in (settings | quiet | {"snapshot_interval": 0}).items()
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]
    speeds: dict[str, list[float]] = {name: [] for name in SIDES}
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as folder:
            runs = {
                name: train(Path(folder) / name.replace(" ", "-"), *how, options)
                for name, how in SIDES.items()
            }
            check_losses(runs)
            for name, run in runs.items():
                speeds[name].append(tokens_per_second(run))
    precision = choose_precision("auto", args.n_embd, torch.device("cpu"))
    print(
        f"PyTorch {torch.__version__}, {str(precision).removeprefix('torch.')}, median of rounds\n"
    )
    print("| | tokens/s | two processes over it |\n| --- | ---: | ---: |")
    two = speeds["two processes, one thread each"]
    for name, values in speeds.items():
        ratio = median(b / a for a, b in zip(values, two, strict=True))
        print(f"| {name} | {median(values):,.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
