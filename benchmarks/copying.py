"""How soon "Did it copy?" answers for the bundled model, and how much memory that takes.

    python -m benchmarks.copying [--rounds 3]

The job runs in a process of its own, as the app starts it, and streams the whole training text
(190 MB) past eight samples. The text is made and put into the cache folder if it isn't there;
that takes minutes, and is told apart.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median

from gpt_core.bundled import bundled_run_path
from gpt_core.evaluation.training_text import cached_path
from gpt_core.training.run import Run

TARGETS = {"first answer": 10, "memory": 500}  # seconds, megabytes


@dataclass(frozen=True)
class Measured:
    """Seconds until the first answer, and until all of the text was looked through."""

    first: float
    whole: float


def look_up(seed: int) -> Measured:
    """One job, from its request to its end. Raises RuntimeError if it has no result."""
    settings = {"temperature": 0.8, "seed": seed}
    request = {"job": "copying", "run": str(bundled_run_path()), "settings": settings}
    started, first, said = time.monotonic(), 0.0, {"done": 0, "total": 1}
    command = [sys.executable, "-m", "gpt_core.jobs"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as job:
        assert job.stdin and job.stdout
        print(json.dumps(request), file=job.stdin, flush=True)
        for line in job.stdout:
            said = json.loads(line)
            first = first or (time.monotonic() - started if said["value"] else 0.0)
    if said["done"] != said["total"]:
        raise RuntimeError("The job ended without a result.")
    return Measured(first, time.monotonic() - started)


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    path = cached_path(Run.open(bundled_run_path()))
    if not path.is_file():
        print(f"The text wasn't on the disk; with making it: {look_up(1).whole:.0f} s.")
    print(f"{path.stat().st_size / 1e6:.0f} MB of text, {rounds} rounds.\n")
    found = [look_up(seed) for seed in range(1, rounds + 1)]
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # Linux: kilobytes
    print("| | median | most | target |\n| --- | ---: | ---: | ---: |")
    for name, seconds in (
        ("first answer", [each.first for each in found]),
        ("all of the text", [each.whole for each in found]),
    ):
        target = f"{TARGETS[name]} s" if name in TARGETS else ""
        print(f"| {name} | {median(seconds):.1f} s | {max(seconds):.1f} s | {target} |")
    print(f"| memory of the process | | {megabytes:.0f} MB | {TARGETS['memory']} MB |")


if __name__ == "__main__":
    main()
