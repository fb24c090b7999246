"""A class of thirty on one small server: how long does an edit take while a model is trained?

    python -m benchmarks.classroom

Starts the app on this machine and opens many sessions of the Attention lesson, as browsers do but
without painting. Each edits its prompt every few seconds; a training run is active beside the app.
The clock runs from sending an edit to the end of the rerun that it caused. The load generator
shares the two cores with the app, so a real server is not slower than this.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from benchmarks.app_process import start_app, stop_app
from benchmarks.pages import training, write_runs
from benchmarks.streamlit_session import Session
from corpus import bundled
from gpt_core.run import Run

PROMPT_LABEL = "Prompt under study"
LONGEST = 300.0  # seconds; a load generator stops by itself


async def visit(port: int, number: int, options: argparse.Namespace) -> list[float]:
    """One visitor: open the lesson, then edit the prompt again and again; seconds of each edit."""
    chance = random.Random(number)
    text = bundled().text
    start = chance.randrange(len(text) - 100)
    prompt = text[start : start + 60].replace("\n", "⏎")
    times = []
    async with Session(port, "attention") as session:
        await asyncio.sleep(number * 0.2)  # a class doesn't open the page in the same instant
        await session.open(prompt=prompt)
        await asyncio.sleep(options.sessions * 0.2 + chance.uniform(0, options.every))
        until = time.monotonic() + min(options.seconds, LONGEST)
        while time.monotonic() < until:
            prompt += chance.choice("abcdefghij klmnop")
            times.append(await session.type(PROMPT_LABEL, prompt, key="prompt"))
            await asyncio.sleep(max(0.0, options.every - times[-1]))
        if session.exceptions:
            raise RuntimeError(f"The page showed an exception: {session.exceptions[0]}")
    return times


async def lesson(port: int, options: argparse.Namespace) -> list[float]:
    """All visitors at once."""
    visits = [visit(port, number, options) for number in range(options.sessions)]
    return [seconds for times in await asyncio.gather(*visits) for seconds in times]


def speed(run: Run, since: int) -> float:
    """Median tokens/s of the training run's steps after a number of records."""
    return median(r["tokens_per_s"] for r in run.metrics()[since:] if "tokens_per_s" in r)


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two edits")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long everybody edits")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        run = write_runs(root)
        app, url = start_app(root, root / "app.log")
        try:
            port = int(url.rsplit(":", 1)[1])
            with training(run):
                time.sleep(8)
                alone = speed(run, 20)
                before = len(run.metrics())
                times = asyncio.run(lesson(port, options))
                beside = speed(run, before)
        finally:
            stop_app(app)
    p95, p99 = quantiles(times, n=100)[94], quantiles(times, n=100)[98]
    print(f"| {options.sessions} sessions, an edit every {options.every:g} s, a run active | |")
    print("| --- | --- |")
    print(f"| edits measured | {len(times)} |")
    print(f"| rerun, median | {1000 * median(times):.0f} ms |")
    print(f"| rerun, p95 (target 200 ms) | {1000 * p95:.0f} ms |")
    print(f"| rerun, p99 | {1000 * p99:.0f} ms |")
    print(f"| training, alone → beside the class | {alone:,.0f} → {beside:,.0f} tokens/s |")


if __name__ == "__main__":
    main()
