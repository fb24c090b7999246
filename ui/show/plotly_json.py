"""Plotly figures as plain JSON: the parts that lessons share.

Built with graph_objects' add_ and update_ methods, six figures took 320 ms a rerun instead of 50.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.show.theme import palette
from ui.show.tokens import TokenLike, short

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from gpt_core.tokenizers import Tokenizer

Figure = dict[str, Any]


def show(figure: Figure, key: str, alt: str, **more: Any) -> None:
    """Draw a figure that is read, not dragged about; alt says in words what it shows.

    more: any other argument of Streamlit's.
    """
    from ui.show.plotly_unchecked import (
        Unchecked,  # brings Plotly, which the first words don't wait for
    )

    config = {"displayModeBar": False}
    st.plotly_chart(Unchecked(figure), width="stretch", key=key, alt=alt, config=config, **more)


def probability_pairs(
    before: Tensor,
    after: Tensor,
    tokenizer: Tokenizer,
    top: int = 8,
    names: tuple[str, str] = ("before", "after"),
) -> Figure:
    """The tokens that are likeliest before or after, with both probabilities side by side."""
    likeliest = before.maximum(after).topk(min(top, len(before))).indices
    ids = sorted(likeliest.tolist(), key=lambda i: -before[i])
    rows = list(range(len(ids)))
    data = []
    hues = (palette().muted, palette().output)
    for name, probabilities, hue in zip(names, (before, after), hues, strict=True):
        percent = [100 * float(probabilities[i]) for i in ids]
        bars = bar_trace(x=percent, y=rows, color=hue, orientation="h", name=name)
        bars |= {"text": [f"{value:.1f}%" for value in percent], "textposition": "outside"}
        bars |= {"textfont": {"size": 13}, "constraintext": "none", "cliponaxis": False}
        data.append(bars | {"hovertemplate": "%{x:.3f}%"})
    tokens = [plain_label(tokenizer.token_text(i)) for i in ids]
    axes = {
        "xaxis": {"range": [0, 116], "tickvals": [0, 25, 50, 75, 100], "title": "probability, %"},
        "yaxis": {
            "tickvals": rows,
            "showgrid": False,
            "ticktext": [f"<b>{token}</b>" for token in tokens],
            "tickfont": {"family": "monospace", "size": 16},
            "autorange": "reversed",
        },
    }
    return whole_figure(data, 430, axes | {"bargap": 0.25}, legend=True)


def token_label(token: TokenLike) -> str:
    """A token's text for a Plotly label."""
    return plain_label(token.text)


def plain_label(text: str) -> str:
    """A token or a word for a Plotly label, which would take < and & for HTML."""
    return html.escape(short(text), quote=False)


def bar_trace(
    *, y: Sequence[float] | np.ndarray, color: str | Sequence[str], **more: Any
) -> Figure:
    """Bars; color: for all, or each; more: any other setting of Plotly's."""
    import numpy as np  # slow to load; the words come first

    return {
        "type": "bar",
        "y": np.asarray(y),
        "marker": {"color": color, "line": {"width": 0}},
    } | more


def line_trace(
    x: Sequence[Any], y: Sequence[Any], color: str, name: str,
    width: float = 3, dash: str = "solid", mode: str = "lines",
) -> Figure:  # fmt: skip
    """One curve; in Plotly the y of a gap is NaN."""
    import numpy as np

    line = {"color": color, "width": width, "dash": dash}
    return {"x": list(x), "y": np.asarray(y), "name": name, "mode": mode, "line": line}


def whole_figure(data: list[Figure], height: int, layout: Figure, legend: bool = False) -> Figure:
    """The parts put together, in type that can be read from the back of a room."""
    colors = palette()
    layout = layout | {
        "height": height,
        "margin": {"l": 8, "r": 28, "pad": 5, "t": 56 if legend else 30, "b": 8},
        "font": {"size": 15, "color": colors.text},
        "dragmode": False,
        "showlegend": legend,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"size": 14},
        },
    }
    for name in [key for key in layout if key.startswith(("xaxis", "yaxis"))]:
        axis = {"fixedrange": True, "zeroline": False, "gridcolor": colors.grid}
        axis |= {"automargin": True, "tickfont": {"size": 14, "color": colors.muted}}
        layout[name] = axis | layout[name]
        if title := layout[name].pop("title", None):
            layout[name]["title"] = {"text": title}
    return {"data": [{"type": "scatter"} | trace for trace in data], "layout": layout}
