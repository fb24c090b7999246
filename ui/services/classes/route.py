"""Where browsers of a class wait for the next change, and where a teacher's says where it is.

Where the teacher points comes as a stream: an answer for each movement would cost too much.
Neither runs a page: two hundred browsers that wait are two hundred sleeping tasks of the server.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from ui.services.classes.limits import ClassError
from ui.services.classes.service import ClassService, Seat, Spot, Waiting, class_service

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

# Before it the path that a proxy may add. A class's id; the ticket of the member who asks; the
# version that a browser knows.
_PATH = re.compile(r"/_class/([0-9a-f]{16})/(?:([0-9a-f]{16})/(\d{1,9}|pointer)|(steer|point))$")
_WAIT = 25.0  # seconds without a change; proxies end what takes longer
_LONGEST = 64_000  # bytes that a teacher's browser may send
_UNKEPT = {"cache-control": "no-store"}


class ClassRoutes:
    """ASGI middleware: `GET …/_class/ID/TICKET/VERSION` and `POST …/_class/ID/steer`.

    For the pointer, `GET …/_class/ID/TICKET/pointer` and `POST …/_class/ID/point`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        match = _PATH.search(scope["path"]) if scope["type"] == "http" else None
        if match is None:
            await self._app(scope, receive, send)
            return
        class_id, ticket, asked, told = match.groups()
        service = await asyncio.to_thread(class_service)
        request, member = Request(scope, receive), Waiting(class_id, ticket or "")
        if request.method == "GET" and asked == "pointer":
            answer: Response = _pointer(service, member)
        elif request.method == "GET" and asked:
            answer = await _next_change(service, member, int(asked), request)
        elif request.method == "POST" and told:
            answer = await _told(service, class_id, told, request)
        else:
            answer = JSONResponse({}, 405)
        answer.headers.update(_UNKEPT)
        await answer(scope, receive, send)


async def _next_change(
    service: ClassService, member: Waiting, known: int, request: Request
) -> JSONResponse:
    """The class's counters as soon as the version isn't the known one, or after a while.

    Who has gone is no longer waited for: each member has few places here, and a reload takes one.
    """
    changed, loop = asyncio.Event(), asyncio.get_running_loop()

    def tell() -> None:
        loop.call_soon_threadsafe(changed.set)

    if not service.listen(member, tell):
        return _none() if service.counters(member) is None else JSONResponse({}, 503)
    try:
        counters = service.counters(member)
        if counters and counters[0] == known:
            first = asyncio.create_task(changed.wait()), asyncio.create_task(_gone(request))
            await asyncio.wait(first, timeout=_WAIT, return_when=asyncio.FIRST_COMPLETED)
            for task in first:
                task.cancel()
    finally:
        service.forget(member, tell)
    counters = service.counters(member)
    if counters is None:
        return _none()
    return JSONResponse({"version": counters[0], "marks": counters[1]})


async def _gone(request: Request) -> None:
    """Return when the browser has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _none() -> JSONResponse:
    """There is no such class (any more). No error: that would be in each pupil's console."""
    return JSONResponse({"version": -1, "marks": -1})


def _pointer(service: ClassService, member: Waiting) -> Response:
    """Where the teacher points, as a stream of events; browsers ask again when it ends."""
    changed, loop = asyncio.Event(), asyncio.get_running_loop()
    spots: list[str] = []  # the newest alone: who is slow skips some

    def tell(spot: str) -> None:
        spots[:] = [spot]
        loop.call_soon_threadsafe(changed.set)

    async def events() -> AsyncIterator[str]:
        if not service.watch_pointer(member, tell):
            yield "retry: 5000\n\n"
            return
        try:
            yield "retry: 1000\n\n"
            async with asyncio.timeout(_WAIT):
                while True:
                    await changed.wait()
                    changed.clear()
                    yield f"data: {spots[0]}\n\n"
        except TimeoutError:
            pass
        finally:
            service.look_away(member, tell)

    if service.counters(member) is None:
        return Response(status_code=204)  # nothing to listen to
    return StreamingResponse(events(), media_type="text/event-stream")


async def _told(service: ClassService, class_id: str, what: str, request: Request) -> JSONResponse:
    """Take over where the teacher is: {"secret": …, "lesson": …, "query": {…}}, or points.

    A point has "on", "x" and "y" instead of the query.
    """
    try:
        said = await _body(request)
        seat, lesson = Seat(class_id, str(said["secret"])), str(said["lesson"])
        if what == "point":
            spot = Spot(lesson, str(said["on"]), float(said["x"]), float(said["y"]))
            await asyncio.to_thread(service.point, seat, spot)
            return JSONResponse({})
        query = said["query"].items()
        texts = {k: v for k, v in query if isinstance(k, str) and isinstance(v, str)}
        state = await asyncio.to_thread(service.steer, seat, lesson, texts)
    except ClassError as error:
        return JSONResponse({"error": str(error)}, 403)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return JSONResponse({}, 400)
    return JSONResponse({"version": state.version})


async def _body(request: Request) -> dict:
    """What was sent, as far as it is allowed. Raises ValueError."""
    read = b""
    async for part in request.stream():
        read += part
        if len(read) > _LONGEST:
            raise ValueError("Longer than any address.")
    said = json.loads(read)
    if not isinstance(said, dict):
        raise ValueError("Not what a teacher's browser sends.")
    return said
