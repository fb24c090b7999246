"""How the app's charts look where a figure says nothing else: fonts, colours, space."""

from __future__ import annotations

from functools import cache
from typing import Any

from ui.show.theme import Palette

_FONT = '"Source Sans", sans-serif'  # the app's


@cache
def template(colors: Palette) -> dict[str, Any]:
    """A template of Plotly's. It isn't copied: don't change it."""
    small, line = {"color": colors.muted, "size": 13}, colors.grid
    axis = {
        "automargin": True,
        "gridcolor": line,
        "zerolinecolor": line,
        "tickcolor": line,
        "tickfont": small,
    }
    title = {"color": colors.muted, "size": 15}
    layout = {
        "font": {"color": colors.text, "family": _FONT, "size": 13},
        "paper_bgcolor": colors.background,
        "plot_bgcolor": colors.background,
        "xaxis": axis | {"showgrid": False, "zeroline": False, "title": _title(title, 21)},
        "yaxis": axis | {"title": _title(title, 25)},
        "legend": {"font": {"color": colors.text, "size": 13}},
        "margin": {"pad": 8, "l": 0, "r": 0},
        "hoverlabel": {
            "bgcolor": colors.background,
            "bordercolor": colors.muted,
            "font": {"color": colors.text, "family": _FONT, "size": 14},
        },
        "coloraxis": {"colorbar": {"outlinewidth": 0, "thickness": 16, "tickfont": small}},
    }
    return {"layout": layout}


def _title(font: dict[str, Any], standoff: int) -> dict[str, Any]:
    return {"font": font, "standoff": standoff}
