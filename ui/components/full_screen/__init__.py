"""A button that lets a picture fill the screen."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.components.bundle import bundle, read

_FILES = Path(__file__).parent
_full_screen = st.components.v2.component(
    "full_screen",
    html=read(_FILES / "full_screen.html"),
    css=read(_FILES / "full_screen.css"),
    js=bundle(_FILES / "mount.js"),
)
# The browser's own ground behind an element that fills the screen is black.
_STYLE = """<style>
:fullscreen:not(:root) { background: var(--st-background-color, #fff); padding: 1.5rem;
                         overflow: auto }
</style>"""


def full_screen(key: str) -> None:
    """Draw the button. key: of the picture, as Streamlit knows it."""
    st.html(_STYLE)
    _full_screen(key=f"full_screen_{key}", data={"key": key})
