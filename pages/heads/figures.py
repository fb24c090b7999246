"""Figures of the Multi-head lesson: the numbers of all heads side by side, and what they become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.show.plotly_json import Figure, bar_trace, whole_figure
from ui.show.theme import palette

if TYPE_CHECKING:
    from gpt_core.interpret.output_projection import OutputStep


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
