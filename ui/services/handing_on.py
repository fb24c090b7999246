"""A rerun that only hands on to another isn't announced to the browser.

An edit asks for the part of the page that the box is in; its callback gives that rerun up for one
of the parts that read what was edited. Streamlit tells the browser of both, and each time it goes
over the whole page: that something runs, that it doesn't, that something runs. The first rerun of
a part says which ones do so; of the next ones, what they begin with waits until it is known.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST = 0.05  # seconds; then the browser is told that something runs
_LARGEST = 16384  # bytes; what announces a rerun is smaller
_BEGIN = ("new_session", "session_status_changed")


class HandingOn:
    """ASGI middleware: keeps the announcement of a rerun until it is known whether it goes on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        connection = _Connection(send)

        async def receive_and_note() -> Message:
            event = await receive()
            connection.asked(event.get("bytes"))
            return event

        try:
            await self._app(scope, receive_and_note, connection.send)
        finally:
            connection.close()


class _Connection:
    """What is sent over one, in the order in which it is sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._hands_on: set[str] = set()  # parts whose last rerun did nothing else
        self._part = ""  # that was asked for last
        self._begins = False  # nothing of its rerun has come but the announcement
        self._held: list[Message] = []
        self._run = ""  # the rerun that was announced last
        self._order = asyncio.Lock()
        self._later: asyncio.Task[None] | None = None

    def asked(self, data: bytes | None) -> None:
        """The browser has sent this."""
        message = BackMsg.FromString(data or b"")
        if message.WhichOneof("type") == "rerun_script":
            self._part, self._begins = message.rerun_script.fragment_id, True

    async def send(self, event: Message) -> None:
        """The app sends this."""
        async with self._order:
            kind, run, early = _read(event.get("bytes")) if self._begins else ("", "", False)
            if kind in _BEGIN:
                self._run = run or self._run
                if self._part in self._hands_on:
                    self._hold(event)
                else:
                    await self._send(event)
                return
            if self._begins:
                self._begins = False
                if early and run == self._run:
                    self._hands_on.add(self._part)
                    if self._held:
                        self._drop()
                        return
                elif kind:
                    self._hands_on.discard(self._part)
            await self._let_go()
            await self._send(event)

    def close(self) -> None:
        """The connection is over."""
        self._drop()

    def _hold(self, event: Message) -> None:
        self._held.append(event)
        if self._later is None:
            self._later = asyncio.create_task(self._let_go_later())

    async def _let_go_later(self) -> None:
        await asyncio.sleep(LONGEST)
        async with self._order:
            self._later = None  # nobody cancels it while it sends
            await self._let_go()

    async def _let_go(self) -> None:
        held = self._held[:]
        self._drop()
        for event in held:
            await self._send(event)

    def _drop(self) -> None:
        self._held.clear()
        if self._later:
            self._later.cancel()
            self._later = None


def _read(data: bytes | None) -> tuple[str, str, bool]:
    """A message to a browser: its kind, which rerun it is of, whether that is given up."""
    if not data or len(data) > _LARGEST:
        return "delta", "", False
    message = ForwardMsg.FromString(data)
    early = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
    kind = message.WhichOneof("type") or ""
    return kind, message.metadata.run.script_run_id, kind == "script_finished" and early
