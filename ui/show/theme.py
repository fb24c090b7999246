"""Colours that mean the same thing on every page, in the light and the dark theme."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Palette:
    """Colours for figures, one set per theme. Text is legible on background (WCAG AA)."""

    query: str
    key: str
    value: str
    output: str
    text: str
    muted: str
    grid: str
    background: str


LIGHT = Palette(
    "#1f5fc9", "#c2342d", "#1c7c3f", "#6f3fc4", "#1c1b22", "#625f70", "#dddbe6", "#ffffff"
)
DARK = Palette(
    "#6ea8ff", "#ff857a", "#5fce87", "#b794ff", "#eceaf4", "#a9a5ba", "#3a3747", "#14131a"
)

LEGEND = (
    ":blue[**Q** query: looked for] · :red[**K** key: compared with it] · "
    ":green[**V** value: passed on] · :violet[**output**]"
)


def is_dark() -> bool:
    """Whether this visitor's browser shows the dark theme."""
    return st.context.theme.type == "dark"


def palette() -> Palette:
    """The colours of this visitor's theme."""
    return DARK if is_dark() else LIGHT
