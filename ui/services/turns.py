"""How many reruns of all visitors are worked at together: two, the others wait for their turn.

A hundred threads that all want Python's one lock spend more time handing it on than working, and
the server's loop, which sends their pages, is only one more of them. In turns everybody is served
earlier, also the last one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from ui.services.messages import kind_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

AT_ONCE = 2  # the second computes where the first waits or lets go of the lock, as PyTorch does
# Seconds after which somebody else's turn begins in any case: a page that waits for something, or
# writes a sample, doesn't hold up the others.
LONGEST = 0.1
_LARGEST_END = 1024  # bytes; the message that a rerun has ended is a small one

_reruns = 0  # of all visitors that have their turn or wait for it
_connections = 0


def connected() -> int:
    """How many tabs are connected now."""
    return _connections


def crowded() -> bool:
    """Whether all turns are taken, so that whoever has one shouldn't rest."""
    return _reruns >= AT_ONCE


class Turns:
    """ASGI middleware: holds a rerun back until it is its turn, first come, first served.

    Of one connection only one rerun waits: what comes after it isn't read before.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._free = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        global _connections
        turn: asyncio.TimerHandle | None = None  # ends this connection's turn

        def end() -> None:
            nonlocal turn
            if turn:
                turn.cancel()
                turn = None
                self._give_back()

        async def receive_in_turn() -> Message:
            nonlocal turn
            event = await receive()
            if event["type"] == "websocket.receive" and kind_of(event["bytes"]) == "rerun_script":
                end()
                await self._take()
                turn = asyncio.get_running_loop().call_later(LONGEST, end)
            return event

        async def send_and_see(event: Message) -> None:
            if turn and ends_a_rerun(event.get("bytes")):
                end()
            await send(event)

        _connections += 1
        try:
            await self._app(scope, receive_in_turn, send_and_see)
        finally:
            _connections -= 1
            end()

    async def _take(self) -> None:
        global _reruns
        _reruns += 1
        try:
            await self._free.acquire()
        except asyncio.CancelledError:  # the visitor has left
            _reruns -= 1
            raise

    def _give_back(self) -> None:
        global _reruns
        _reruns -= 1
        self._free.release()


def ends_a_rerun(data: bytes | None) -> bool:
    """Whether a message to a browser says that its page is complete."""
    if not data or len(data) > _LARGEST_END:
        return False
    message = ForwardMsg.FromString(data)
    return (
        message.WhichOneof("type") == "script_finished"
        # Then another one follows at once, which belongs to the same edit.
        and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
    )
