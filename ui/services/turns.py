"""How many reruns of all visitors are worked at together: two, the others wait for their turn.

A hundred threads that all want Python's one lock spend more time handing it on than working, and
the server's loop, which sends their pages, is only one more of them. In turns everybody is served
earlier, also the last one. There are two queues: whoever has pressed something doesn't wait behind
the thirty pages that follow a teacher.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from ui.services.messages import comes_by_itself, kind_of

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
    """ASGI middleware: holds a rerun back until it is its turn; in a queue first come first served.

    Of one connection only one rerun waits: what comes after it isn't read before.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._queues = Queues(AT_ONCE)

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
                await self._take(comes_by_itself(event["bytes"]))
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

    async def _take(self, by_itself: bool) -> None:
        global _reruns
        _reruns += 1
        try:
            await self._queues.take(by_itself)
        except asyncio.CancelledError:  # the visitor has left
            _reruns -= 1
            raise

    def _give_back(self) -> None:
        global _reruns
        _reruns -= 1
        self._queues.give_back()


class Queues:
    """Turns for two kinds of reruns. Where both wait, every other turn is of each.

    So what somebody has pressed waits for one other at most, and nobody waits for ever.
    """

    def __init__(self, turns: int) -> None:
        self.free = turns
        self._pressed: deque[asyncio.Future[None]] = deque()
        self._by_itself: deque[asyncio.Future[None]] = deque()
        self._last_was_pressed = False

    async def take(self, by_itself: bool) -> None:
        """Wait for a turn."""
        if self.free:
            self.free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        queue = self._by_itself if by_itself else self._pressed
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was given in the same moment
                self.give_back()
            raise

    def give_back(self) -> None:
        """A turn is over: it goes to whoever is next."""
        queues = [self._pressed, self._by_itself]
        for queue in reversed(queues) if self._last_was_pressed else queues:
            while queue:
                turn = queue.popleft()
                if not turn.cancelled():
                    self._last_was_pressed = queue is self._pressed
                    turn.set_result(None)
                    return
        self.free += 1


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
