"""Pictures of the lesson on tuning: heat maps, curves over the learning rate, bands, clouds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pages.tuning.results import Map, Scaling
from ui.show.numbers import number
from ui.show.plotly_json import (
    Figure,
    bar_trace,
    labels_outside,
    line_trace,
    row_trace,
    whole_figure,
)
from ui.show.theme import palette, series_color, softened

_SPAN = 1.0  # bits above the best from which all cells have one colour
LOSS = "bits per character"


def range_curve(value: Mapping[str, Any]) -> Figure:
    """The loss while the rate rises; a mark where the model broke, one where to stand."""
    rates, colors = value["rates"], palette()
    single = line_trace(rates, value["losses"], colors.muted, "of each batch", width=1)
    smooth = line_trace(rates, value["smooth"], series_color(0), "smoothed", width=4)
    lines = [(value["point"], "stand here", series_color(2))] if value["broke"] else []
    lines += [(value["broke"], "it breaks", colors.text)] if value["broke"] else []
    # After the first steps too, both axes reach far enough for Plotly to find a tick on them.
    across = [
        math.log10(rates[0]) - 0.1,
        max(math.log10(rates[-1]), math.log10(rates[0]) + 1) + 0.1,
    ]
    up = [math.log10(0.8 * min(value["losses"])), math.log10(1.25 * max(value["losses"]))]
    layout = {
        "xaxis": _log("learning rate, logarithmic") | {"range": across},
        "yaxis": {"title": f"{LOSS}, logarithmic", "type": "log", "range": up} | _LOSS_TICKS,
        "shapes": [_upright(at, color) for at, _, color in lines],
        "annotations": [_above(n, *line) for n, line in enumerate(lines)],
    }
    return whole_figure([single, smooth], 380, layout, legend=True)


# A loss that comes apart reaches ten times of what a model had learned.
_TICKS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000)
_LOSS_TICKS = {"tickvals": _TICKS, "ticktext": [f"{tick:g}" for tick in _TICKS]}


def _log(title: str) -> Figure:
    return {"title": title, "type": "log", "exponentformat": "power", "dtick": 1}


def _upright(at: float, color: str) -> Figure:
    line = {"color": color, "width": 2, "dash": "dot"}
    return {"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}


def _above(number: int, at: float, text: str, color: str) -> Figure:
    """A line's name at its left. Each stands lower than the one before, which may be near."""
    place = {"x": math.log10(at), "y": 1, "yref": "paper", "xanchor": "right", "yanchor": "top"}
    place |= {"yshift": -18 * number}
    return place | {"text": text + " ", "showarrow": False, "font": {"size": 14, "color": color}}


def rate_dots(rates: Sequence[float], bits: Sequence[Sequence[float | None]], best: int) -> Figure:
    """A column of dots for each rate, one for each seed; the tested rate in another colour."""
    names = [f"{rate:g}" for rate in rates]
    data = []
    for place, (name, each) in enumerate(zip(names, bits, strict=True)):
        color = series_color(2) if place == best else series_color(0)
        marker = {"size": 12, "color": color}
        data.append(
            {"x": [name] * len(each), "y": list(each), "mode": "markers", "marker": marker}
            | {"hovertemplate": "%{y:.3f}<extra></extra>"}
        )
    axes = {
        "xaxis": {"title": "learning rate", "type": "category", "showgrid": False},
        "yaxis": {"title": LOSS},
    }
    return whole_figure(data, 300, axes)


def heat_map(
    values: np.ndarray, names: tuple[list[str], list[str]], titles: tuple[str, str],
    best: tuple[int, int] | None, color: str, span: float | None = _SPAN,
) -> Figure:  # fmt: skip
    """Numbers (rows, columns) as colours, the smallest strongest, each with its value in it.

    best: a cell with a frame. span: how far above the smallest the colours reach; None for all.
    """
    rows, columns = names
    low = float(np.nanmin(values))
    high = low + span if span else float(np.nanmax(values)) + 1e-9
    ground = palette().background
    color = softened(color)
    cells = {
        "type": "heatmap",
        "z": np.clip(values, low, high),
        "customdata": values,
        "x": columns,
        "y": rows,
        "zmin": low,
        "zmax": high,
        "colorscale": [[0, color], [1, ground]] if best is not None else [[0, ground], [1, color]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "text": [[number(v) if math.isfinite(v) else "∞" for v in row] for row in values.tolist()],
        "texttemplate": "%{text}",
        "textfont": {"size": 14, "color": palette().text},
        "hovertemplate": "%{x}, %{y}: %{customdata:.3f}<extra></extra>",
    }
    layout: Figure = {
        "xaxis": {"title": titles[0], "type": "category", "showgrid": False},
        "yaxis": {"title": titles[1], "type": "category", "showgrid": False},
    }
    layout["yaxis"] |= {"autorange": "reversed"}
    if best is not None:
        row, column = best
        around = {"x0": column - 0.48, "x1": column + 0.48, "y0": row - 0.48, "y1": row + 0.48}
        line = {"color": palette().text, "width": 3}
        layout["shapes"] = [{"type": "rect", "line": line} | around]
    return whole_figure([cells], 52 * len(rows) + 110, layout)


def rate_curves(found: Map, name: str) -> Figure:
    """Loss over the learning rate, a curve for each row, with the scatter of its seeds."""
    data = []
    columns = [f"{rate:g}" for rate in found.columns]
    for i, row in enumerate(found.rows):
        line = line_trace(columns, found.mean[i].tolist(), series_color(i), f"{name} {row}")
        line |= {"mode": "lines+markers", "marker": {"size": 8}}
        line["error_y"] = {"type": "data", "array": found.noise[i], "thickness": 1.5, "width": 4}
        data.append(line)
        lowest = int(np.nanargmin(found.mean[i]))
        star = {"symbol": "star", "size": 18, "color": series_color(i)}
        star |= {"line": {"width": 1, "color": palette().background}}
        data.append(
            {"x": [columns[lowest]], "y": [found.mean[i, lowest]], "mode": "markers"}
            | {"marker": star, "showlegend": False, "hoverinfo": "skip"}
        )
    low = float(np.nanmin(found.mean))
    axes = {
        "xaxis": {"title": "learning rate", "type": "category"},
        "yaxis": {"title": LOSS, "range": [low - 0.1, low + 1.3]},
    }
    return whole_figure(data, 360, axes, legend=True)


def share_bars(names: Sequence[str], percent: Sequence[float]) -> Figure:
    """Shares of the variance, the largest on top."""
    bars = row_trace(percent, color=series_color(1))
    bars |= labels_outside(f"{number(each, '.1f')}%" for each in percent)
    bars |= {"hoverinfo": "skip"}
    rows = {"tickvals": list(range(len(names))), "ticktext": list(names), "autorange": "reversed"}
    axes = {"xaxis": {"title": "share of the variance, %", "range": [0, 1.2 * max(percent)]}}
    layout = axes | {"yaxis": rows | {"showgrid": False}, "bargap": 0.3}
    return whole_figure([bars], 36 * len(names) + 90, layout)


def seed_dots(rates: Sequence[float], bits: Sequence[Sequence[float]]) -> Figure:
    """Two settings side by side: a line for each seed joins its two runs."""
    names = [f"rate {rate:g}" for rate in rates]
    data = []
    for seed, pair in enumerate(zip(*bits, strict=True), start=1):
        line = line_trace(names, pair, palette().muted, f"seed {seed}", width=1.5)
        line |= {"mode": "lines+markers", "marker": {"size": 11, "color": series_color(0)}}
        data.append(line | {"hovertemplate": f"seed {seed}: %{{y:.3f}}<extra></extra>"})
    mean = [float(np.mean(each)) for each in bits]
    bar = {"symbol": "line-ew-open", "size": 44, "color": palette().text, "line": {"width": 4}}
    data.append({"x": names, "y": mean, "mode": "markers", "marker": bar})
    data[-1] |= {"hovertemplate": "mean %{y:.3f}<extra></extra>"}
    axes = {
        "xaxis": {"type": "category", "range": [-0.5, 1.5], "showgrid": False},
        "yaxis": {"title": LOSS},
    }
    return whole_figure(data, 360, axes)


def search_bands(methods: Mapping[str, Mapping[str, Any]], best: float) -> Figure:
    """What each search has found after so many runs: the middle of all repeats, and a band."""
    data: list[Figure] = []
    for i, each in enumerate(methods.values()):
        color = series_color(i)
        known = [n for n, high in enumerate(each["high"]) if high is not None]
        x = [n + 1 for n in known]
        edge = {"x": x + x[::-1], "hoverinfo": "skip", "showlegend": False, "mode": "lines"}
        edge |= {"y": [each["high"][n] for n in known] + [each["low"][n] for n in known[::-1]]}
        edge |= {"fill": "toself", "line": {"width": 0}, "fillcolor": color, "opacity": 0.13}
        data.append(edge)
    for i, (name, each) in enumerate(methods.items()):
        known = [n for n, middle in enumerate(each["middle"]) if middle is not None]
        x, y = [n + 1 for n in known], [each["middle"][n] for n in known]
        data.append(line_trace(x, y, series_color(i), name, dash=_DASHES[i % len(_DASHES)]))
    return whole_figure(data, 380, _search_axes(best), legend=True)


_DASHES = ("solid", "dash", "dot", "dashdot")


def search_steps(found: Mapping[str, Sequence[float]], best: float) -> Figure:
    """The same of a single search each."""
    data = []
    for i, (name, each) in enumerate(found.items()):
        known = [n for n, value in enumerate(each) if math.isfinite(value)]
        x, y = [n + 1 for n in known], [each[n] for n in known]
        line = line_trace(x, y, series_color(i), name, dash=_DASHES[i % len(_DASHES)])
        line["line"]["shape"] = "hv"
        data.append(line)
    return whole_figure(data, 340, _search_axes(best), legend=True)


def _search_axes(best: float) -> Figure:
    line = {"color": palette().muted, "width": 2, "dash": "dot"}
    floor = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": best, "y1": best}
    return {
        "xaxis": {"title": "budget: whole runs' worth of training"},
        "yaxis": {"title": "the setting found, " + LOSS, "range": [best - 0.02, best + 0.4]},
        "shapes": [floor | {"line": line}],
    }


def trial_bars(trials: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Figure:
    """The trials of a search as they came: what was given up is paler."""
    values = [trial["bits"] or math.nan for trial in trials]
    faded = [palette().muted if t["pruned"] else series_color(0) for t in trials]
    bars = bar_trace(y=values, color=faded, x=list(range(1, len(trials) + 1)))
    bars |= {"customdata": list(names), "hovertemplate": "%{customdata}: %{y:.3f}<extra></extra>"}
    finite = [value for value in values if math.isfinite(value)]
    low = min(finite, default=0.0)
    axes = {
        "xaxis": {"title": "trial", "dtick": 1 if len(trials) < 25 else 5},
        "yaxis": {"title": LOSS, "range": [0.9 * low, max(finite, default=1.0) + 0.1]},
        "bargap": 0.25,
    }
    return whole_figure([bars], 280, axes)


def compute_cloud(found: Scaling) -> Figure:
    """Loss over compute: a line for each width, the law through it, and the run left out."""
    data = []
    for i, width in enumerate(sorted(set(found.widths.tolist()))):
        mine = found.widths == width
        order = np.argsort(found.compute[mine])
        x, y = found.compute[mine][order], found.bits[mine][order]
        law = found.law.bits(found.parameters[mine], found.read[mine])[order]
        dots = {"x": x, "y": y, "mode": "markers", "name": f"{width} wide"}
        data.append(dots | {"marker": {"size": 9, "color": series_color(i)}})
        line = line_trace(x.tolist(), law.tolist(), series_color(i), "", width=1.5)
        data.append(line | {"showlegend": False, "hoverinfo": "skip"})
    n, d, flops, bits = found.left
    middle, low, high = found.expected(n, d)
    error = {"type": "data", "symmetric": False, "array": [high - middle]}
    error |= {"arrayminus": [middle - low], "thickness": 3, "width": 8, "color": palette().text}
    hollow = {"symbol": "circle-open", "size": 13, "color": palette().text, "line": {"width": 3}}
    at = {"x": [flops], "mode": "markers"}
    data.append(at | {"y": [middle], "error_y": error, "marker": hollow, "name": "predicted"})
    star = {"symbol": "star", "size": 17, "color": series_color(2)}
    data.append(at | {"y": [bits], "marker": star, "name": "what it came to"})
    axes = {"xaxis": _log("floating point operations in all, logarithmic")}
    return whole_figure(data, 420, axes | {"yaxis": {"title": LOSS}}, legend=True)


def size_and_text(found: Scaling, notebook: tuple[float, float], ways: tuple[str, str]) -> Figure:
    """Where the runs stand between size and text read, and how far off the notebooks' model is.

    ways: names of the recorded runs and of the notebooks' model.
    """
    small = {"x": found.parameters, "y": found.read, "mode": "markers", "name": ways[0]}
    small |= {"marker": {"size": 10, "color": series_color(0)}}
    star = {"symbol": "star", "size": 20, "color": series_color(2)}
    large = {"x": [notebook[0]], "y": [notebook[1]], "mode": "markers", "name": ways[1]}
    sizes = np.logspace(3.3, 7.2, 30)
    law = found.law
    # Where doubling either gains as much as doubling the other: a·A/Nᵃ = b·B/Dᵇ.
    worth = law.a * law.A * (sizes / 1e5) ** -law.a
    even = 1e5 * (law.b * law.B / worth) ** (1 / law.b) if law.A and law.B else sizes * math.nan
    line = line_trace(
        sizes.tolist(), even.tolist(), palette().muted, "both gain alike", dash="dash", width=2
    )
    axes = {
        "xaxis": _log("parameters, logarithmic") | {"range": [3.3, 7.2]},
        "yaxis": _log("characters read, logarithmic") | {"range": [4.2, 8.7]},
    }
    return whole_figure([small, large | {"marker": star}, line], 400, axes, legend=True)


def run_curves(
    looks: Mapping[str, Sequence[Mapping[str, Any]]], counting: float, said: str
) -> Figure:
    """Of several runs, the loss of what is learned from and of held-out text while they read.

    said: what the horizontal line is.
    """
    data = []
    for i, (name, each) in enumerate(looks.items()):
        x = [look["read"] for look in each]
        for part, dash in (("held_out", "solid"), ("loss", "dot")):
            y = [math.nan if look[part] is None else look[part] for look in each]
            title = f"{name}, {_PARTS[part]}"
            data.append(line_trace(x, y, series_color(i), title, dash=dash, width=3))
    line = {"color": palette().muted, "width": 2, "dash": "dash"}
    flat = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": counting, "y1": counting}
    note = {"xref": "paper", "x": 1, "y": counting, "text": said, "showarrow": False}
    note |= {"xanchor": "right", "yanchor": "bottom", "font": {"size": 13}}
    layout = {
        "xaxis": {"title": "characters read", "rangemode": "tozero"},
        "yaxis": {"title": LOSS},
        "shapes": [flat | {"line": line}],
        "annotations": [note],
    }
    return whole_figure(data, 400, layout, legend=True)


_PARTS = {"held_out": "held-out text", "loss": "training text"}
