"""Small Plotly bar charts as plain JSON: next-token probabilities, one vector's numbers, counts."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ui.show.plotly_json import Figure, plain_label
from ui.show.theme import palette

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.tokenizers import Tokenizer

_LONGEST = 60  # characters of a label, which Plotly measures one by one


def probability_bars(probabilities: Tensor, tokenizer: Tokenizer, top: int = 10) -> Figure:
    """Horizontal bars of the likeliest next tokens, the best on top; the scale is 0 to 100%."""
    values, ids = probabilities.topk(min(top, len(probabilities)))
    labels = [plain_label(tokenizer.token_text(i)) for i in ids.tolist()]
    percent = [100 * v for v in values.tolist()]
    bars = {
        "x": percent,
        "marker": {"color": palette().output},
        "text": [f"{p:.1f}%" for p in percent],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "%{customdata}: %{x:.2f}%<extra></extra>",
    }
    axis = {"range": [0, 112], "title": {"text": "probability, %"}}
    axis["tickvals"] = [0, 25, 50, 75, 100]
    bold = [f"<b>{label}</b>" for label in labels]
    figure = _horizontal(bars, labels, bold, 16, 34 * len(labels) + 70)
    figure["layout"]["xaxis"] = axis
    return figure


def signed_bars(values: Sequence[float], color: str, height: int = 150) -> Figure:
    """One vertical bar per number of a vector, around zero."""
    bars = {"type": "bar", "y": list(values), "marker": {"color": color}}
    bars["hovertemplate"] = "channel %{x}: %{y:.3f}<extra></extra>"
    return _small([bars], height, {"bargap": 0, "xaxis": {"title": {"text": "channel"}}})


def count_bars(
    labels: Sequence[str],
    counts: Sequence[float],
    color: str | Sequence[str],
    decimals: int = 0,
) -> Figure:
    """Horizontal bars of counts or other amounts, the first on top. color: for all, or each.

    labels: short ones; a token or a word goes through `ui.show.tokens.short` first.
    """
    bars = {
        "x": list(counts),
        "marker": {"color": color},
        "text": [f"{count:,.{decimals}f}" for count in counts],
        "textposition": "auto",
        "hovertemplate": "%{customdata}: %{text}<extra></extra>",
    }
    names = [html.escape(label[:_LONGEST], quote=False) for label in labels]
    return _horizontal(bars, names, names, 14, 27 * len(names) + 40)


def _horizontal(
    bars: dict[str, Any], names: list[str], ticks: list[str], size: int, height: int
) -> Figure:
    rows = list(range(len(names)))
    bars |= {"type": "bar", "orientation": "h", "y": rows, "customdata": names}
    axis = {"tickvals": rows, "ticktext": ticks, "autorange": "reversed"}
    axis["tickfont"] = {"family": "monospace", "size": size}
    return _small([bars], height, {"yaxis": axis})


def _small(data: list[dict[str, Any]], height: int, layout: dict[str, Any]) -> Figure:
    margin = {"l": 0, "r": 8, "t": 4, "b": 0}
    layout |= {"height": height, "margin": margin, "showlegend": False, "dragmode": False}
    return {"data": data, "layout": layout}
