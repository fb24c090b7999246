"""An hour of thirty visitors who do everything at random: does the server hold out?

    python -m benchmarks.soak [--minutes 60]

Each visitor opens lessons with sense and nonsense in the address, edits the prompt, uses whatever
widget there is, uploads files, starts, pauses, stops and deletes training runs, sends messages that
are none, and leaves in the middle of an answer. Now and then a worker process is killed. At the end
a new visitor's run must still be trained, the log must hold no traceback, and the server's memory
must have stopped growing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from statistics import mean

from requests import RequestException
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed

from benchmarks.app_process import start_app, stop_app
from benchmarks.classroom import LESSONS, PROMPT_LABEL, prompt_of
from benchmarks.streamlit_session import Session, WrongPageError
from gpt_core.training.run_files import CONFIG, METRICS, RunError, RunFolder

PATIENCE = 90.0  # seconds that a visitor waits for a page; then the measurement fails
NONSENSE = ["", "1e309", "-1", "nan", "🦆", "<script>", "../..", "0" * 500, "a,b,c", "%00", "None"]
KEYS = ["model", "run", "compare", "step", "head", "cell", "merges", "seed", "layers", "train_rate"]
PROMPTS = ["", "x", "🦆 <b>`*_$[", "é" * 300, "word " * 400, "\u202etxet", "GUS: Six stops"]
FILES = [
    ("story.txt", "Il était très content. " * 200),
    ("![x](https:somewhere.example).txt", "A duck and a bolt. " * 100),
    ("long.txt", "x" * 300_000),
    ("short.txt", "no"),
    ("binary.txt", "\x00\x01\x02" * 3000),
]
TRAINING = "train_steps=30&layers=1&heads=1&width=16&context=16&train_batch=4"
REFUSED = "an upload was refused"
STUCK = f"no answer within {PATIENCE:g} s"
LONGEST_WAIT = 900.0  # seconds that a new visitor waits for a run in the end
STILL = 180.0  # seconds in which somebody's run has to get on
PAUSES = (0.5, 6.0)  # seconds between two things that a visitor does


class Visitor:
    """One of the thirty. Every method is something that they may do."""

    def __init__(self, port: int, number: int, done: Counter[str]) -> None:
        self.port, self.chance, self.done = port, random.Random(number), done
        self.session: Session

    async def stay(self, until: float) -> None:
        """Come, do a number of things, go, come again."""
        while time.monotonic() < until:
            lesson = self.chance.choice(LESSONS)
            async with Session(self.port, lesson) as self.session:
                await self.open()
                for _ in range(self.chance.randrange(3, 20)):
                    await asyncio.sleep(self.chance.uniform(*PAUSES))
                    if time.monotonic() > until or not await self.something(lesson):
                        break

    async def something(self, lesson: str) -> bool:
        """Do one thing; False when the visitor has left."""
        acts = [self.edit] * 6 + [self.use] * 6 + [self.tick, self.hostile, self.leave]
        acts += {"data": [self.upload] * 3, "training": [self.train] * 3}.get(lesson, [])
        act = self.chance.choice(acts)
        self.done[act.__name__] += 1
        try:
            return await act() is not False
        except ConnectionClosed:  # the server may close on nonsense
            self.done["closed by the server"] += 1
        except WrongPageError:  # a button may lead to another lesson
            self.done["led to another page"] += 1
        except TimeoutError:
            self.done[STUCK] += 1
        except RequestException:
            self.done[REFUSED] += 1
        return False

    async def open(self) -> None:
        """A lesson, half of the time with nonsense in its address."""
        query = {"prompt": prompt_of(self.chance)}
        if self.chance.random() < 0.5:
            query |= {k: self.chance.choice(NONSENSE) for k in self.chance.sample(KEYS, 3)}
        if self.chance.random() < 0.3:
            query |= dict(pair.split("=") for pair in TRAINING.split("&"))
        self.done["open"] += 1
        try:
            await self.session.open(PATIENCE, **query)
        except TimeoutError:
            self.done[STUCK] += 1

    async def edit(self) -> None:
        """Another prompt."""
        prompt = self.chance.choice([*PROMPTS, prompt_of(self.chance), prompt_of(self.chance)])
        await self.session.type(PROMPT_LABEL, prompt, key="prompt", timeout=PATIENCE)

    async def use(self) -> None:
        """Whatever widget there is."""
        widgets = [w for w in self.session.widgets.items() if w[1][0] != "file_uploader"]
        if not widgets:
            return
        identity, (kind, widget) = self.chance.choice(widgets)
        await self.session.use(identity, PATIENCE, **self.value(kind, widget))

    def value(self, kind: str, widget: object) -> dict[str, object]:
        """Something that may be chosen there."""
        chance = self.chance
        if kind == "button":
            return {"trigger_value": True}
        if kind == "checkbox":
            return {"bool_value": chance.random() < 0.5}
        if kind in ("text_input", "text_area"):
            return {"string_value": chance.choice(PROMPTS)}
        if kind == "number_input":
            return {"double_value": chance.choice([widget.min, widget.max, widget.default])}
        if kind == "slider" and not widget.options:
            return {"double_array_value": [chance.uniform(widget.min, widget.max)]}
        options = [getattr(option, "content", option) for option in widget.options] or [""]
        if kind in ("slider", "button_group"):
            return {"string_array_value": [chance.choice(options)]}
        return {"string_value": chance.choice(options)}

    async def tick(self) -> None:
        """What the browser's timer does where something is going on."""
        for fragment in list(self.session.ticks)[:1]:
            await self.session.tick(fragment, PATIENCE)

    async def upload(self) -> None:
        """A file, where there is an uploader."""
        for identity, (kind, _) in list(self.session.widgets.items()):
            if kind == "file_uploader":
                name, text = self.chance.choice(FILES)
                await self.session.upload(identity, name, text.encode(), PATIENCE)

    async def train(self) -> None:
        """Start a run, or do something to one."""
        labels = ["Start training", "Pause", "Stop", "Resume", "Delete"]
        present = [w.label for kind, w in self.session.widgets.values() if kind == "button"]
        if known := [label for label in labels if label in present]:
            await self.session.press(self.chance.choice(known), PATIENCE)

    async def hostile(self) -> None:
        """A message that harms others, or is none."""
        message = BackMsg()
        message.clear_cache = True
        nonsense = bytes(self.chance.randrange(256) for _ in range(40))
        await self.session.send(self.chance.choice([message.SerializeToString(), nonsense]))

    async def leave(self) -> bool:
        """In the middle of an answer."""
        asyncio.get_running_loop().create_task(self.edit()).add_done_callback(_forget)
        await asyncio.sleep(0.02)
        return False


def _forget(task: asyncio.Task[None]) -> None:
    """Whoever has left doesn't mind what became of the answer."""
    if not task.cancelled():
        task.exception()


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # a thread that has just ended
            found += map(int, (task / "children").read_text().split())
    return found


def megabytes(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def watch(pid: int, until: float, done: Counter[str]) -> list[float]:
    """Kill a worker once in a while; the server's memory every 5 seconds."""
    chance, memory = random.Random(0), []
    while time.monotonic() < until:
        await asyncio.sleep(5)
        memory.append(megabytes(pid))
        workers = children(pid)
        if workers and chance.random() < 0.1:
            os.kill(chance.choice(workers), signal.SIGKILL)
            done["kill a worker"] += 1
        if len(memory) % 60 == 0:
            print(f"{len(memory) // 12} min: {memory[-1]:.0f} MB, {done.total()} acts", flush=True)
    return memory


async def everybody(port: int, pid: int, options: argparse.Namespace) -> tuple[Counter, list]:
    """All visitors; what was done how often, and the server's memory."""
    until, done = time.monotonic() + 60 * options.minutes, Counter[str]()
    visitors = [Visitor(port, number, done).stay(until) for number in range(options.visitors)]
    memory, *_ = await asyncio.gather(watch(pid, until, done), *visitors)
    return done, memory


def progress(runs: Path) -> dict[str, tuple[int, str]]:
    """Of each run: how much it has recorded, and its state."""
    found = {}
    for folder in runs.iterdir():
        with suppress(OSError, RunError):  # deleted meanwhile, or damaged
            found[folder.name] = (folder / METRICS).stat().st_size, RunFolder(folder).status().state
    return found


async def trains(port: int, runs: Path) -> str:
    """What became of a new visitor's run of 30 steps; runs of others come first.

    Raises RuntimeError where nobody's run gets on: then the queue is stuck.
    """
    before = set(runs.iterdir())
    async with Session(port, "training") as session:
        await session.open(PATIENCE, **dict(pair.split("=") for pair in TRAINING.split("&")))
        await session.press("Start training", PATIENCE)
    began = moved = time.monotonic()
    first = last = progress(runs)
    while (waited := time.monotonic() - began) < LONGEST_WAIT:
        new = [p for p in set(runs.iterdir()) - before if (p / CONFIG).is_file()]
        if any(RunFolder(path).status().state == "finished" for path in new):
            return f"finished after {waited:.0f} s"
        now = progress(runs)
        if now != last:
            last, moved = now, time.monotonic()
        elif time.monotonic() - moved > STILL:
            raise RuntimeError(f"Nobody's run got on for {STILL:g} s: the queue is stuck.")
        await asyncio.sleep(1)
    moved_on = sum(last[name] != first.get(name) for name in last)
    return f"still waits after {waited:.0f} s, in which {moved_on} runs before it got on"


def report(done: Counter[str], memory: list[float], log: str) -> bool:
    """Print a table; whether every promise was kept."""
    third = len(memory) // 3
    before, last = mean(memory[-2 * third : -third]), mean(memory[-third:])
    for act, count in done.most_common():
        print(f"| {act} | {count:,} |")
    print(f"| memory, second third → last third | {before:,.0f} → {last:,.0f} MB |")
    print(f"| most memory (limit 1,500) | {max(memory):,.0f} MB |")
    print(f"| tracebacks in the log | {log.count('Traceback')} |", flush=True)
    if "Traceback" in log:
        print(log[max(0, log.index("Traceback") - 500) :][:6000], flush=True)
    broken = "Traceback" in log or done[STUCK] or done[REFUSED]
    return not (broken or max(memory) > 1500 or last > 1.05 * before)


def main() -> None:
    """Soak, print a table, and fail where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--visitors", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs, log = Path(folder) / "runs", Path(folder) / "app.log"
        runs.mkdir()
        app, url = start_app(runs, log, GPT_PUBLIC="1", TMPDIR=folder)
        port = int(url.rsplit(":", 1)[1])
        try:
            done, memory = asyncio.run(everybody(port, app.pid, options))
            kept = report(done, memory, log.read_text(errors="replace"))
            print(f"| a run that was asked for at the end | {asyncio.run(trains(port, runs))} |")
        finally:
            stop_app(app)
    if not kept:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
