"""The LayerNorm lesson's figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gpt_core.interpret.norms import mean_and_std
from ui.show.numbers import near, number
from ui.show.plotly_json import (
    Figure,
    around_zero,
    bar_trace,
    dot_trace,
    line_trace,
    token_label,
    whole_figure,
)
from ui.show.theme import palette, series_color
from ui.show.tokens import TokenLike

if TYPE_CHECKING:
    from gpt_core.interpret.norms import DepthTrace, NormTrace

_ATTENTION, _MLP = 0, 1  # numbers of their colours
_NORMALIZED_OPACITY = 0.6  # the same hue as the result, which it is on its way to


def vector_bars(norm: NormTrace, position: int, stages: Sequence[str]) -> Figure:
    """One token's C numbers: coming in, normalised, going out; their mean, and σ around it.

    stages: what to call the three.
    """
    colors = palette()
    hues = (colors.muted, series_color(1), series_color(1))
    bars, titles, marks = [], [], []
    vectors = (norm.before, norm.normalized, norm.after)
    for row, (stage, vector, hue) in enumerate(zip(stages, vectors, hues, strict=True), start=1):
        mean, std = (float(value) for value in mean_and_std(vector[position]))
        about = (f"{name} {near(value)}" for name, value in (("μ", mean), ("σ", std)))
        titles.append(f"<b>{stage}</b> · {' · '.join(about)}")
        bars.append(_columns(vector[position].tolist(), hue) | {"yaxis": _axis("y", row)})
        marks.append(_band(mean - std, mean + std, hue, _axis("y", row)))
        marks.append(_level(mean, "paper", _axis("y", row)))
    for trace in bars:
        trace["hovertemplate"] = "channel %{x}: %{y:.4f}<extra></extra>"
    bars[1]["opacity"] = _NORMALIZED_OPACITY
    panels = _stacked(titles)
    panels["xaxis"] |= {"title": "channel", "showgrid": False}
    return _fixed(whole_figure(bars, 520, panels | {"shapes": marks}))


def statistic_maps(
    trace: DepthTrace,
    tokens: Sequence[TokenLike],
    statistic: str,
    stages: Sequence[str],
    rows: Sequence[str],
) -> Figure:
    """The "mean" or "standard deviation" of every token at every norm, at the same three stages.

    Rows are norms, named by `rows`, columns tokens. One colour scale for all, so equal colours are
    equal numbers. Deviations are coloured by their power of ten: before a norm they can be
    hundreds, after it 1.
    """
    which = ("mean", "standard deviation").index(statistic)
    places = [f"{place} {token_label(token)}" for place, token in enumerate(tokens)]
    maps = []
    for row, stage in enumerate(("before", "normalized", "after"), start=1):
        values = np.array(
            [mean_and_std(getattr(norm, stage))[which].tolist() for norm in trace.norms.values()]
        )
        maps.append(
            {
                "type": "heatmap",
                "z": _power_of_ten(values) if which else values,
                "customdata": values,
                "x": places,
                "y": rows,
                "text": [[name] * len(tokens) for name in trace.norms],
                "yaxis": _axis("y", row),
                "coloraxis": "coloraxis",
                "xgap": 1,
                "ygap": 1,
                "hovertemplate": "%{y} (%{text}), token %{x}: %{customdata:.4f}<extra></extra>",
            }
        )
    colors = np.concatenate([each["z"] for each in maps])
    colors = colors[np.isfinite(colors)]  # a model that broke has others, too
    panels = _stacked([f"<b>{stage}</b>" for stage in stages])
    panels["xaxis"] |= {"type": "category", "tickangle": -90, "showgrid": False}
    panels["xaxis"] |= {"range": [-0.5, len(tokens) - 0.5]}
    for row in (1, 2, 3):
        axis = {"range": [len(trace.norms) - 0.5, -0.5], "tickfont": {"size": 12}}
        panels[_layout("y", row)] |= axis | {"showgrid": False}
    # Cells that are zero look like the background; the grid between them shows that they are there.
    panels |= {"coloraxis": _powers(colors) if which else _signed(colors)}
    panels |= {"plot_bgcolor": palette().grid}
    figure = _fixed(
        whole_figure(maps, 3 * (20 * len(trace.norms) + 34) + 100, panels), left=128, below=0
    )
    figure["layout"]["margin"] |= {"t": 58, "pad": 0}
    return figure


def learned_bars(gain: Sequence[float], bias: Sequence[float] | None) -> Figure:
    """γ and β of every channel, sorted, drawn from the values that they started from."""
    learned = [("γ, from 1", gain, 1.0)]
    learned += [] if bias is None else [("β, from 0", bias, 0.0)]
    bars = []
    for column, (_, values, start) in enumerate(learned, start=1):
        order = sorted(range(len(values)), key=lambda channel: values[channel])
        axes = {"xaxis": _axis("x", column), "yaxis": _axis("y", column)}
        floor = line_trace([0, len(order) - 1], [start, start], palette().text, "", width=1.5)
        bars.append(floor | axes | {"hoverinfo": "skip"})
        trace = _columns([values[channel] for channel in order], series_color(1)) | axes
        trace["fill"] = "tonexty"
        trace["customdata"] = np.array([[channel, values[channel]] for channel in order])
        trace["hovertemplate"] = "channel %{customdata[0]}: %{customdata[1]:.4f}<extra></extra>"
        bars.append(trace)
    panels = _beside([f"<b>{name}</b>" for name, *_ in learned])
    for column in range(1, len(learned) + 1):
        panels[_layout("x", column)] |= {"title": "channels, sorted", "showticklabels": False}
    return _fixed(whole_figure(bars, 300, panels))


def stream_lengths(trace: DepthTrace, position: int, token: TokenLike) -> Figure:
    """Length of every token's residual vector through the depth, and of what is added to it."""
    colors = palette()
    layers = range(len(trace.added) // 2)
    places = ["embedding"] + [f"{part} {i}" for i in layers for part in ("attn", "MLP")]
    data = []
    for branch, name in ((_ATTENTION, "attention adds (mean)"), (_MLP, "MLP adds (mean)")):
        added = trace.added[branch::2].mean(dim=1).tolist()
        bars = bar_trace(x=places[1 + branch :: 2], y=added, color=series_color(branch))
        data.append(bars | {"name": name, "width": 0.5})
    every = trace.stream.T.tolist()
    # One trace with gaps for all tokens: a trace each would make the browser slow.
    x = [*places, None] * len(every)
    y = [length for line in every for length in [*line, math.nan]]
    mean = trace.stream.mean(dim=1).tolist()
    name = f"token {position}, “{token_label(token)}”"
    data += [
        line_trace(x, y, colors.muted, "each token", width=1) | {"opacity": 0.35},
        line_trace(places, mean, colors.text, "mean of all tokens", dash="dash"),
        line_trace(places, every[position], series_color(2), name, width=4, mode="lines+markers"),
    ]
    for drawn in data:
        drawn["hovertemplate"] = "%{x}: %{y:.2f}"
    axes = {
        "xaxis": {"type": "category", "categoryorder": "array", "categoryarray": places},
        "yaxis": {"title": "length ‖x‖", "rangemode": "tozero"},
    }
    return _fixed(whole_figure(data, 440, axes, legend=True), left=80, below=0)


def response_curve(sizes: dict[float, float], size_of_input: float, factor: float) -> Figure:
    """How large the normalised token is at every factor; a dot where the slider stands."""
    colors = palette()
    factors = list(sizes)
    inputs = [size_of_input * value for value in factors]
    data = [
        line_trace(factors, inputs, colors.muted, "what goes in", dash="dash"),
        line_trace(factors, list(sizes.values()), series_color(2), "what comes out", width=4),
        dot_trace(factor, sizes[factor], cliponaxis=False, showlegend=False),
    ]
    for drawn in data:
        drawn["hovertemplate"] = "×%{x:.4g}: %{y:.4g}<extra></extra>"
    ticks = [10.0**power for power in range(-3, 4)]
    factor_axis = {"type": "log", "tickvals": ticks, "ticktext": [f"×{t:,g}" for t in ticks]}
    size_axis = {"type": "log", "dtick": 1, "exponentformat": "none"}
    axes = {
        "xaxis": factor_axis | {"title": "input multiplied by", "range": [-3.1, 3.1]},
        "yaxis": size_axis | {"title": "size"},
    }
    return whole_figure(data, 430, axes, legend=True)


def _fixed(figure: Figure, left: int = 60, below: int = 52) -> Figure:
    """Margins in pixels that suit short numbers: finding them out costs Plotly a second drawing.

    below = 0: the labels there are words, which turn upright on a phone; Plotly finds room.
    """
    figure["layout"]["margin"] |= {"l": left, "b": below}
    for name in figure["layout"]:
        if name.startswith("yaxis") or (below and name.startswith("xaxis")):
            figure["layout"][name]["automargin"] = False
    return figure


def _columns(values: Sequence[float], color: str) -> Figure:
    """Bars side by side from zero, as one shape: hundreds of them would make the browser slow."""
    line = {"width": 0, "shape": "hvh"}
    area = {"mode": "lines", "fill": "tozeroy", "fillcolor": color}
    return {"y": np.asarray(values), "line": line} | area


def _level(y: float, across: str, yaxis: str) -> Figure:
    """A horizontal line through a panel."""
    line = {"color": palette().text, "width": 1.5}
    return {"type": "line", "xref": across, "x0": 0, "x1": 1, "yref": yaxis, "y0": y, "y1": y} | {
        "line": line
    }


def _band(low: float, high: float, color: str, yaxis: str) -> Figure:
    place = {"xref": "paper", "x0": 0, "x1": 1, "yref": yaxis, "y0": low, "y1": high}
    return {"type": "rect", "fillcolor": color, "opacity": 0.18, "line": {"width": 0}} | place


def _power_of_ten(values: np.ndarray) -> np.ndarray:
    """log₁₀; a deviation of zero, of equal numbers, counts as a millionth."""
    return np.log10(np.maximum(values, 1e-6))


def _powers(values: np.ndarray) -> Figure:
    """One hue for powers of ten, from the next below the smallest to the next above the largest."""
    high = math.ceil(values.max(initial=-6))
    low = min(math.floor(values.min(initial=high)), high - 1)
    step = 1 if high - low <= 4 else math.ceil((high - low) / 3)  # a phone has room for five
    powers = sorted({low, *range(high, low, -step)})
    scale = [[0, palette().background], [1, series_color(1)]]
    return _color_axis(scale, powers, [f"{10.0**power:,g}" for power in powers])


def _signed(values: np.ndarray) -> Figure:
    """The background for zero, a hue for either sign."""
    largest = float(abs(values).max(initial=0)) or 1.0
    scale = around_zero(series_color(1), series_color(0))
    ticks = [-largest, 0.0, largest]
    return _color_axis(scale, ticks, [number(tick, ".2g") for tick in ticks])


def _color_axis(scale: list[list[Any]], ticks: Sequence[float], words: list[str]) -> Figure:
    """Colours from the first tick to the last, and their key above the panels."""
    bar = {"orientation": "h", "thickness": 12, "outlinewidth": 0, "len": 0.8, "tickangle": 0}
    bar |= {"x": 1, "xanchor": "right", "yref": "container", "y": 1, "yanchor": "top", "ypad": 2}
    bar |= {"tickfont": {"size": 13}}
    bar |= {"tickvals": list(ticks), "ticktext": words}
    return {"colorscale": scale, "cmin": ticks[0], "cmax": ticks[-1], "colorbar": bar}


def _stacked(titles: Sequence[str], gap: float = 0.1) -> Figure:
    """Layout of panels below one another that share the x axis; each has a y axis of its own."""
    height = (1 - gap * (len(titles) - 1)) / len(titles)
    layout: Figure = {"xaxis": {"anchor": _axis("y", len(titles))}, "annotations": []}
    for row, title in enumerate(titles):
        top = 1 - row * (height + gap)
        layout[_layout("y", row + 1)] = {"domain": [max(0.0, top - height), top]}
        layout["annotations"].append(_title(title, 0, top))
    return layout


def _beside(titles: Sequence[str], gap: float = 0.16) -> Figure:
    """Layout of panels beside one another, each with its own axes, numbered from 1."""
    width = (1 - gap * (len(titles) - 1)) / len(titles)
    layout: Figure = {"annotations": []}
    for column, title in enumerate(titles):
        left = column * (width + gap)
        layout[_layout("x", column + 1)] = {"domain": [left, min(1.0, left + width)]}
        layout[_layout("y", column + 1)] = {"anchor": _axis("x", column + 1)}
        layout["annotations"].append(_title(title, left, 1))
    return layout


def _axis(letter: str, number: int) -> str:
    """Plotly calls the first axis x, the second x2."""
    return letter if number == 1 else f"{letter}{number}"


def _layout(letter: str, number: int) -> str:
    """And xaxis, xaxis2 in the layout."""
    return _axis(f"{letter}axis", number)


def _title(text: str, x: float, y: float) -> Figure:
    place = {"xref": "paper", "yref": "paper", "x": x, "y": y, "xanchor": "left"}
    style = {"showarrow": False, "yanchor": "bottom", "font": {"size": 15}}
    return {"text": text} | place | style
