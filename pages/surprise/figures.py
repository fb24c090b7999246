"""The Surprise lesson's pictures: bits by probability, and how a table of pairs learns."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gpt_core.experiments.bigram import STEPS
from pages.surprise.results import Counted
from pages.surprise.words import TOP
from ui.show.curves import Bar, Chart, Line, curves
from ui.show.numbers import power
from ui.show.plotly_json import Figure, line_trace, plain_label, whole_figure
from ui.show.theme import palette, series_color
from ui.show.tokens import TokenLike


def bits_by_probability(tokens: Sequence[TokenLike], bits: Sequence[float]) -> Figure:
    """The curve −log₂ p, and the prompt's tokens on it as far as there is room."""
    p = [2 ** (-TOP * step / 120) for step in range(121)]
    colors = palette()
    curve = line_trace(p, [-math.log2(share) for share in p], colors.muted, "−log₂ p")
    seen = [(token, b) for token, b in zip(tokens, bits, strict=True) if b <= TOP]
    dots = {
        "x": [1 / power(b) for _, b in seen],
        "y": [b for _, b in seen],
        "mode": "markers",
        "name": "tokens of your prompt",
        "marker": {"size": 11, "color": series_color(0), "opacity": 0.8},
        "customdata": [plain_label(token.text) for token, _ in seen],
        "hovertemplate": "%{customdata}: p = %{x:.3f}, %{y:.2f} bits<extra></extra>",
    }
    axes = {
        "xaxis": {"range": [-0.02, 1.03], "title": "probability p"},
        "yaxis": {"range": [-0.4, TOP], "title": "surprise, bits"},
    }
    return whole_figure([curve | {"hoverinfo": "skip"}, dots], 330, axes, legend=True)


def training_curve(steps: Sequence[int], losses: Sequence[float], counts: Counted) -> Chart:
    """The loss of the table while it learns, above the bar of counted pairs."""
    return curves(
        [Line("table of pairs", steps, losses)],
        x_title="step",
        y_title="bits per character",
        bars=[
            Bar("guessing", math.log2(counts.vocabulary)),
            Bar("pairs counted: the floor", counts.own),
        ],
        x_max=STEPS,
        height=320,
        from_zero=True,
    )
