"""Where browsers get the scripts that draw: those of components, and Plotly's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import Response

from ui.components.component import packed, paths
from ui.show.plotly_script import packed_script, script_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_HEADERS = {
    "content-encoding": "gzip",
    # The name says which script it is, so that a browser never asks again.
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
}


class Scripts:
    """ASGI middleware: `GET …/_scripts/NAME.js` and `GET …/_plotly/VERSION.js`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Every browser of today unpacks gzip, also one that doesn't say so."""
        asked = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        path = "/".join(scope["path"].rsplit("/", 2)[1:]) if asked else ""
        if path == script_path():
            script = await asyncio.to_thread(packed_script)
        elif path in paths():
            script = packed(path)
        else:
            await self._app(scope, receive, send)
            return
        answer = Response(script, headers=_HEADERS, media_type="text/javascript")
        await answer(scope, receive, send)
