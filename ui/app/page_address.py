"""Writes the app's own scripts into every page, before those of Streamlit, and its first words.

The first tells the browser where the app is, which it would otherwise have to try out: at the
address of a lesson Streamlit's frontend asks below that address first, which leaves errors in the
browser's console. The others lie in ui/app/browser. The first words are of the page that stands at
the app's own address, and only if this asks for nothing of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.responses import RedirectResponse

from ui.components.bundle import bundle, read
from ui.show.page_url import below_base

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# An answer that can be written into: whole, not compressed, not "as you have it".
_NOT_ASKED_FOR = {b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"}
_NOT_SAID = {b"content-length", b"etag", b"last-modified", b"accept-ranges"}
# A proxy may serve the app below a path that only the browser knows. What both know is how many
# parts of the address belong to the app.
_SCRIPT = """<script>
{{
  const parts = location.pathname.replace(/\\/+$/, "").split("/");
  const base = parts.slice(0, parts.length - {own_parts});
  if (base.length > 0)
    window.__streamlit = {{ BACKEND_BASE_URL: `${{location.origin}}${{base.join("/")}}/` }};
}}
</script>"""
# A module runs when the page is read, in the order in which the page names them.
_FOLDER = Path(__file__).parent / "browser"
_BROWSER = f"<style>\n{read(_FOLDER / 'page.css')}</style>"
_BROWSER += f'<script type="module">\n{bundle(_FOLDER / "page.js")}</script>'


class PageAddress:
    """ASGI middleware: writes into every page that is opened: scripts, and what stands at first.

    moved: where old links lead, by (lesson, key): the lesson that now has the widget with this key,
    or with an empty key all of the lesson. first_view: gives what stands on the first page before
    Streamlit does.
    """

    def __init__(
        self,
        app: ASGIApp,
        moved: Mapping[tuple[str, str], str] | None = None,
        first_view: Callable[[], str] = str,
    ) -> None:
        self._app, self._moved = app, moved or {}
        self._first_view = cache(first_view)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or not _wants_page(scope):
            await self._app(scope, receive, send)
            return
        if target := self._new_place(scope):
            await RedirectResponse(target)(scope, receive, send)
            return
        headers = [header for header in scope["headers"] if header[0] not in _NOT_ASKED_FOR]
        own_parts = _own_parts(scope["path"])
        script = _SCRIPT.format(own_parts=own_parts) + _BROWSER
        first = ""
        if not own_parts and _asks_nothing(scope):
            first = await asyncio.to_thread(self._first_view)  # the first time it imports a lesson
        await self._app({**scope, "headers": headers}, receive, _Writer(send, script, first))

    def _new_place(self, scope: Scope) -> str | None:
        """The address, beside the old one, of what has moved to another lesson."""
        query = scope["query_string"].decode("latin-1")
        path = below_base(scope["path"])[1]
        lesson, up = path.rstrip("/").rpartition("/")[2], "../" * path.endswith("/")
        for key in ("", *parse_qs(query, keep_blank_values=True)):
            if target := self._moved.get((lesson, key)):
                return f"{up}{target}" + f"?{query}" * bool(query)
        return None


class _Writer:
    """Sends an answer on; if it is a page, whole, with what comes first in its head and body."""

    def __init__(self, send: Send, head: str, body: str) -> None:
        self._send = send
        # The body's first: a script in the head may name its tag.
        self._first = {b"<body>": body.encode(), b"<head>": head.encode()}
        self._start: Message | None = None  # of a page whose body is still coming
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
        elif message["type"] == "http.response.body" and self._start:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_page(self._start)
        else:
            await self._send(message)

    async def _send_page(self, start: Message) -> None:
        body = self._body
        for begin, first in self._first.items():
            body = body.replace(begin, begin + first, 1)
        headers = [header for header in start["headers"] if header[0] not in _NOT_SAID]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _wants_page(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _asks_nothing(scope: Scope) -> bool:
    """What a host adds to an address, as a Space does, begins with two underscores."""
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return all(name.startswith("__") for name in query)


def _is_page(start: Message) -> bool:
    kind = dict(start["headers"]).get(b"content-type", b"")
    return start["status"] == 200 and kind.startswith(b"text/html")


def _own_parts(path: str) -> int:
    """How many parts of a path are the app's own: 1 for a lesson, 0 for the first page."""
    return sum(bool(part) for part in below_base(path)[1].split("/"))
