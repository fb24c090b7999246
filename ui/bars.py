"""Small Plotly bar charts: next-token probabilities, the numbers of one vector."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ui.plotly_json import plain_label
from ui.theme import palette

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from torch import Tensor

    from gpt_core.tokenizers import Tokenizer

# Charts here are read, not dragged about: a drag or a pinch scrolls the page, as on any page.
STILL = {"displayModeBar": False, "scrollZoom": False}
_LONGEST = 60  # characters of a label, which Plotly measures one by one


def probability_bars(probabilities: Tensor, tokenizer: Tokenizer, top: int = 10) -> go.Figure:
    """Horizontal bars of the likeliest next tokens, the best on top; the scale is 0 to 100%."""
    import plotly.graph_objects as go  # slow to load; the words come first

    values, ids = probabilities.topk(min(top, len(probabilities)))
    labels = [plain_label(tokenizer.token_text(i)) for i in ids.tolist()]
    percent = [100 * v for v in values.tolist()]
    figure = go.Figure(
        go.Bar(
            x=percent,
            y=list(range(len(labels))),
            orientation="h",
            marker_color=palette().output,
            text=[f"{p:.1f}%" for p in percent],
            textposition="outside",
            cliponaxis=False,
            customdata=labels,
            hovertemplate="%{customdata}: %{x:.2f}%<extra></extra>",
        )
    )
    figure.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=[f"<b>{label}</b>" for label in labels],
        autorange="reversed",
        tickfont={"family": "monospace", "size": 16},
    )
    figure.update_xaxes(range=[0, 112], title="probability, %", tickvals=[0, 25, 50, 75, 100])
    return _small(figure, 34 * len(labels) + 70)


def signed_bars(values: Sequence[float], color: str, height: int = 150) -> go.Figure:
    """One vertical bar per number of a vector, around zero."""
    import plotly.graph_objects as go  # slow to load; the words come first

    figure = go.Figure(
        go.Bar(
            y=list(values),
            marker_color=color,
            hovertemplate="channel %{x}: %{y:.3f}<extra></extra>",
        )
    )
    figure.update_layout(bargap=0)
    figure.update_xaxes(title="channel")
    return _small(figure, height)


def count_bars(
    labels: Sequence[str],
    counts: Sequence[float],
    color: str | Sequence[str],
    decimals: int = 0,
) -> go.Figure:
    """Horizontal bars of counts or other amounts, the first on top. color: for all, or each.

    labels: short ones; a token or a word goes through `ui.tokens.short` first.
    """
    import plotly.graph_objects as go  # slow to load; the words come first

    names = [html.escape(label[:_LONGEST], quote=False) for label in labels]
    figure = go.Figure(
        go.Bar(
            x=list(counts),
            y=list(range(len(names))),
            orientation="h",
            marker_color=color,
            text=[f"{count:,.{decimals}f}" for count in counts],
            textposition="auto",
            customdata=names,
            hovertemplate="%{customdata}: %{text}<extra></extra>",
        )
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=names,
        autorange="reversed",
        tickfont={"family": "monospace", "size": 14},
    )
    return _small(figure, 27 * len(names) + 40)


def _small(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        height=height, margin={"l": 0, "r": 8, "t": 4, "b": 0}, showlegend=False, dragmode=False
    )
    return figure
