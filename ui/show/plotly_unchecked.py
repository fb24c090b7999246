"""Plotly figures that are sent as they are. Importing this imports Plotly, which takes a second."""

from __future__ import annotations

from functools import cache
from typing import Any

from _plotly_utils.utils import convert_to_base64
from plotly.basedatatypes import BaseFigure
from plotly.io import templates


class Unchecked(BaseFigure):
    """A figure for `st.plotly_chart` from plain data: {"data": […], "layout": {…}}.

    Streamlit has Plotly check every figure that isn't one of Plotly's own objects, which takes
    several milliseconds, more than all else that is done with it. A page test does that check.
    """

    def __init__(self, figure: dict[str, Any]) -> None:
        # Not Plotly's own, which builds an object for every property.
        self.__dict__["_plain"] = figure

    def to_dict(self) -> dict[str, Any]:
        """The figure as the browser gets it: arrays in base64, the colours of the app's theme."""
        figure = self.__dict__["_plain"]
        convert_to_base64(figure)
        return figure | {"layout": figure["layout"] | {"template": _template()}}


@cache
def _template() -> dict[str, Any]:
    return templates[templates.default].to_plotly_json()
