"""A rerun that only hands on to another isn't announced to the browser.

An edit asks for the part of the page that the box is in; its callback gives that rerun up for one
of the parts that read what was edited. Streamlit tells the browser of both, and each time it goes
over the whole page: that something runs, that it doesn't, that something runs. The first rerun of
a part says which ones do so; of the next ones, what they begin with waits until it is known. What
the callback has written into the address waits with it, and always arrives.
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
_ADDRESS = "page_info_changed"


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
        self._begins = False  # nothing of its rerun has come but the announcement and the address
        self._held: list[tuple[str, Message]] = []  # with their kinds
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
            if kind in (*_BEGIN, _ADDRESS):
                await self._send_or_hold(kind, event)
            elif not await self._hands_over(kind, early and run == self._run):
                await self._let_go()
                await self._send(event)

    async def _hands_over(self, kind: str, early: bool) -> bool:
        """Whether the rerun is over that was kept from the browser. kind: of what has come last."""
        if not self._begins:
            return False
        self._begins = False
        if early:
            self._hands_on.add(self._part)
            if self._held:
                await self._let_go(_ADDRESS)
                return True
        elif kind:
            self._hands_on.discard(self._part)
        return False

    def close(self) -> None:
        """The connection is over."""
        self._drop()

    async def _send_or_hold(self, kind: str, event: Message) -> None:
        if self._part not in self._hands_on:
            await self._send(event)
            return
        self._held.append((kind, event))
        if self._later is None:
            self._later = asyncio.create_task(self._let_go_later())

    async def _let_go_later(self) -> None:
        await asyncio.sleep(LONGEST)
        async with self._order:
            self._later = None  # nobody cancels it while it sends
            await self._let_go()

    async def _let_go(self, *kinds: str) -> None:
        """Send what was held, in its order: these kinds alone, or all."""
        held = self._held[:]
        self._drop()
        for kind, event in held:
            if not kinds or kind in kinds:
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
