"""Plotly curves that look alike on every page: lines, horizontal bars to beat, one call to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from ui.theme import is_dark, palette

if TYPE_CHECKING:
    import plotly.graph_objects as go

# None of them is a colour of Q, K, V or the output; told apart with any kind of colour vision.
_LIGHT_SERIES = ("#b45309", "#0e7490", "#9d174d", "#4d5b00", "#475569", "#7c2d12")
_DARK_SERIES = ("#ffb04a", "#4fd1e0", "#ff8fc4", "#c9d94a", "#a9b8cc", "#ffa07a")
_SYMBOLS = ("circle", "diamond", "square", "x", "triangle-up", "star")


@dataclass(frozen=True)
class Line:
    """One curve. color: a number picks from the series' colours. faint: thin, in the background."""

    name: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    color: int = 0
    faint: bool = False
    markers: bool = False
    dash: str = "solid"


@dataclass(frozen=True)
class Bar:
    """A horizontal line that a curve is measured against."""

    label: str
    y: float


def series_color(number: int) -> str:
    """A colour for the nth curve, in this visitor's theme."""
    colors = _DARK_SERIES if is_dark() else _LIGHT_SERIES
    return colors[number % len(colors)]


def decimate(
    x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray, limit: int = 1000
) -> tuple[np.ndarray, np.ndarray]:
    """At most `limit` of the points, all of them real ones: each stretch's lowest and highest.

    Averaging would hide the spikes, which are what one looks for in a gradient norm.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(x) <= limit:
        return x, y
    stretches = np.array_split(np.arange(len(x)), limit // 2 - 1)
    value = np.where(np.isnan(y), np.inf, y)  # a NaN is kept: it's why the curve ends
    lowest = [part[value[part].argmin()] for part in stretches]
    highest = [part[value[part].argmax()] for part in stretches]
    kept = np.unique([0, *lowest, *highest, len(x) - 1])
    return x[kept], y[kept]


def curves(
    lines: Sequence[Line],
    *,
    x_title: str,
    y_title: str,
    bars: Sequence[Bar] = (),
    x_max: float | None = None,
    height: int = 420,
    log_y: bool = False,
    revision: str = "same",
) -> go.Figure:
    """A figure of curves over bars.

    x_max: where the axis ends, so that it doesn't move while a curve grows. revision: a zoom is
    kept as long as it stays the same.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    end = x_max or max((line.x[-1] for line in lines if len(line.x)), default=1.0)
    for bar in bars:
        _add_bar(figure, bar, end)
    for line in lines:
        figure.add_trace(_line_trace(line))
    colors = palette()
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        uirevision=revision,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified" if len(lines) > 1 else "closest",
        font={"size": 15, "color": colors.text},
        xaxis={"title": x_title, "range": [0, end], "gridcolor": colors.grid, "zeroline": False},
        yaxis={
            "title": y_title,
            "gridcolor": colors.grid,
            "zeroline": False,
            "type": "log" if log_y else "linear",
        },
    )
    return figure


def show(figure: go.Figure, key: str, alt: str) -> None:
    """Draw it across the column; alt says in words what it shows."""
    st.plotly_chart(figure, key=key, alt=alt, config={"displaylogo": False})


def _line_trace(line: Line) -> go.Scatter:
    import plotly.graph_objects as go

    x, y = decimate(line.x, line.y)
    color = series_color(line.color)
    return go.Scatter(
        x=x,
        y=y,
        name=line.name,
        mode="lines+markers" if line.markers else "lines",
        opacity=0.45 if line.faint else 1.0,
        line={"color": color, "width": 1 if line.faint else 3, "dash": line.dash},
        marker={"size": 8, "symbol": _SYMBOLS[line.color % len(_SYMBOLS)]},
        hovertemplate="%{y:.4g}",
    )


def _add_bar(figure: go.Figure, bar: Bar, end: float) -> None:
    """A dotted line as a trace, so that the axis makes room for it, and its name on the right."""
    import plotly.graph_objects as go

    colors = palette()
    figure.add_trace(
        go.Scatter(
            x=[0, end],
            y=[bar.y, bar.y],
            mode="lines",
            name=bar.label,
            line={"color": colors.muted, "width": 1.5, "dash": "dot"},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    figure.add_annotation(
        x=1,
        xref="paper",
        xanchor="right",
        y=bar.y,
        yanchor="bottom",
        text=f"{bar.label} · {bar.y:.2f}",
        showarrow=False,
        font={"color": colors.muted, "size": 13},
    )
