"""Which messages of a browser reach Streamlit: those that the pages of this app send.

Anybody can open a websocket and send what they like, and Streamlit obeys: one message empties the
caches of all visitors, one runs git on the server's loop, one installs files.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streamlit.proto.BackMsg_pb2 import BackMsg

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

# About nobody but their sender: a rerun, the Stop beside it, where to upload files, a file that is
# made when it is downloaded.
NEEDED = {"rerun_script", "stop_script", "file_urls_request", "deferred_file"}
_REST = 0.1  # seconds without a hearing for whoever has sent something else
_CLASS_LINK = "class_link"  # the component that reports a change of the class
_PROTOCOL_ERROR = 1002  # what a websocket is closed with, by its standard


class NeededMessages:
    """ASGI middleware: reads what comes over a websocket and drops what no page sends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        refused: set[str] = set()

        async def receive_needed() -> Message:
            while (event := await receive())["type"] == "websocket.receive":
                try:
                    kind = kind_of(event.get("bytes"))
                except ValueError:
                    await send({"type": "websocket.close", "code": _PROTOCOL_ERROR})
                    return {"type": "websocket.disconnect", "code": _PROTOCOL_ERROR}
                if kind in NEEDED:
                    return event
                if kind not in refused:
                    refused.add(kind)
                    logger.warning("A message that no page sends was refused: %s", kind)
                await asyncio.sleep(_REST)
            return event

        await self._app(scope, receive_needed, send)


def kind_of(data: bytes | None) -> str:
    """What a message asks for, read as Streamlit reads it. Raises ValueError if it is none."""
    if data is None:
        raise ValueError("Text, where every message is bytes.")
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except Exception as error:  # which one depends on how protobuf is built
        raise ValueError("Bytes that are no message.") from error
    kind: str | None = message.WhichOneof("type")
    if kind == "backend_operation_request":
        kind = message.backend_operation_request.WhichOneof("payload")
    return kind or "nothing"


def comes_by_itself(data: bytes) -> bool:
    """Whether nobody has pressed anything for this rerun: a timer, or a change in the class."""
    rerun = BackMsg.FromString(data).rerun_script
    states = rerun.widget_states.widgets
    return rerun.is_auto_rerun or any(w.json_trigger_value and _CLASS_LINK in w.id for w in states)
