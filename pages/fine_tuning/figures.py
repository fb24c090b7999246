"""Figures of the Fine-tuning lesson: losses by step, sizes of changes, singular values."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from gpt_core.interpret.weight_change import WeightChange
from pages.fine_tuning import words
from ui.show.plotly_json import Figure, line_trace, log_axis, whole_figure
from ui.show.theme import palette, series_color, softened

SYMBOLS = ("circle", "diamond", "square", "triangle-up")
ROUNDING = 1e-5  # of the largest singular value: what is smaller is rounding


def loss_curves(found: dict[str, Any], side: str) -> Figure:
    """Loss by step on one of the texts, in bits per token: each way's mean over the seeds, and
    with bars from the lowest to the highest of them."""
    data, drawn = [], []
    for color, (way, name) in enumerate(words.WAYS.items()):
        seeds = [[nats * words.BITS for nats in one] for one in found["curves"][way][side]]
        at = [*zip(*seeds, strict=True)]
        mean = [fmean(each) for each in at]
        drawn += [loss for one in seeds for loss in one]
        line = line_trace(found["points"], mean, series_color(color), name, mode="lines+markers")
        line["marker"] = {"size": 8, "symbol": SYMBOLS[color]}
        line["hovertemplate"] = "step %{x}: %{y:.2f}"
        if len(seeds) > 1:
            line["error_y"] = {
                "type": "data",
                "symmetric": False,
                "array": [max(each) - m for each, m in zip(at, mean, strict=True)],
                "arrayminus": [m - min(each) for each, m in zip(at, mean, strict=True)],
                "thickness": 1.5,
                "width": 4,
            }
        data.append(line)
    axes = {
        "xaxis": {"title": "step", "nticks": 8},  # by itself Plotly writes two where it is narrow
        "yaxis": log_axis(drawn, f"{words.SIDES[side]}, bits per token"),
    }
    return whole_figure(data, 420, axes, legend=True)


def size_map(changes: Sequence[WeightChange]) -> Figure:
    """Relative size of the change, in %: a row for each part, a column for each layer."""
    inside = [c for c in changes if c.layer is not None]
    parts = list(dict.fromkeys(c.part for c in inside))
    layers = sorted({c.layer for c in inside if c.layer is not None})
    by_place = {(c.part, c.layer): 100 * c.relative for c in inside}
    rows = [[by_place[part, layer] for layer in layers] for part in parts]
    names = [f"layer {layer}" for layer in layers]
    colors = palette()
    heat = {
        "type": "heatmap",
        "z": rows,
        "x": names,
        "y": parts,
        "zmin": 0,
        "zmax": max(map(max, rows)) or 1,
        "colorscale": [[0, colors.background], [1, softened(series_color(1))]],
        "texttemplate": "%{z:.2r}%" if len(layers) <= 12 else "",
        "textfont": {"color": colors.text},
        "hovertemplate": "%{y}, %{x}: %{z:.3g}%<extra></extra>",
        "colorbar": {"title": {"text": "size, %"}, "thickness": 14},
        "xgap": 2,
        "ygap": 2,
    }
    axes = {"yaxis": {"autorange": "reversed", "showgrid": False}, "xaxis": {"showgrid": False}}
    return whole_figure([heat], 46 * len(parts) + 110, axes)


def value_curves(changes: dict[str, WeightChange]) -> Figure:
    """Singular values of the change of one matrix, largest first, for each way; zeros left out."""
    ways = {"all": 0, "lora": 2}
    data, drawn = [], []
    for way, color in ways.items():
        every = changes[way].values.tolist()
        values = [v for v in every if v > ROUNDING * every[0]]
        drawn += values
        places = list(range(1, len(values) + 1))
        line = line_trace(places, values, series_color(color), words.WAYS[way])
        data.append(line | {"mode": "lines+markers", "hovertemplate": "%{x}: %{y:.3g}"})
    axes = {
        "xaxis": {"title": "number of the singular value"},
        "yaxis": log_axis(drawn, "singular value"),
    }
    return whole_figure(data, 340, axes, legend=True)
