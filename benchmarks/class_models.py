"""A model for everyone: pupils train on texts of their own, one after the other, pages meanwhile.

Each pastes a text on the Data page and presses *Start training* in the same minute, with what the
form says in a class. Then half of them watch their curves, and half edit the prompt on Attention.
A run's seconds count from its turn to its last weights on the disk. Words count as they are
written, from each model three times, and have to stand in the text that it learned from.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import time
from collections import Counter
from pathlib import Path
from statistics import median, quantiles

from benchmarks.app_process import processor_seconds
from benchmarks.class_member import PROMPT, Member
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.training.run import Run
from gpt_core.training.run_files import LOG, STATUS, RunError, RunFolder

SEEDS, WRITTEN = (1, 2, 3), 500  # tokens that a model writes with each seed
_READ = 10  # models whose words are counted
_TOGETHER = 5  # pupils who come in at the same time
_MINUTE = 60.0  # in which all press the button
_EVERY = 8.0  # seconds between two edits of one pupil
_LONGEST = 330.0  # seconds until everybody should have a model, and a little more
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def pieces_of(text: str, count: int) -> list[str]:
    """So many texts of the same length, cut from one."""
    size = len(text) // count
    return [text[size * number :][:size] for number in range(count)]


async def _choose_text(pupil: Member, text: str) -> None:
    """Paste a text on the Data page, and open Training."""
    await pupil.go_to("data", 120)
    source = pupil.find("radio", "Which text?")
    await pupil.use(source, 120, string_value="Paste a text")
    pupil.fill(pupil.find("text_area", "Your text"), string_value=text)
    await pupil.press("Use this text", 120)
    await pupil.go_to("training", 120)


async def _learn(pupil: Member, number: int, ready: asyncio.Event) -> Counter[str]:
    """Press the button, and look on until everybody has a model; seconds of edits and of looks."""
    chance, seconds = random.Random(number), {"edits": [], "looks": []}
    await asyncio.sleep(chance.uniform(0, _MINUTE))
    await pupil.press("Start training", 120)
    if pupil.exceptions:
        raise RuntimeError(f"The page showed an exception: {pupil.exceptions[0]}")
    if number % 2:
        await pupil.go_to("attention", 120)
    prompt, edited, looked = "OTTO: It was wet", time.monotonic(), time.monotonic()
    while not ready.is_set():
        now = time.monotonic()
        if now - edited > _EVERY:
            edited, prompt = now, prompt + chance.choice("abcdefgh ")
            seconds["edits"].append(await pupil.type(PROMPT, prompt, key="prompt"))
        elif pupil.ticks and now - looked > min(pupil.ticks.values()):
            looked = now
            for fragment in list(pupil.ticks):
                seconds["looks"].append(await pupil.tick(fragment))
        await asyncio.sleep(0.05)
    return seconds


async def _class_that_trains(port: int, root: Path, texts: list[str]) -> tuple[float, dict]:
    """Seconds until the last has a model, and those of all edits and looks."""
    async with Member(port, "classroom") as teacher:
        _, code = await teacher.open_class()
        pupils = [Member(port, "classroom") for _ in texts]
        for first in range(0, len(texts), _TOGETHER):
            some = pupils[first : first + _TOGETHER]
            await asyncio.gather(*(pupil.__aenter__() for pupil in some))
            await asyncio.gather(*(pupil.come_in(code, 120) for pupil in some))
            of_some = texts[first : first + _TOGETHER]
            await asyncio.gather(*map(_choose_text, some, of_some))
        try:
            ready, begin = asyncio.Event(), time.time()
            waits = asyncio.gather(
                *(_learn(pupil, number, ready) for number, pupil in enumerate(pupils))
            )
            while not waits.done() and time.time() - begin < _LONGEST:
                if sum(state == "finished" for state in _states(root)) == len(texts):
                    break
                await asyncio.sleep(0.5)
            took = time.time() - begin
            ready.set()
            found = await waits
        finally:
            for pupil in pupils:
                await pupil.__aexit__(None, None, None)
    return took, {name: [s for one in found for s in one[name]] for name in ("edits", "looks")}


def _runs(root: Path) -> list[Path]:
    """The folders of what the class has trained."""
    return [notes.parent for notes in root.glob("*/service.json")]


def _states(root: Path) -> list[str]:
    states = []
    for folder in _runs(root):
        try:
            states.append(RunFolder(folder).status().state)
        except RunError:
            states.append("?")
    return states


def _processor_seconds_of_worker(app: int) -> float:
    """What the app's training process has used so far; 0 where there is none."""
    lists = Path(f"/proc/{app}/task").glob("*/children")  # of each thread
    children = [pid for one in lists for pid in one.read_text().split()]
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return sum(processor_seconds(int(p)) for p, command in commands.items() if b"--stay" in command)


def own_words(folder: Path) -> float:
    """The share of the words that a run's model writes which its text has: the median of three."""
    run = Run.open(folder)
    model, tokenizer = run.load_model(), run.tokenizer()
    known = set(_WORD.findall((folder / "corpus.txt").read_text()))
    shares = []
    for seed in SEEDS:
        config = SampleConfig(max_new_tokens=WRITTEN, temperature=0.8, seed=seed)
        ids = [step.token for step in generate(model, tokenizer.encode("\n"), config)]
        words = _WORD.findall(tokenizer.decode(ids))
        shares.append(sum(word in known for word in words) / max(1, len(words)))
    return median(shares)


def print_models(port: int, app: int, root: Path, texts: list[str]) -> None:
    """Measure, and print a Markdown table. app: its process id."""
    took, seconds = asyncio.run(_class_that_trains(port, root, texts))
    processor = _processor_seconds_of_worker(app)
    done = [folder for folder in _runs(root) if RunFolder(folder).status().state == "finished"]
    if not done:
        raise RuntimeError(f"No run has finished within {took:.0f} s: {_states(root)}")
    turns = [(f / STATUS).stat().st_mtime - (f / LOG).stat().st_mtime for f in done]
    shares = [own_words(folder) for folder in done[:_READ]]
    sizes = json.loads((done[0] / "config.json").read_text())
    print(f"Load {os.getloadavg()[0]:.1f}; the first run: {sizes['model']}\n")
    print("| thirty models | measured | target |\n| --- | ---: | ---: |")
    print(f"| models of {len(texts)} asked for, after | {len(done)}, {took:.0f} s | 300 s |")
    print(
        f"| seconds of a run's turn, median and most | {median(turns):.1f}, {max(turns):.1f} | 8 |"
    )
    print(f"| its processor time, mean | {processor / len(done):.1f} s | |")
    print(f"| own words, median and least | {median(shares):.0%}, {min(shares):.0%} | 80% |")
    for name, times in seconds.items():
        p95 = quantiles(times, n=20)[-1]
        print(f"| p95 of {len(times)} {name} | {1000 * p95:.0f} ms | 250 ms |")
