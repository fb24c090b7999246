"""What the page says, as the browser shows it: for a handout. Nothing of it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from ui.components.component import component

_KEY = "page_prose"
_component = component(_KEY, Path(__file__).parent)


def page_prose(pictures: Sequence[str], about: Sequence[str]) -> Any:
    """Place it at the page's end. What it says, see said.js; None until the browser has told it.

    pictures: the keys of those that have places in it. about: the model and the prompt. Nothing
    that a browser tells is trusted.
    """
    known = (st.session_state.get(_KEY) or {}).get("said") is not None
    result = _component(
        key=_KEY,
        # Streamlit asks the browser again only if something here has changed.
        data={"pictures": [*pictures], "known": known, "about": about},
        on_said_change=lambda: None,
    )
    return result.get("said")
