"""A class that follows its teacher: how soon is a change on everybody's screen?

    python -m benchmarks.class_following

Starts the app, opens a class, lets pupils join and brings all to the Attention lesson. Then the
teacher changes the head and the prompt by turns, as a teacher's browser does, while a training run
is active. A pupil waits at the class's route and reruns the page, as a pupil's browser does, but
without painting. The clock runs from sending the change to the end of each pupil's rerun; after it
the page has to show the new prompt. The load generator shares the cores with the app.

Then as many pupils as a class holds answer one question at once, at the service.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

from benchmarks.classroom import app_with_a_run
from benchmarks.pages import training
from benchmarks.streamlit_session import Session
from ui.services.classes.service import ClassService, Seat

LESSON = "attention"
PROMPTS = ("OTTO: It was wet, and it wanted warmth.", "NADIA: Who put a rubber duck in the dryer?")
_TOGETHER = 8  # pupils who come in at the same time


class Pupil(Session):
    """A pupil's page: it waits for a change, then draws what that concerns."""

    async def open_class(self) -> tuple[Seat, str]:
        """Be a teacher: the seat, and the class's code."""
        await self.open()
        await self.press("Open a class")
        code = next(
            d.new_element.html.body
            for _, d in self.shown.values()
            if "letter-spacing" in d.new_element.html.body
        )
        return self.seat(), code.rpartition("'>")[2][:6]

    async def come_in(self, code: str) -> None:
        """Join the class with this code."""
        await self.open(code=code)
        await self.press("Join a class")
        self.seat()

    async def follow(self, prompt: str) -> None:
        """Report the change, be where the teacher is. Raises RuntimeError without this prompt."""
        self._page, self._heading = LESSON, ""
        await self.tell("class_link", "change", 0)
        shown = [w.value for _, w in self.widgets.values() if getattr(w, "label", "") == PROMPT]
        if prompt not in shown:
            raise RuntimeError(f"A pupil's page doesn't show {prompt!r}.")

    def seat(self) -> Seat:
        """What the page has told the browser to keep."""
        for _, delta in self.shown.values():
            component = delta.new_element.bidi_component
            if component.component_name.endswith("class_link"):
                seat = Seat.read(json.loads(component.json)["seat"])
                if seat:
                    return seat
        raise RuntimeError("This page has no seat in a class.")


PROMPT = "Prompt under study"


async def request(port: int, path: str, body: bytes = b"") -> dict[str, int]:
    """GET, or POST where there is a body; what is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    method = "POST" if body else "GET"
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    head_of_answer, _, content = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head_of_answer.split(b"\r\n")[0]:
        raise RuntimeError(f"{method} {path}: {head_of_answer[:200]!r}")
    return json.loads(content)


async def steer(port: int, seat: Seat, prompt: str, head: str) -> int:
    """The teacher's browser says where it is; the new version."""
    view = {"lesson": LESSON, "query": {"prompt": prompt, "head": head}}
    body = json.dumps({"secret": seat.secret, **view}).encode()
    return (await request(port, f"/_class/{seat.class_id}/steer", body))["version"]


async def see(port: int, pupil: Pupil, class_id: str, known: int, prompt: str) -> float:
    """When a pupil's page shows the change that comes after a version."""
    await request(port, f"/_class/{class_id}/{known}")
    await pupil.follow(prompt)
    return time.perf_counter()


async def follow(port: int, pupils: int, changes: int, every: float) -> list[float]:
    """Seconds of every change on every screen; the first change, to the lesson, isn't counted."""
    async with Pupil(port, "classroom") as teacher:
        seat, code = await teacher.open_class()
        class_of = [Pupil(port, "classroom") for _ in range(pupils)]
        for first in range(0, pupils, _TOGETHER):
            some = class_of[first : first + _TOGETHER]
            await asyncio.gather(*(pupil.__aenter__() for pupil in some))
            await asyncio.gather(*(pupil.come_in(code) for pupil in some))
        try:
            return await _changes(port, seat, class_of, changes, every)
        finally:
            for pupil in class_of:
                await pupil.__aexit__(None, None, None)


async def _changes(
    port: int, seat: Seat, class_of: list[Pupil], changes: int, every: float
) -> list[float]:
    times: list[float] = []
    version = await steer(port, seat, "OTTO:", "0.0")
    for pupil in class_of:
        await pupil.follow("OTTO:")
    for change in range(changes):
        prompt = f"{PROMPTS[change % 2]} {change}"
        waits = [see(port, pupil, seat.class_id, version, prompt) for pupil in class_of]
        watching = asyncio.gather(*waits)
        await asyncio.sleep(every)
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
    parser.add_argument("--answers", type=int, default=200)
    options = parser.parse_args()
    with app_with_a_run() as (_, port, run), training(run):
        times = asyncio.run(follow(port, options.pupils, options.changes, options.every))
    with tempfile.TemporaryDirectory() as folder:
        kept = answers(Path(folder), options.answers)
    p95 = quantiles(times, n=20)[-1]
    print("| in a class | number | median | p95 | target |")
    print("| --- | ---: | ---: | ---: | ---: |")
    print(
        f"| a teacher's change on a pupil's screen, beside training | {options.pupils} pupils | "
        f"{median(times):.2f} s | {p95:.2f} s | 1.0 s |"
    )
    print(f"| answers to one question, kept on disk | {options.answers} | {kept:.1f} s | | 5 s |")


if __name__ == "__main__":
    main()
