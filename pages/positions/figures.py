"""The Positions lesson's pictures: tables, rotations, scores by distance."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gpt_core.interpret.positions import pairs, score_by_distance, turn, turn_per_position
from ui.show.curves import Chart, Line, curves
from ui.show.numbers import number
from ui.show.plotly_json import Figure, around_zero, dot_trace, line_trace, whole_figure
from ui.show.theme import series_color
from ui.show.tokens import TokenLike, short

MOST_POSITIONS, MOST_CHANNELS = 64, 128
_SHOWN_PAIRS = 6
_PLACES = """<style>
.places {display:flex; flex-wrap:wrap; gap:4px; max-height:11rem; overflow-y:auto}
.places span {border:1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius:4px;
  padding:1px 5px; text-align:center; font-family:monospace; white-space:pre; line-height:1.4}
.places small {display:block; font-size:.78em; opacity:.85}
</style>"""


def two_places(tokens: Sequence[TokenLike], by: int) -> str:
    """HTML of a text: below each token where it stands, and where it stands `by` further on."""
    cells = (
        f"<span><bdi>{html.escape(short(token.text))}</bdi><small>{i} → {i + by}</small></span>"
        for i, token in enumerate(tokens)
    )
    return f'{_PLACES}<div class="places">{"".join(cells)}</div>'


def table_map(table: Tensor, across: str) -> Figure:
    """A table (T, C) as a picture: a row per position, the first on top; zero is the background.

    Coloured from the table's lowest to its highest number, equally far to both sides of zero.
    """
    values = table[:MOST_POSITIONS, :MOST_CHANNELS].numpy().astype(np.float32)
    largest = float(np.abs(values).max()) or 1.0
    ticks = [-largest, 0.0, largest]
    bar = {"orientation": "h", "thickness": 10, "outlinewidth": 0, "y": 1.01, "yanchor": "bottom"}
    bar |= {"tickvals": ticks, "ticktext": [number(t, ".2g") for t in ticks], "len": 1}
    trace = {
        "type": "heatmap",
        "z": values,
        "zmin": -largest,
        "zmax": largest,
        "colorscale": around_zero(series_color(1), series_color(0)),
        "colorbar": bar,
        "hovertemplate": f"position %{{y}}, {across} %{{x}}: %{{z:.3f}}<extra></extra>",
    }
    axes = {
        "xaxis": {"title": across, "showgrid": False},
        "yaxis": {"title": "position", "autorange": "reversed", "showgrid": False},
    }
    figure = whole_figure([trace], 380, axes)
    figure["layout"]["margin"] |= {"t": 48, "r": 12}
    return figure


def table_of(value: dict[str, Any]) -> Tensor:
    """The table (T, C) that the job `learned_positions` trained."""
    return torch.tensor(value["table"])


def likeness_curves(named: dict[str, list[float]], place: int) -> Chart:
    """How alike each kind of position says that two places are, around one of them."""
    lines = [Line(name, range(len(y)), y, color=i) for i, (name, y) in enumerate(named.items())]
    return curves(lines, x_title="position", y_title=f"likeness to position {place}", height=300)


def rotation_table(
    q: Tensor, k: Tensor, places: tuple[int, int], shift: int
) -> dict[str, list[str]]:
    """q · k of two tokens pair by pair, where they stand and `shift` places further on.

    q, k: (D,), turned back to position 0. places: of the query and of the key. Columns of numbers
    as text; the last two rows are the pairs not shown and the sum.
    """
    hidden = len(q) // 2 > _SHOWN_PAIRS
    blank = ["", ""] if hidden else [""]
    degrees = turn_per_position(len(q))[:_SHOWN_PAIRS].tolist()
    columns = {"turned per place": [f"{angle:.3g}°" for angle in degrees] + blank}
    for by in (0, shift):
        i, j = places[0] + by, places[1] + by
        turned = pairs(turn(q, i)), pairs(turn(k, j))
        products = (turned[0] * turned[1]).sum(dim=1)  # (D/2,)
        for name, pair in zip((f"q at {i}", f"k at {j}"), turned, strict=True):
            numbers = [f"({number(a)}, {number(b)})" for a, b in pair[:_SHOWN_PAIRS].tolist()]
            columns[name] = numbers + blank
        rest = [number(products[_SHOWN_PAIRS:].sum().item())] if hidden else []
        numbers = [number(value) for value in products[:_SHOWN_PAIRS].tolist()]
        columns[f"q·k at ({i}, {j})"] = [*numbers, *rest, number(products.sum().item())]
    return columns


def rotation_rows(width: int) -> list[str]:
    """The names of the rows of `rotation_table`."""
    half = width // 2
    rest = [f"other {half - _SHOWN_PAIRS} pairs"] if half > _SHOWN_PAIRS else []
    return [*(f"pair {i}" for i in range(min(half, _SHOWN_PAIRS))), *rest, "sum"]


def distance_curve(q: Tensor, k: Tensor, distance: int, causal: bool, longest: int) -> Figure:
    """The score of two tokens against how far apart they are; a dot where they are now."""
    start = 0 if causal else -longest
    distances = list(range(start, longest + 1))
    scores = score_by_distance(q, k, distances).tolist()
    data = [
        line_trace(distances, scores, series_color(1), "score"),
        dot_trace(distance, scores[distance - start], name="now"),
    ]
    for trace in data:
        trace["hovertemplate"] = "distance %{x}: %{y:.3f}<extra></extra>"
    axes = {
        "xaxis": {"title": "places from the key to the query"},
        "yaxis": {"title": "q·k / √D"},
    }
    return whole_figure(data, 320, axes)


def likeness(tables: dict[str, Tensor], place: int) -> dict[str, list[float]]:
    """Cosine of each row of each table (T, C) with the row of one place, or of its last row."""
    found: dict[str, list[float]] = {}
    for name, table in tables.items():
        rows = table[:MOST_POSITIONS].float()
        rows = rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-12)
        found[name] = (rows @ rows[min(place, len(rows) - 1)]).tolist()
    return found
