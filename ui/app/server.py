"""What happens when the server begins and when it ends."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streamlit import config
from streamlit.web.server.server_util import get_display_address, get_url

from ui.services.classes.service import class_service
from ui.services.gaps import leave_no_gaps
from ui.services.processwide import close_all

# Seconds that a computing thread may keep Python's lock while the server's loop wants it. The loop
# wants it for each message that it sends, twenty for an edit; by default it would wait 5 ms.
_SWITCH_INTERVAL = 0.001
# Seconds between two searches for garbage among all objects. With 200 visitors a search takes 0.2 s
# in which nothing else happens; Python would begin one every eight seconds.
_SEARCH_EVERY = 60.0
_NEVER = 1_000_000  # young collections until Python searches all objects by itself


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """Open the app in a browser; in the end close all services, without the loop waiting."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    send_at_once()
    leave_no_gaps()
    thresholds = gc.get_threshold()
    gc.set_threshold(*thresholds[:2], _NEVER)
    search = asyncio.create_task(_search_for_garbage())
    if not config.get_option("server.headless"):
        threading.Thread(target=webbrowser.open, args=(own_address(),), daemon=True).start()
    # Classes whose time is over go even if nobody comes.
    threading.Thread(target=class_service, name="classes of before", daemon=True).start()
    yield
    search.cancel()
    gc.set_threshold(*thresholds)
    await asyncio.to_thread(close_all)


def send_at_once() -> None:
    """Let no small message wait until the one before has been acknowledged (Nagle's algorithm).

    A browser acknowledges after 40 ms where it has nothing to say, and an edit is answered by many
    small messages. asyncio turns it off for sockets that are made as TCP's by name, which
    Streamlit's isn't. A connection takes the option over from the socket that listens.
    """
    for each in gc.get_objects():
        if type(each) is not socket.socket or each.type != socket.SOCK_STREAM:
            continue
        if each.family in (socket.AF_INET, socket.AF_INET6):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def _search_for_garbage() -> None:
    while True:
        await asyncio.sleep(_SEARCH_EVERY)
        gc.collect()


def own_address() -> str:
    """Where a browser on this computer finds the app."""
    return get_url(get_display_address(config.get_option("server.address") or "localhost"))
