"""The residual-stream lesson's figures: what each part writes, and its share of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ui.show.numbers import number
from ui.show.plotly_json import Figure, around_zero, bar_trace, labels_outside, whole_figure
from ui.show.theme import palette, series_color, softened

if TYPE_CHECKING:
    from gpt_core.interpret.attribution import Attribution, Written

_MOST_NUMBERS = 8  # heads in a row: more cells leave no room for numbers


def part_name(name: str) -> str:
    """What a figure calls a part: attn 0, MLP 3, embedding, position."""
    start = {"embed": "embedding", "pos_embed": "position"}
    if name in start:
        return start[name]
    _, layer, part = name.split(".")
    return f"{'attn' if part == 'attn_out' else 'MLP'} {layer}"


def lengths(branches: tuple[Written, ...]) -> Figure:
    """How long a vector each part wrote into one token's stream."""
    kinds = ("starts the stream", "attention adds", "the MLP adds")
    hues = (palette().muted, series_color(0), series_color(1))
    data = []
    for kind, name, hue in zip(("embed", "attn_out", "mlp_out"), kinds, hues, strict=True):
        own = [each for each in branches if each.name.endswith(kind)]
        bars = bar_trace(
            x=[part_name(each.name) for each in own], y=[e.length for e in own], color=hue
        )
        bars |= labels_outside(number(each.length, ".3g") for each in own)
        bars |= {"name": name, "hovertemplate": "%{x}: %{y:.4g}"}
        data.append(bars)
    longest = max(each.length for each in branches) or 1.0
    room = {"range": [0, 1.35 * longest]}  # for numbers that stand upright
    axes = {"xaxis": _in_order(branches), "yaxis": {"title": "length"} | room}
    return whole_figure(data, 250, axes | {"barmode": "overlay"}, legend=True)


def waterfall(shares: Attribution) -> Figure:
    """Share after share, from zero to the logit."""
    colors = palette()
    values = [each.logit for each in shares.branches]
    names = [part_name(each.name) for each in shares.branches]
    if shares.constant:  # norms without a bias add nothing
        values, names = [*values, shares.constant], [*names, "norms' bias"]
    bars = {
        "type": "waterfall",
        "x": [*names, "= logit"],
        "y": np.array([*values, shares.total]),
        "measure": ["relative"] * len(values) + ["total"],
        "increasing": {"marker": {"color": series_color(1)}},
        "decreasing": {"marker": {"color": series_color(0)}},
        "totals": {"marker": {"color": colors.text}},
        "connector": {"line": {"color": colors.muted, "width": 1}},
        "customdata": [*(number(value, "+.2f") for value in values), number(shares.total, ".2f")],
        "hovertemplate": "%{x}: %{customdata}<extra></extra>",
    }
    bars |= labels_outside(
        [*(number(value, "+#.2g") for value in values), number(shares.total, ".3g")]
    )
    steps = np.cumsum(values)
    low, high = min(0.0, steps.min()), max(0.0, steps.max())
    room = 0.12 * (high - low or 1.0)
    axes = {
        "xaxis": {"type": "category", "showgrid": False},
        "yaxis": {"title": "logit", "range": [low - room * (low < 0), high + room]},
    }
    return whole_figure([bars], 400, axes)


def head_map(shares: Attribution) -> Figure:
    """Each head's share, and that of the output projection's bias: layers × heads."""
    layers, heads = shares.heads.shape
    z = np.column_stack([shares.heads.numpy(), shares.attention_bias.numpy()])
    largest = float(abs(z).max()) or 1.0
    numbers = heads <= _MOST_NUMBERS
    hues = [softened(hue) if numbers else hue for hue in (series_color(0), series_color(1))]
    drawn = {
        "type": "heatmap",
        "z": z,
        "x": [*(f"head {head}" if numbers else str(head) for head in range(heads)), "bias"],
        "y": [f"layer {layer}" for layer in range(layers)],
        "xgap": 2,
        "ygap": 2,
        "zmin": -largest,
        "zmax": largest,
        "colorscale": around_zero(*hues),
        "colorbar": {"thickness": 12, "outlinewidth": 0, "tickfont": {"size": 13}},
        "hovertemplate": "%{y}, %{x}: %{z:.4f}<extra></extra>",
    }
    if numbers:
        form = ".2f" if largest >= 0.1 else ".1g"  # small shares would all be 0.00
        shown = [[number(value, form) for value in row] for row in z.tolist()]
        font = {"size": 15, "color": palette().text}
        drawn |= {"text": shown, "texttemplate": "%{text}", "textfont": font}
    axes = {
        "xaxis": {"type": "category", "showgrid": False, "side": "top"}
        | ({} if numbers else {"title": "head"}),
        "yaxis": {"type": "category", "showgrid": False, "autorange": "reversed"},
    }
    figure = whole_figure([drawn], 34 * layers + 90, axes)
    figure["layout"]["plot_bgcolor"] = palette().grid
    return figure


def _in_order(branches: tuple[Written, ...]) -> Figure:
    names = [part_name(each.name) for each in branches]
    return {"type": "category", "categoryorder": "array", "categoryarray": names}
