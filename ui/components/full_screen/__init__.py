"""A button that lets a picture fill the screen."""

from __future__ import annotations

from pathlib import Path

from ui.components.component import component

_full_screen = component("full_screen", Path(__file__).parent)


def full_screen(key: str) -> None:
    """Draw the button. key: of the picture, as Streamlit knows it."""
    _full_screen(key=f"full_screen_{key}", data={"key": key})
