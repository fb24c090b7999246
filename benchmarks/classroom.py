"""A class on one small server: what does an edit of the prompt cost, and how long does it take?

    python -m benchmarks.classroom
    python -m benchmarks.classroom --edits 0 --attention --mixed --models 30 --text FILE

Starts the app on this machine and opens sessions of its lessons, as browsers do but without
painting. Four tables:

1. the server's processor time for one edit, lesson by lesson, nobody else there;
2. a class on the Attention lesson, everybody editing every 5 s, a training run active beside it;
3. a class spread over all lessons, everybody editing every 8 s, beside training;
4. asked for by --models: so many pupils who each train a model (benchmarks/class_models.py).

The clock runs from sending an edit to the end of the rerun that it caused. After each it is checked
that the lesson that was asked for has answered; an exception on a page ends the measurement. The
load generator shares the cores with the app, so a real server is not slower than this.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean, median, quantiles

from benchmarks.app_process import processor_seconds, start_app, stop_app
from benchmarks.class_models import pieces_of, print_models
from benchmarks.pages import training, write_runs
from benchmarks.streamlit_session import Session
from corpus import bundled
from course.lessons import FIRST
from course.lessons import LESSONS as COURSE_LESSONS
from gpt_core.training.run import Run

PROMPT_LABEL = "Prompt under study"
# The address of each page that a prompt means something to; the empty one is Home.
LESSONS = tuple(
    sorted("" if each is FIRST else each.name for each in COURSE_LESSONS if each.studies)
)
OPENING = 0.25  # seconds between two visitors who open the page
SLOWEST = 60.0  # seconds that a page may take to open, or an edit to be answered


def prompt_of(chance: random.Random) -> str:
    """A piece of the bundled text that hardly two visitors share."""
    text = bundled().text
    start = chance.randrange(len(text) - 100)
    return text[start : start + 60].replace("\n", "⏎")


async def edit(session: Session, prompt: str) -> float:
    """Type a prompt; seconds. Raises RuntimeError when the page shows an exception."""
    seconds = await session.type(PROMPT_LABEL, prompt, key="prompt", timeout=SLOWEST)
    if session.exceptions:
        raise RuntimeError(f"The page showed an exception: {session.exceptions[0]}")
    return seconds


async def cost(port: int, pid: int, lesson: str, edits: int) -> float:
    """The server's processor seconds for one edit of a lesson, on average.

    Raises RuntimeError unless the page then shows what somebody sees who opens it with that prompt.
    """
    chance = random.Random(lesson)
    prompt = prompt_of(chance)
    async with Session(port, lesson) as session:
        await session.open(prompt=prompt)
        for _ in range(3):
            prompt += chance.choice("abcdefghij klmnop")
            await edit(session, prompt)
        before = processor_seconds(pid)
        for _ in range(edits):
            prompt += chance.choice("abcdefghij klmnop")
            await edit(session, prompt)
        seconds = (processor_seconds(pid) - before) / edits
        async with Session(port, lesson) as other:
            await other.open(prompt=prompt)
            if session.content() != other.content():
                raise RuntimeError(f"After the edits {lesson!r} isn't what a new visitor sees.")
        return seconds


async def visit(
    port: int, number: int, lesson: str, sessions: int, options: argparse.Namespace, every: float
) -> list[float]:
    """One visitor: open the lesson, then edit the prompt again and again; seconds of each edit."""
    chance = random.Random(number)
    prompt = prompt_of(chance)
    times = []
    async with Session(port, lesson) as session:
        await asyncio.sleep(number * OPENING)  # a class doesn't open the page in the same instant
        await session.open(prompt=prompt, timeout=SLOWEST)
        await asyncio.sleep((sessions - number) * OPENING + chance.uniform(0, every))
        until = time.monotonic() + options.seconds
        while time.monotonic() < until:
            prompt += chance.choice("abcdefghij klmnop")
            times.append(await edit(session, prompt))
            await asyncio.sleep(max(0.0, every - times[-1]))
    return times


async def class_of(
    port: int, sessions: int, lessons: Iterable[str], options: argparse.Namespace, every: float
) -> list[float]:
    """All visitors at once, the lessons given out in turn; seconds of every edit."""
    lessons = list(lessons)
    visits = [
        visit(port, number, lessons[number % len(lessons)], sessions, options, every)
        for number in range(sessions)
    ]
    return [seconds for times in await asyncio.gather(*visits) for seconds in times]


def row_of(name: str, sessions: int, every: float, times: list[float], target: str) -> str:
    """A line of a Markdown table, in milliseconds."""
    percent = quantiles(times, n=100)
    numbers = f"{1000 * median(times):.0f} | {1000 * percent[94]:.0f} | {1000 * percent[98]:.0f}"
    return f"| {name} | {sessions} | {every:g} s | {len(times)} | {numbers} | {target} |"


def speed(run: Run, since: int) -> float:
    """Median tokens/s of the training run's steps after a number of records."""
    return median(r.tokens_per_s for r in run.metrics()[since:] if r.tokens_per_s)


def print_costs(port: int, pid: int, edits: int) -> None:
    """The first table."""
    print("| lesson | processor time for an edit |\n| --- | ---: |")
    costs = []
    for lesson in LESSONS:
        costs.append(1000 * asyncio.run(cost(port, pid, lesson, edits)))
        print(f"| {lesson or 'home'} | {costs[-1]:.0f} ms |", flush=True)
    print(f"| mean (target 60) | **{mean(costs):.0f} ms** |")
    print(f"| most (target 150) | **{max(costs):.0f} ms** |\n")


def print_classes(port: int, run: Run, options: argparse.Namespace) -> None:
    """The second table and the third in one, beside training."""
    with training(run):
        time.sleep(8)
        alone, before = speed(run, 20), len(run.metrics())
        print(
            "| lessons | sessions | an edit every | edits | median, ms | p95 | p99 | target p95 |"
        )
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        plans = [("Attention", ("attention",), n, 5.0) for n in options.attention]
        plans += [("all", LESSONS, n, 8.0) for n in options.mixed]
        targets = {("Attention", 200): "250", ("all", 30): "500", ("all", 60): "1,000"}
        for name, lessons, sessions, every in plans:
            times = asyncio.run(class_of(port, sessions, lessons, options, every))
            target = targets.get((name, sessions), "")
            print(row_of(name, sessions, every, times, target), flush=True)
        beside = speed(run, before)
    print(f"\nTraining, alone → beside the classes: {alone:,.0f} → {beside:,.0f} tokens/s.")


@contextmanager
def app_with_a_run() -> Iterator[tuple[subprocess.Popen[bytes], int, Run]]:
    """The app, its port, and a run that may be trained beside it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        run = write_runs(root)
        # Its lock is its own: whatever else trains on this machine is no part of the measurement.
        app, url = start_app(root, root / "app.log", TMPDIR=folder)
        try:
            time.sleep(6)  # the process imports what it has put off
            yield app, int(url.rsplit(":", 1)[1]), run
        finally:
            stop_app(app)


def main() -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--attention", type=int, nargs="*", default=[30, 80, 200])
    parser.add_argument("--mixed", type=int, nargs="*", default=[30, 60])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long everybody edits")
    parser.add_argument("--edits", type=int, default=20, help="of each lesson, for its cost; 0: no")
    parser.add_argument("--models", type=int, default=0, help="pupils who train one each")
    parser.add_argument("--text", type=Path, help="what their texts are cut from (the app's own)")
    options = parser.parse_args()
    with app_with_a_run() as (app, port, run):
        if options.edits:
            print_costs(port, app.pid, options.edits)
        if options.attention or options.mixed:
            print_classes(port, run, options)
        if options.models:
            text = options.text.read_text() if options.text else bundled().text
            print_models(port, app.pid, run.path.parent, pieces_of(text, options.models))


if __name__ == "__main__":
    main()
