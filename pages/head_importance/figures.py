"""Figures of the lesson on head importance: shares against chance, and bars with noise bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ui.show.plotly_json import Figure, named_rows, row_trace, whole_figure
from ui.show.theme import palette, series_color

MOST_BARS = 20


@dataclass(frozen=True)
class Banded:
    """A bar: its name, and a value with the ends of its 95% band."""

    name: str
    value: float
    low: float
    high: float


def role_bars(scores: dict[str, list[float]]) -> Figure:
    """One head's share of attention for every role, and a mark where chance would be."""
    names, rows = list(scores), list(range(len(scores)))
    shares, chances = ([100 * scores[n][i] for n in names] for i in (0, 1))
    bars = row_trace(shares, color=series_color(0), name="this head")
    bars["hovertemplate"] = "%{x:.2f}%"
    mark = {"symbol": "line-ns-open", "size": 20, "color": palette().text, "line": {"width": 3}}
    chance = {"x": chances, "y": rows, "mode": "markers", "marker": mark, "name": "chance"}
    chance |= {"type": "scatter", "hovertemplate": "%{x:.2f}%", "cliponaxis": False}
    right = [max(both) for both in zip(shares, chances, strict=True)]
    said = {"type": "scatter", "x": right, "y": rows, "mode": "text", "showlegend": False}
    said |= {"text": [f"  {share:.1f}%" for share in shares], "textposition": "middle right"}
    said |= {"hoverinfo": "skip", "cliponaxis": False}
    said["textfont"] = {"color": series_color(0)}  # a number of the bar, not of the mark beside it
    top = max(*right, 5)
    axes = {
        "xaxis": {"title": "share of attention, %", "range": [0, 1.18 * top]},
        "yaxis": named_rows(names),
    }
    return whole_figure(
        [bars, chance, said], 44 * len(names) + 110, axes | {"bargap": 0.35}, legend=True
    )


def banded_bars(bars: Sequence[Banded], title: str, marks: Sequence[float] = ()) -> Figure:
    """Horizontal bars with bands, in the order given; marks: a second number each, as diamonds."""
    rows, colors = list(range(len(bars))), palette()
    values = [bar.value for bar in bars]
    one = row_trace(values, color=series_color(1), name="set to zero")
    one["error_x"] = {
        "type": "data",
        "symmetric": False,
        "array": [bar.high - bar.value for bar in bars],
        "arrayminus": [bar.value - bar.low for bar in bars],
        "color": colors.text,
        "thickness": 2,
        "width": 5,
    }
    one |= {"customdata": [[bar.low, bar.high] for bar in bars]}
    one["hovertemplate"] = "%{x:.4f} (%{customdata[0]:.4f} to %{customdata[1]:.4f})"
    data = [one]
    if marks:
        diamond = {"symbol": "diamond", "size": 10, "color": series_color(0)}
        diamond |= {"line": {"width": 1, "color": colors.background}}
        data.append(
            {"type": "scatter", "x": list(marks), "y": rows, "mode": "markers", "marker": diamond}
            | {"name": "average in place", "hovertemplate": "%{x:.4f}"}
        )
    axes = {
        "xaxis": {"title": title, "zeroline": True, "zerolinecolor": colors.muted},
        "yaxis": named_rows([bar.name for bar in bars]),
    }
    return whole_figure(data, 27 * len(rows) + 120, axes | {"bargap": 0.3}, legend=bool(marks))
