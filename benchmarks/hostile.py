"""A stranger tells the app to empty its caches, twice a second: does anybody notice?

    python -m benchmarks.hostile

A visitor trains a run in the app and another one's run waits, while a class edits its prompts on
the Attention lesson. First they are among themselves; then a stranger sends Streamlit's message
that empties all its caches, and in between the others that no page of this app sends. The worker,
its run and the queue must be the same afterwards, or the measurement fails.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from statistics import median, quantiles

from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed

from benchmarks.app_process import processor_seconds, start_app, stop_app
from benchmarks.classroom import class_of
from benchmarks.streamlit_session import Session

EVERY = 0.5  # seconds between two messages that empty the caches
OTHERS = [
    BackMsg(load_git_info=True),
    BackMsg(app_heartbeat=True),
    BackMsg(set_run_on_save=True),
    BackMsg(debug_shutdown_runtime=True),
]
BADGE = re.compile(r"-badge\[[^ ]+ ([a-z]+)\]")
# A small model, so that there are steps to see, and so many that no run ends meanwhile.
RUN = {"train_steps": "100000", "layers": "2", "heads": "2", "width": "64", "context": "64"}


def state_of(session: Session) -> str:
    """What the Training page says of its visitor's run: waiting, training, paused …"""
    texts = [delta.new_element.progress.text for _, delta in session.shown.values()]
    return next(match[1] for text in texts if (match := BADGE.search(text)))


async def worker_of(folder: Path, seconds: float = 60.0) -> int:
    """The process that trains: the app writes its number into the file that it locks.

    Raises TimeoutError if there is none after a while.
    """
    async with asyncio.timeout(seconds):
        while not (found := [p for p in folder.glob("gpt-training-*.lock") if p.stat().st_size]):
            await asyncio.sleep(0.1)
    return int(found[0].read_text())


async def stranger(port: int) -> None:
    """Send until cancelled; a connection that the app ends is opened again."""
    while True:
        with suppress(ConnectionClosed, OSError):
            async with Session(port, "attention") as session:
                for number in range(1_000_000):
                    await session.send(BackMsg(clear_cache=True).SerializeToString())
                    await session.send(OTHERS[number % len(OTHERS)].SerializeToString())
                    await asyncio.sleep(EVERY)


def steps_in(runs: Path) -> int:
    """Steps that the runs of this app have taken together."""
    return sum(path.read_text().count('"loss"') for path in runs.glob("*/metrics.jsonl"))


async def measure(folder: Path, port: int, pid: int, options: argparse.Namespace) -> None:
    """Print a Markdown table. Raises RuntimeError if the stranger has changed anything."""
    async with Session(port, "training") as ana, Session(port, "training") as ben:
        for visitor in (ana, ben):
            await visitor.open(**RUN)
            await visitor.press("Start training")
        worker = await worker_of(folder)
        async with asyncio.timeout(300):
            while not steps_in(folder / "runs"):
                await asyncio.sleep(1)
        print(
            "| | edits | median, ms | p95 (target 250) | server's processor time | steps trained |"
        )
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        await row("among themselves", folder, port, pid, options)
        attack = asyncio.create_task(stranger(port))
        await row("with the stranger", folder, port, pid, options)
        attack.cancel()
        for visitor in (ana, ben):
            await visitor.open()
        states = state_of(ana), state_of(ben)
        same = await worker_of(folder) == worker
        if states != ("training", "waiting") or not same:
            raise RuntimeError(f"Runs: {states}; the same worker: {same}.")
    print("\nThe worker, its run and the queue are the same.")


async def row(name: str, folder: Path, port: int, pid: int, options: argparse.Namespace) -> None:
    """Let the class edit for a while, and print a line of the table about it."""
    steps, used = steps_in(folder / "runs"), processor_seconds(pid)
    times = await class_of(port, options.sessions, ["attention"], options, 5.0)
    edits = f"{len(times)} | {1000 * median(times):.0f} | {1000 * quantiles(times, n=100)[94]:.0f}"
    steps, used = steps_in(folder / "runs") - steps, processor_seconds(pid) - used
    print(f"| {name} | {edits} | {used:.1f} s | {steps} |", flush=True)


def main() -> None:
    """Measure on an app of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long everybody edits")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app, url = start_app(folder / "runs", folder / "app.log", TMPDIR=name)
        try:
            asyncio.run(measure(folder, int(url.rsplit(":", 1)[1]), app.pid, options))
        finally:
            stop_app(app)


if __name__ == "__main__":
    main()
