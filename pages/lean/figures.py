"""Figures of the lesson on lean models: a histogram with its grid, errors, curves with bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pages.lean import words
from pages.lean.results import Rounding
from ui.show.plotly_json import Figure, line_trace, log_axis, named_rows, whole_figure
from ui.show.theme import palette, series_color


def histogram(found: Rounding, zoomed: bool) -> Figure:
    """The weights of a matrix as a surface in steps, and the points of a grid as a comb below it.

    zoomed: only as wide as the grid of the channel that is shown. Each is one line: 121 bars and
    255 strokes of their own took a browser three times as long.
    """
    most, width = max(found.counts), found.centers[1] - found.centers[0]
    x = [found.centers[0] - width, *found.centers, found.centers[-1] + width]
    weights = line_trace(x, [0, *found.counts, 0], series_color(4), words.WEIGHTS_NAME, 0)
    weights["line"]["shape"] = "hvh"
    weights |= {"fill": "tozeroy", "fillcolor": series_color(4)}
    weights["hovertemplate"] = "%{x:.4f}: %{y:,}<extra></extra>"
    teeth = [(point, height) for point in found.points for height in (-0.14, -0.02, -0.14)]
    width = 0.7 if len(found.points) > 50 else 3
    grid = line_trace(
        [point for point, _ in teeth],
        [height * most for _, height in teeth],
        series_color(0),
        words.GRID_NAME,
        width,
    )
    grid["hoverinfo"] = "skip"
    edge = 1.05 * (found.points[-1] if zoomed else max(map(abs, found.centers)))
    axes = {
        "xaxis": {"title": "weight", "range": [-edge, edge]},
        "yaxis": {
            "title": "how many",
            "range": [-0.16 * most, 1.05 * most],
            "tickformat": ",",
        },
    }
    return whole_figure([weights, grid], 330, axes, legend=True)


def matrix_errors(errors: Mapping[str, Mapping[str, Sequence[float]]], of: int) -> Figure:
    """A dot for each matrix and way of rounding; of: 0 the weights' errors, 1 the results'."""
    names = list(errors)
    data = []
    for number, way in enumerate(next(iter(errors.values()))):
        marker: Figure = {"size": 11, "color": series_color(number), "symbol": number}
        dots: Figure = {
            "x": [100 * errors[n][way][of] for n in names],
            "y": list(range(len(names))),
        }
        data.append(
            dots
            | {"mode": "markers", "marker": marker, "name": words.name_of(way)}
            | {"hovertemplate": "%{x:.3g}%"}
        )
    rows = named_rows([words.short_matrix(n) for n in names], grid=True)
    known = [100 * both[of] for n in names for both in errors[n].values()]
    axes = {"xaxis": log_axis(known, words.ERROR_AXES[of]), "yaxis": rows}
    return whole_figure(data, 26 * len(names) + 130, axes, legend=True)


def pruning(curves: Mapping[str, Sequence[Mapping[str, Any]]], shares: Sequence[float],
            chosen: float, plain: float) -> Figure:  # fmt: skip
    """Loss against the share that was pruned, a line for each kind, with 95% bars."""
    data = []
    for number, (kind, points) in enumerate(curves.items()):
        line = line_trace(
            [100 * share for share in shares],
            [point["loss"][0] for point in points],
            series_color(number),
            words.KINDS[kind],
            mode="lines+markers",
        )
        bars = {
            "type": "data",
            "symmetric": False,
            "array": [point["loss"][2] - point["loss"][0] for point in points],
            "arrayminus": [point["loss"][0] - point["loss"][1] for point in points],
        }
        line |= {"error_y": bars | {"thickness": 1.5, "width": 4, "color": series_color(number)}}
        line |= {"marker": {"size": 9, "symbol": number}, "hovertemplate": "%{x:.0f}%: %{y:.3f}"}
        data.append(line)
    top = max(point["loss"][0] for points in curves.values() for point in points)
    mark = line_trace(
        [100 * chosen] * 2, [plain, 1.05 * top], palette().muted, words.CHOSEN, 2, "dot"
    )
    axes = {
        "xaxis": {"title": words.PRUNED_AXIS, "range": [-3, 95]},
        "yaxis": {"title": words.LOSS_AXIS, "rangemode": "tozero"},
    }
    return whole_figure([*data, mark | {"hoverinfo": "skip"}], 380, axes, legend=True)


def waiting(waits: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """For both models and each way to keep weights: a step's time, and that of reading them."""
    rows, step, floor = [], [], []
    for which, found in waits.items():
        for wait in found:
            rows.append(f"{words.MODELS[which]}, {words.name_of(wait['name'])}")
            step.append(1000 * wait["seconds"])
            floor.append(1000 * wait["floor"])
    places = list(range(len(rows)))
    whole: Figure = {
        "type": "bar",
        "orientation": "h",
        "x": step,
        "y": places,
        "name": words.STEP_NAME,
    }
    whole |= {"marker": {"color": series_color(4)}, "hovertemplate": "%{x:.3f} ms"}
    read: Figure = {"x": floor, "y": places, "mode": "markers", "name": words.FLOOR_NAME}
    mark = {"symbol": "line-ns-open", "size": 22, "color": series_color(0), "line": {"width": 4}}
    read |= {"marker": mark, "hovertemplate": "%{x:.3f} ms"}
    axes: Figure = {
        "xaxis": log_axis([*step, *floor], words.MILLISECONDS),
        "yaxis": named_rows(rows, grid=True),
        "bargap": 0.4,
    }
    return whole_figure([whole, read], 46 * len(rows) + 120, axes, legend=True)
