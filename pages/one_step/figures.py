"""Figures of the lesson on one step: bars by layer and kind, the loss over learning rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpt_core.experiments.one_step import Outcome, Part, Report
from ui.show.curves import Bar, Chart, Line, curves
from ui.show.plotly_json import Figure, bar_trace, log_axis, token_label, whole_figure
from ui.show.theme import palette, series_color
from ui.show.tokens import TokenLike

_RULE_OF_THUMB = 1e-3  # of a weight's size, moved in one step
_SHOWN = 1e6  # losses larger than this are off every chart


def part_bars(
    parts: Sequence[Part], value: Callable[[Part], float], title: str, others: Sequence[float] = ()
) -> Figure:
    """One bar for each layer and kind, on a logarithmic scale; layers from left to right.

    others: values that the scale holds besides.
    """
    places, centers = _places(parts)
    colors = _colors()
    data = []
    for kind in dict.fromkeys(part.kind for part in parts):
        chosen = [i for i, part in enumerate(parts) if part.kind == kind]
        where = [_where(parts[i]) for i in chosen]
        heights = [value(parts[i]) or math.nan for i in chosen]
        bar = bar_trace(x=[places[i] for i in chosen], y=heights, color=colors[kind], name=kind)
        bar |= {"width": 0.9, "showlegend": parts[chosen[0]].layer is not None}
        bar |= {"customdata": where, "hovertemplate": "%{customdata}: %{y:.3g}<extra></extra>"}
        data.append(bar)
    seen = [size for part in parts if (size := value(part))] or [1.0]
    layout = {
        "xaxis": {"tickvals": list(centers.values()), "ticktext": list(centers), "showgrid": False},
        "yaxis": log_axis((min([*seen, *others]) / 2, 1.3 * max(seen)), title),
        "bargap": 0.1,
        "barmode": "overlay",  # every bar has a place of its own
    }
    return whole_figure(data, 420, layout, legend=True)


def ratio_bars(parts: Sequence[Part], factor: float) -> Figure:
    """How far the step moves each part, over its size, and a dotted line at one thousandth."""

    def ratio(part: Part) -> float:
        return factor * part.move / part.weight if part.weight else 0.0

    figure = part_bars(parts, ratio, "update ÷ weights", [_RULE_OF_THUMB])
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1}
    line |= {"y0": _RULE_OF_THUMB, "y1": _RULE_OF_THUMB}
    line["line"] = {"color": palette().text, "width": 2, "dash": "dot"}
    figure["layout"]["shapes"] = [line]
    return figure


def _places(parts: Sequence[Part]) -> tuple[list[float], dict[str, float]]:
    """Where each bar stands, a gap between layers; and the middle of each group by its label."""
    places: list[float] = []
    groups: dict[str, list[float]] = {}
    x = 0.0
    for i, part in enumerate(parts):
        if i:
            x += 1.0 if parts[i - 1].layer == part.layer else 1.8
        places.append(x)
        before = any(p.layer is not None for p in parts[:i])
        label = f"{part.layer}" if part.layer is not None else ("out" if before else "in")
        groups.setdefault(label, []).append(x)
    few = len(groups) <= 16
    named = {f"layer {key}" if few and key.isdigit() else key: xs for key, xs in groups.items()}
    return places, {label: sum(xs) / len(xs) for label, xs in named.items()}


def _where(part: Part) -> str:
    return part.kind if part.layer is None else f"layer {part.layer}, {part.kind}"


def _colors() -> dict[str, str]:
    colors = palette()
    return {
        "Q": colors.query,
        "K": colors.key,
        "V": colors.value,
        "attention output": colors.output,
        "MLP up": series_color(0),
        "MLP down": series_color(1),
        "norms": colors.muted,
        "last norm": colors.muted,
        "token vectors": series_color(2),
        "positions": series_color(3),
        "vectors of runs": series_color(4),
        "output table": series_color(5),
    }


def loss_over_rates(report: Report, factor: float, guessing: float) -> Chart:
    """Both losses after the step against the learning rate's power of ten, and the prediction."""
    before, steps = report.at(0.0), [o for o in report.outcomes if o.factor]
    x = [math.log10(o.factor) for o in steps]
    straight = [before.loss + o.factor * report.slope for o in steps]
    kept = [(a, y) for a, y in zip(x, straight, strict=True) if y > 0.05 * before.loss]
    chosen = report.at(factor)
    lines = [
        Line("sentence", x, [_drawn(o.loss) for o in steps], color=0, markers=True),
        Line("other text", x, [_drawn(o.elsewhere) for o in steps], color=1, markers=True),
        Line("forecast", [a for a, _ in kept], [y for _, y in kept], color=4) if kept else None,
        Line("chosen", [math.log10(factor)], [_drawn(chosen.loss)], color=2, markers=True),
    ]
    return curves(
        [line for line in lines if line],
        bars=[Bar("this sentence, before", before.loss), Bar("guessing: log₂ V", guessing)],
        x_title="learning rate × 10 to this power",
        y_title="loss after one step (bits per token)",
        log_y=True,
    )


def _drawn(loss: float | None) -> float:
    return loss if loss is not None and 0 < loss < _SHOWN else math.nan


def right_bars(tokens: Sequence[TokenLike], before: Outcome, after: Outcome) -> Figure:
    """The probability of each token of the sentence, before and after; the first has none."""
    x = list(range(1, len(tokens)))
    data = []
    hues = (palette().muted, palette().output)
    for name, outcome, hue in zip(("before", "after"), (before, after), hues, strict=True):
        percent = 100 * outcome.right.float().nan_to_num().numpy()
        bar = bar_trace(x=x, y=percent, color=hue, name=name)
        data.append(bar | {"hovertemplate": "%{y:.2f}%"})
    labels = [f"<b>{token_label(token)}</b>" for token in tokens[1:]]
    layout: Figure = {
        "xaxis": {"tickvals": x, "ticktext": labels, "showgrid": False, "tickangle": -60},
        "yaxis": {"range": [0, 105], "title": "probability of the right token, %"},
        "bargap": 0.25,
    }
    layout["xaxis"]["tickfont"] = {"family": "monospace", "size": 14}
    return whole_figure(data, 400, layout, legend=True)


def breaking_curve(steps: Sequence[dict[str, Any]], guessing: float, count: int) -> Chart:
    """Both losses by step, over the bar of pure guessing."""
    x = np.arange(len(steps))
    lines = [
        Line(name, x, [_drawn(step[key]) for step in steps], color=color, markers=True)
        for color, (name, key) in enumerate({"sentence": "loss", "other text": "elsewhere"}.items())
    ]
    return curves(
        lines,
        bars=[Bar("guessing: log₂ V", guessing)],
        x_title="step",
        y_title="loss (bits per token)",
        x_max=count,
        log_y=True,
        height=360,
    )
