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


def variables(colors: Palette) -> str:
    """CSS that gives what stands outside of Streamlit's page the colours of Streamlit's theme."""
    ink, ground = colors.text, colors.background
    return (
        f"--st-text-color: {ink}; --st-background-color: {ground}; "
        f"--st-secondary-background-color: color-mix(in srgb, {ink} 6%, {ground}); "
        f"--st-primary-color: {colors.muted}; --st-link-color: {ink}; "
        f"--st-blue-text-color: {colors.query}; --st-red-text-color: {colors.key}; "
        f"--st-green-text-color: {colors.value}; --st-violet-text-color: {colors.output}; "
        f"--st-violet-color: {colors.output}"
    )


# Of curves, bars and whatever else is no query, key, value or output: none of them is a colour of
# those, and they are told apart with any kind of colour vision.
LIGHT_SERIES = ("#b45309", "#0e7490", "#9d174d", "#4d5b00", "#475569", "#7c2d12")
DARK_SERIES = ("#ffb04a", "#4fd1e0", "#ff8fc4", "#c9d94a", "#a9b8cc", "#ffa07a")

LEGIBLE = 4.5  # the contrast that text needs, see `contrast`
PRESENT = "present"  # in the session: whether a projector shows the page, see ui/app/projector.py
_LARGER = 1.3

LEGEND = (
    ":blue[**Q** query: looked for] · :red[**K** key: compared with it] · "
    ":green[**V** value: passed on] · :violet[**output**]"
)


def luminance(color: str) -> float:
    """The relative luminance (WCAG 2) of a colour like #1c1b22, from 0 to 1."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of contrast (WCAG 2) of two colours, from 1 (none) to 21; text needs 4.5."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def ink_on(ground: str) -> str:
    """Black or white, whichever stands out more: its contrast is at least 4.58 on any colour."""
    return max("#000000", "#ffffff", key=lambda ink: contrast(ink, ground))


def softened(color: str) -> str:
    """As much of a colour on the page's ground as leaves text legible on it; at most two thirds."""
    look = palette()
    mixtures = (_mixed(color, look.background, share) for share in range(66, 0, -3))
    return next(each for each in mixtures if contrast(each, look.text) >= LEGIBLE)


def _mixed(color: str, ground: str, share: int) -> str:
    """So many per cent of a colour on a ground."""
    pairs = [(int(color[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{(share * x + (100 - share) * y) // 100:02x}" for x, y in pairs)


def type_scale() -> float:
    """How much larger than usual a chart's letters are: before a class they are."""
    return _LARGER if st.session_state.get(PRESENT) else 1.0


def is_dark() -> bool:
    """Whether this visitor's browser shows the dark theme."""
    return st.context.theme.type == "dark"


def palette() -> Palette:
    """The colours of this visitor's theme."""
    return DARK if is_dark() else LIGHT


def series_color(number: int) -> str:
    """A colour for the nth curve, in this visitor's theme."""
    colors = DARK_SERIES if is_dark() else LIGHT_SERIES
    return colors[number % len(colors)]
