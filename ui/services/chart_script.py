"""Where browsers get the script that draws charts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import Response

from ui.show.plotly_script import packed_script, script_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_HEADERS = {
    "content-encoding": "gzip",
    # The name says which script it is, so that a browser never asks again.
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
}


class ChartScript:
    """ASGI middleware: `GET …/_plotly/NAME.js`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._ends = f"/{script_path()}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Every browser of today unpacks gzip, also one that doesn't say so."""
        asked = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if not asked or not scope["path"].endswith(self._ends):
            await self._app(scope, receive, send)
            return
        script = await asyncio.to_thread(packed_script)
        answer = Response(script, headers=_HEADERS, media_type="text/javascript")
        await answer(scope, receive, send)
