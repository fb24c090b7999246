"""Charts of Plotly's. Plotly's script is in a page once, and draws what is near the screen.

Streamlit's own chart throws the picture away at every change and draws the new one two to four
times; this one changes the picture that is there, once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from ui.components.bundle import bundle
from ui.components.component import component
from ui.show.handout import Chart
from ui.show.plotly_json import Figure, to_json
from ui.show.plotly_script import script_path
from ui.show.plotly_theme import template
from ui.show.rows import csv_of, rows_of_figure
from ui.show.take_away import take_away
from ui.show.theme import palette

# Plotly puts its styles into the page, and asks the page what was pressed.
_FILES = Path(__file__).parent
_chart = component("chart", _FILES, isolated=False)
_HEIGHT = 450  # pixels, where a figure says nothing else; Plotly's own


def show(figure: Figure, key: str, alt: str, on_point: Callable[[], None] | None = None) -> None:
    """Draw a figure that is read, not dragged about; alt says in words what it shows.

    on_point: called before the rerun when a point was pressed; `point` says which.
    """
    message: dict[str, Any] = {
        "figure": as_sent(figure),
        "alt": alt,
        "script": script_path(),
        "chooses": on_point is not None,
    }
    _chart(
        key=key,
        data=to_json(message).encode(),
        on_point_change=on_point or (lambda: None),
    )
    drawn = message["figure"]
    take_away(
        key,
        alt,
        lambda: csv_of(rows_of_figure(figure)),
        lambda: Chart(drawn, bundle(_FILES / "letters.js")),
    )


def point(key: str) -> Any:
    """In on_point: the customdata of the point that was pressed; None if there is none."""
    pressed = st.session_state.get(key, {}).get("point")
    return pressed.get("customdata") if isinstance(pressed, dict) else None


def as_sent(figure: Figure) -> Figure:
    """The figure in the app's look."""
    layout = {"height": _HEIGHT} | figure["layout"] | {"template": template(palette())}
    return figure | {"layout": layout}
