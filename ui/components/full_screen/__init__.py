"""A button that lets a picture fill the screen."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.components.component import component

_full_screen = component("full_screen", Path(__file__).parent)
# The browser's own ground behind an element that fills the screen is black.
_STYLE = """<style>
:fullscreen:not(:root) { background: var(--background, Canvas); padding: 1.5rem; overflow: auto }
</style>"""


def full_screen(key: str) -> None:
    """Draw the button. key: of the picture, as Streamlit knows it."""
    st.html(_STYLE)
    _full_screen(key=f"full_screen_{key}", data={"key": key})
