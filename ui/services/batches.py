"""What a rerun sends reaches the browser in few batches.

For each message, or for a few that arrive at once, a browser goes over the whole page: that
something runs, that something is drawn, and then more, that nothing runs any longer. While it does,
it paints nothing. So a rerun is announced together with the first that it draws, which is painted
while the server goes on; what follows comes at once when all is drawn, or after a while.

Where parts of a page are drawn again, as after an edit, the first of it goes ahead even of the
announcement: a browser that is told that something runs goes over all that stands on the page,
and over this element alone if it isn't. It is sent once more where it belongs, for whatever a
rerun hasn't drawn is taken away at its end. It goes ahead only to where the part's first element
was drawn last time: of no other place can we be sure that the browser has it.

A rerun that is given up before it draws isn't announced at all. An edit asks for one: for the part
of the page that the box is in, whose callback hands on to the parts that read what was edited. What
the callback has written into the address arrives.

A browser says with each press which large messages it keeps, and forgets the oldest when it hears
that a rerun is over. What was pressed before it heard so may name some that it has forgotten by the
time of the answer, which would end its page. So then all is sent.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from enum import Enum, auto
from typing import TYPE_CHECKING

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_cache import create_reference_msg

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Seconds that a message waits at most: where parts of a page are drawn again, whose first element
# goes ahead; and in a whole page or a long rerun, of which the browser draws what is there while
# the server goes on.
PARTS, PAGE = 0.15, 0.05
_END = 0.02  # between a rerun's last message and the one that nothing runs
# Seconds in which a press may have crossed the message that a rerun is over, or has not begun.
_CROSSING = 0.5
_LARGEST = 262_144  # bytes; what is no element is smaller
_FINISHED = "script_finished"
_ANNOUNCED = ("new_session", "session_status_changed", _FINISHED)
_EMPTY = ForwardMsg()
_ELEMENT, _PLACE = "new_element", "add_block"  # what is drawn, and a place for it


class Batches:
    """ASGI middleware: keeps what is sent over a websocket until it is worth a look at the page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        connection = _Connection(send)
        try:
            await self._app(scope, lambda: connection.receive(receive), connection.send)
        finally:
            connection.close()


class _Stage(Enum):
    """How far the rerun is, of which was sent or kept last."""

    NONE = auto()
    BEGINS = auto()  # nothing is drawn yet
    DRAWS = auto()
    ENDS = auto()


class _Connection:
    """What is sent over one, in the order in which it is sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._stage = _Stage.NONE
        self._kept: list[tuple[str, Message]] = []  # with their kinds
        self._patience = PAGE  # seconds
        self._parts: tuple[str, ...] = ()  # that are drawn again; none: the whole page
        self._first = _FirstOfParts()
        self._order = asyncio.Lock()
        self._later: asyncio.Task[None] | None = None
        self._latest = 0.0  # when a rerun was asked for or was over, by time.monotonic()

    async def receive(self, receive: Receive) -> Message:
        """What the browser sends."""
        event = await receive()
        message = BackMsg.FromString(event.get("bytes") or b"")
        if message.WhichOneof("type") == "rerun_script":
            before, self._latest = self._latest, time.monotonic()
            if self._stage is not _Stage.NONE or self._latest < before + _CROSSING:
                message.rerun_script.ClearField("cached_message_hashes")
                event = {**event, "bytes": message.SerializeToString()}
        return event

    async def send(self, event: Message) -> None:
        """The app sends this."""
        async with self._order:
            kind, message = _read(event)
            early = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
            if kind == "new_session":
                if self._stage is _Stage.ENDS:
                    await self._let_go()
                self._stage = _Stage.BEGINS
                self._parts = tuple(message.metadata.run.fragment_ids)
                self._patience = PARTS if self._parts else PAGE
                self._first.begin(self._parts)
            if self._stage is _Stage.NONE or not kind:
                await self._let_go()
                await self._send(event)
            elif kind == _FINISHED and early and self._unseen():
                await self._let_go(but=_ANNOUNCED)
            elif kind == _ELEMENT and self._first.stands(message) and self._nobody_told():
                await self._send(event)
                self._keep(kind, _once_more(event, message))
                self._stage = _Stage.DRAWS
                self._wait()
            else:
                self._keep(kind, event)
                await self._go_on(kind)

    def close(self) -> None:
        """The connection is over."""
        self._forget()

    def _nobody_told(self) -> bool:
        """Whether the browser knows nothing of a rerun of parts."""
        told = "new_session" not in {kind for kind, _ in self._kept}
        return bool(self._parts) and self._stage is _Stage.BEGINS and not told

    def _unseen(self) -> bool:
        """Whether the browser knows nothing of the rerun, and needn't."""
        kinds = {kind for kind, _ in self._kept}
        known = kinds & {_ELEMENT, _PLACE} or "new_session" not in kinds
        return self._stage is _Stage.BEGINS and not known

    async def _go_on(self, kind: str) -> None:
        """Send what is kept if a message of this kind, the last of it, makes it worth it."""
        if self._stage is _Stage.BEGINS and kind == _ELEMENT:
            self._stage = _Stage.DRAWS
            await self._let_go()
        elif self._stage is _Stage.ENDS and kind == "session_status_changed":
            self._stage = _Stage.NONE
            await self._let_go()
            self._latest = time.monotonic()
        elif kind == _FINISHED:
            self._first.end()
            self._stage, self._patience = _Stage.ENDS, _END
            self._wait()

    def _keep(self, kind: str, event: Message) -> None:
        self._kept.append((kind, event))
        if self._later is None:
            self._wait()

    def _wait(self) -> None:
        if self._later:
            self._later.cancel()
        self._later = asyncio.create_task(self._let_go_later(self._patience))

    async def _let_go_later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        async with self._order:
            self._later = None  # nobody cancels it while it sends
            self._patience = min(self._patience, PAGE)
            with suppress(OSError, RuntimeError):  # it is closed: whoever sends next is told
                await self._let_go()

    async def _let_go(self, but: tuple[str, ...] = ()) -> None:
        """Send what is kept, in its order, without these kinds."""
        kept = self._kept[:]
        self._forget()
        for kind, event in kept:
            if kind not in but:
                await self._send(event)

    def _forget(self) -> None:
        self._kept.clear()
        if self._later:
            self._later.cancel()
            self._later = None


class _FirstOfParts:
    """Where the first element of each part of a page stands in the browser."""

    def __init__(self) -> None:
        self._before: dict[str, list[int]] = {}
        self._now: dict[str, list[int]] = {}
        self._parts: tuple[str, ...] = ()

    def begin(self, parts: tuple[str, ...]) -> None:
        """A rerun begins, of these parts or of the whole page."""
        self._before |= self._now  # of one that was given up
        self._now = {}
        self._parts = parts
        if not parts:
            self._before = {}

    def stands(self, message: ForwardMsg) -> bool:
        """Whether this is a part's first element, and stands where the last one did."""
        part = message.delta.fragment_id
        if not part or part in self._now:
            return False
        self._now[part] = list(message.metadata.delta_path)
        return self._before.get(part) == self._now[part]

    def end(self) -> None:
        """All is drawn: a part that has drawn nothing is empty now."""
        for part in self._parts:
            self._before.pop(part, None)


def _once_more(event: Message, message: ForwardMsg) -> Message:
    """What was just sent, to send again: by its name where the browser keeps what it gets."""
    if not message.metadata.cacheable:
        return event
    return {**event, "bytes": create_reference_msg(message).SerializeToString()}


def _read(event: Message) -> tuple[str, ForwardMsg]:
    """A message to a browser with its kind; an empty one where it is large or none."""
    data = event.get("bytes")
    if not data or len(data) > _LARGEST:
        return _ELEMENT if data else "", _EMPTY
    message = ForwardMsg.FromString(data)
    kind = message.WhichOneof("type") or ""
    if kind in ("delta", "ref_hash"):  # the latter is an element that the browser still has
        kind = message.delta.WhichOneof("type") or _ELEMENT
    return kind, message
