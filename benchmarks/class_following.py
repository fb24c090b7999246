"""A class that follows its teacher: how soon is a change on everybody's screen?

    python -m benchmarks.class_following
    python -m benchmarks.class_following --pupils 200 --every 10 --changes 6 --own 0

Starts the app, opens a class, lets pupils join and brings all to the Attention lesson. Then the
teacher changes the head and the prompt by turns, as a teacher's browser does, while a training run
is active. A pupil waits at the class's route and reruns the page, as a pupil's browser does, but
without painting. The clock runs from sending the change to the end of each pupil's rerun; after it
the page has to show the new prompt. A few others look around alone and edit the prompt meanwhile.
The speed of training is compared with what it was before anybody came. The load generator shares
the cores with the app.

Then as many pupils as a class holds answer one question at once, at the service.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

from benchmarks.class_member import PROMPT, Member, request
from benchmarks.classroom import app_with_a_run, speed
from benchmarks.pages import training
from ui.services.classes.service import ClassService, Seat

LESSON = "attention"
PROMPTS = ("OTTO: It was wet, and it wanted warmth.", "NADIA: Who put a rubber duck in the dryer?")
_TOGETHER = 8  # pupils who come in at the same time
_OWN_EVERY = 3.0  # seconds between two edits of who looks around alone
_ALONE = 8.0  # seconds in which training is measured before anybody comes


async def steer(port: int, seat: Seat, prompt: str, head: str) -> int:
    """The teacher's browser says where it is; the new version."""
    view = {"lesson": LESSON, "query": {"prompt": prompt, "head": head}}
    body = json.dumps({"secret": seat.secret, **view}).encode()
    return (await request(port, f"/_class/{seat.class_id}/steer", body))["version"]


async def see(port: int, pupil: Member, known: int, prompt: str) -> float:
    """When a pupil's page shows the change that comes after a version."""
    seat = pupil.seat()
    await request(port, f"/_class/{seat.class_id}/{seat.ticket}/{known}")
    await pupil.follow(LESSON, prompt)
    return time.perf_counter()


async def edit_alone(pupil: Member, number: int, times: list[float]) -> None:
    """Look around alone, and edit the prompt until cancelled."""
    chance, prompt = random.Random(number), "OTTO: It"
    await pupil.press("Look around on my own")
    await asyncio.sleep(number * _OWN_EVERY / 3)
    while True:
        prompt += chance.choice("abcdefghij klmnop")
        seconds = await pupil.type(PROMPT, prompt, key="prompt")
        times.append(seconds)
        await asyncio.sleep(max(0.0, _OWN_EVERY - seconds))


async def follow(port: int, options: argparse.Namespace) -> tuple[list[float], list[float]]:
    """Seconds of every change on every screen, and of the edits of those who look around alone.

    The first change, to the lesson, isn't counted.
    """
    async with Member(port, "classroom") as teacher:
        seat, code = await teacher.open_class()
        class_of = [Member(port, "classroom") for _ in range(options.pupils + options.own)]
        for first in range(0, len(class_of), _TOGETHER):
            some = class_of[first : first + _TOGETHER]
            await asyncio.gather(*(pupil.__aenter__() for pupil in some))
            await asyncio.gather(*(pupil.come_in(code) for pupil in some))
        version = await steer(port, seat, "OTTO:", "0.0")
        for pupil in class_of:
            await pupil.follow(LESSON, "OTTO:")
        own: list[float] = []
        alone = [
            asyncio.create_task(edit_alone(pupil, number, own))
            for number, pupil in enumerate(class_of[options.pupils :])
        ]
        try:
            followers = class_of[: options.pupils]
            return await _changes(port, seat, followers, version, options), own
        finally:
            for task in alone:
                task.cancel()
            for pupil in class_of:
                await pupil.__aexit__(None, None, None)


async def _changes(
    port: int, seat: Seat, class_of: list[Member], version: int, options: argparse.Namespace
) -> list[float]:
    times: list[float] = []
    for change in range(options.changes):
        prompt = f"{PROMPTS[change % 2]} {change}"
        watching = asyncio.gather(*(see(port, pupil, version, prompt) for pupil in class_of))
        await asyncio.sleep(options.every)
        begin = time.perf_counter()
        version = await steer(port, seat, prompt, f"{change % 2}.1")
        times += [end - begin for end in await watching]
    return times


def answers(root: Path, pupils: int) -> float:
    """Seconds in which all answer one question. Raises RuntimeError unless each counts once."""
    service = ClassService(root)
    teacher = service.open()
    role = service.role(teacher)
    assert role is not None
    seats = [service.join(role.code, "") for _ in range(pupils)]

    def answer(number: int) -> None:
        service.answer(seats[number], "data", "", "Does it?", ("yes", "no"), number % 2)

    begin = time.perf_counter()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(answer, range(pupils)))
    seconds = time.perf_counter() - begin
    (question,) = service.questions(teacher)
    if question.counts != ((pupils + 1) // 2, pupils // 2):
        raise RuntimeError(f"{pupils} have answered, {question.answered} are counted.")
    service.end(teacher)
    service.close()
    return seconds


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pupils", type=int, default=30)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two changes")
    parser.add_argument("--own", type=int, default=3, help="others, who look around alone")
    parser.add_argument("--answers", type=int, default=200)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with app_with_a_run() as (_, port, run), training(run):
        time.sleep(_ALONE)
        alone, before = speed(run, 20), len(run.metrics())
        times, own = asyncio.run(follow(port, options))
        beside = speed(run, before)
    with tempfile.TemporaryDirectory() as folder:
        kept = answers(Path(folder), options.answers)
    target = "1.0 s" if options.pupils <= 30 else "4 s"
    print(f"Load before: {load:.1f}\n")
    print("| in a class | number | median | p95 | target |")
    print("| --- | ---: | ---: | ---: | ---: |")
    print(
        f"| a teacher's change on a pupil's screen, beside training | {options.pupils} pupils | "
        f"{median(times):.2f} s | {quantiles(times, n=20)[-1]:.2f} s | {target} |"
    )
    if len(own) > 1:
        print(
            f"| an edit of who looks around alone | {len(own)} edits | {1000 * median(own):.0f} ms "
            f"| {1000 * quantiles(own, n=20)[-1]:.0f} ms | 150 ms |"
        )
    print(
        f"| training, alone → beside the class | {alone:,.0f} → {beside:,.0f} tokens/s | "
        f"{beside / alone:.0%} | | 80% |"
    )
    print(f"| answers to one question, kept on disk | {options.answers} | {kept:.1f} s | | 5 s |")


if __name__ == "__main__":
    main()
