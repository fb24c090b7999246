"""End a page early, where there is nothing to look at."""

from __future__ import annotations

from typing import NoReturn

from streamlit.runtime.scriptrunner import StopException


def end_page() -> NoReturn:
    """Draw no more of the page. What somebody has pressed meanwhile is answered afterwards.

    `st.stop()` forgets it: it ends the thread, and what has been asked of it since.
    """
    raise StopException
