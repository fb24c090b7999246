"""A page of somebody in a class, without a browser: it opens a class, joins one, follows it."""

from __future__ import annotations

import asyncio
import json

from benchmarks.streamlit_session import Session
from ui.services.classes.service import Seat

PROMPT = "Prompt under study"


class Member(Session):
    """A page of a teacher or a pupil."""

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

    async def come_in(self, code: str, timeout: float = 60.0) -> None:
        """Join the class with this code."""
        await self.open(timeout, code=code)
        await self.press("Join a class", timeout)
        self.seat()

    async def follow(self, lesson: str, prompt: str) -> None:
        """Report the change, be where the teacher is. Raises RuntimeError without this prompt."""
        self._page, self._heading = lesson, ""
        await self.tell("class_link", "change", 0)
        shown = [w.value for _, w in self.widgets.values() if getattr(w, "label", "") == PROMPT]
        if prompt not in shown:
            raise RuntimeError(f"A pupil's page doesn't show {prompt!r}.")

    def heard(self) -> str:
        """The number of the last telling that the page has heard of."""
        return str(self.widgets[self.find("text_input", "As of")][1].value)

    def seat(self) -> Seat:
        """What the page has told the browser to keep."""
        for _, delta in self.shown.values():
            component = delta.new_element.bidi_component
            if component.component_name.endswith("class_link"):
                seat = Seat.read(json.loads(component.json)["seat"])
                if seat:
                    return seat
        raise RuntimeError("This page has no seat in a class.")


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
