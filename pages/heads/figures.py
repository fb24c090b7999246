"""Figures of the Multi-head lesson: bars with noise bands, and the numbers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui.show.curves import series_color
from ui.show.plotly_json import Figure, bar_trace, named_rows, row_trace, whole_figure
from ui.show.theme import palette

if TYPE_CHECKING:
    from gpt_core.interpret.output_projection import OutputStep

MOST_BARS = 20


@dataclass(frozen=True)
class Banded:
    """A bar: its name, and a value with the ends of its 95% band."""

    name: str
    value: float
    low: float
    high: float


def side_by_side(step: OutputStep) -> Figure:
    """concat(z): the C numbers that go into the output projection, head after head."""
    heads, D = step.z.shape
    colors = palette()
    data = []
    for head in range(heads):
        places = list(range(head * D, (head + 1) * D))
        bars = bar_trace(x=places, y=step.z[head].tolist(), color=colors.value, name="")
        bars["opacity"] = 1.0 if head % 2 == 0 else 0.55
        bars["hovertemplate"] = f"head {head}, number %{{x}}: %{{y:.4f}}<extra></extra>"
        data.append(bars)
    axis = {
        "tickvals": [(head + 0.5) * D - 0.5 for head in range(heads)],
        "ticktext": [f"head {head}" if heads <= 8 else str(head) for head in range(heads)],
        "showgrid": False,
        "title": None if heads <= 8 else "head",
    }
    layout = {"xaxis": axis, "yaxis": {"title": "z"}, "bargap": 0.1}
    return whole_figure(data, 220, layout)


def written(step: OutputStep) -> Figure:
    """attn_out: the C numbers that come out, as the sum of all heads and the bias."""
    bars = bar_trace(
        x=list(range(len(step.attn_out))), y=step.attn_out.tolist(), color=palette().output
    )
    bars["hovertemplate"] = "number %{x}: %{y:.4f}<extra></extra>"
    axis = {"title": "number of attn_out", "showgrid": False}
    return whole_figure([bars], 230, {"xaxis": axis, "yaxis": {"title": ""}, "bargap": 0.1})


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
