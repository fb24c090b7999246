"""What happens when the server begins and when it ends."""

from __future__ import annotations

import asyncio
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streamlit import config
from streamlit.web.server.server_util import get_display_address, get_url

from ui.services import close_all

# Seconds that a computing thread may keep Python's lock while the server's loop wants it. The loop
# wants it for each message that it sends, twenty for an edit; by default it would wait 5 ms.
_SWITCH_INTERVAL = 0.001


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """Open the app in a browser; in the end close all services, without the loop waiting."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    if not config.get_option("server.headless"):
        threading.Thread(target=webbrowser.open, args=(own_address(),), daemon=True).start()
    yield
    await asyncio.to_thread(close_all)


def own_address() -> str:
    """Where a browser on this computer finds the app."""
    return get_url(get_display_address(config.get_option("server.address") or "localhost"))
