"""The Evaluation lesson's pictures."""

from __future__ import annotations

from collections.abc import Sequence

from gpt_core.evaluation.calibration import Bin
from pages.evaluation.results import Context
from ui.show.plotly_json import (
    Figure,
    bar_trace,
    labels_outside,
    line_trace,
    named_rows,
    row_trace,
    whole_figure,
)
from ui.show.theme import palette, series_color


def context_curves(models: Sequence[tuple[str, list[Context]]]) -> Figure:
    """Bits per character over the tokens seen before, with the 95% band of each model."""
    data = []
    for which, (name, ranges) in enumerate(models):
        color, x = series_color(which), [(each.first * each.last) ** 0.5 for each in ranges]
        low, high = ([getattr(r.bits, end) for r in ranges] for end in ("low", "high"))
        band: Figure = {
            "x": [*x, *x[::-1]],
            "y": [*high, *low[::-1]],
            "fill": "toself",
            "mode": "none",
        }
        band |= {"fillcolor": color, "opacity": 0.22, "hoverinfo": "skip", "showlegend": False}
        line = line_trace(x, [r.bits.value for r in ranges], color, name, mode="lines+markers")
        line |= {"customdata": [_range(each) for each in ranges]}
        line |= {"hovertemplate": "%{customdata} before: %{y:.3f} bits<extra></extra>"}
        data += [band, line]
    last = max(ranges[-1].last for _, ranges in models)
    ticks = [2**i for i in range(12) if 2**i <= last]
    axes = {
        "xaxis": {"type": "log", "title": "tokens seen before", "tickvals": ticks}
        | {"ticktext": [f"{tick}" for tick in ticks]},
        "yaxis": {"title": "bits per character", "rangemode": "tozero"},
    }
    return whole_figure(data, 380, axes, legend=len(models) > 1)


def _range(each: Context) -> str:
    return f"{each.first}" if each.first == each.last else f"{each.first} to {each.last}"


def reliability_chart(bins: Sequence[Bin], mended: Sequence[Bin] | None) -> Figure:
    """Share that came true over probability, with 95% intervals; below it how many there are."""
    colors = palette()
    diagonal = line_trace([0, 100], [0, 100], colors.muted, "as often as it says", 2, "dot")
    data = [diagonal | {"hoverinfo": "skip"}]
    series = [("this model", bins)]
    if mended is not None:
        series.append(("at the temperature that fits", mended))
    for which, (name, some) in enumerate(series):
        y = [100 * each.right.value for each in some]
        above = [100 * (each.right.high - each.right.value) for each in some]
        below = [100 * (each.right.value - each.right.low) for each in some]
        line = line_trace(
            [100 * each.confidence for each in some],
            y,
            series_color(which),
            name,
            mode="lines+markers",
        )
        line["marker"] = {"size": 10, "symbol": ("circle", "diamond")[which]}
        line["error_y"] = {"type": "data", "array": above, "arrayminus": below, "width": 4}
        line["customdata"] = [f"{each.count:,}" for each in some]
        line["hovertemplate"] = (
            "says %{x:.1f}%, came true %{y:.1f}% of %{customdata}<extra></extra>"
        )
        data.append(line)
    counts = bar_trace(
        x=[50 * (each.low + each.high) for each in bins],
        y=[each.count for each in bins],
        color=colors.muted,
        yaxis="y2",
        showlegend=False,
        **labels_outside(f"{each.count:,}" for each in bins),
        hovertemplate="%{text} predictions<extra></extra>",
    )
    axes = {
        "xaxis": {"range": [-2, 102], "title": "probability of the best guess, %"},
        "yaxis": {"range": [-3, 105], "title": "came true, %", "domain": [0.32, 1]},
        "yaxis2": {"domain": [0, 0.2], "title": "how many", "showticklabels": False}
        | {"range": [0, 1.5 * max(each.count for each in bins)]},
        "bargap": 0.3,
    }
    return whole_figure([*data, counts], 460, axes, legend=True)


def copied_bars(lengths: Sequence[int], ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Share of tokens in copied stretches, for the model's samples and for held-out text."""
    data = []
    named = (("written by the model", ours), ("held-out text", theirs))
    hues = (series_color(1), palette().muted)
    for (name, shares), hue in zip(named, hues, strict=True):
        percent = [100 * share for share in shares]
        bars = bar_trace(y=percent, color=hue, x=[f"{n} or more" for n in lengths], name=name)
        bars |= labels_outside(f"{p:.0f}%" for p in percent)
        data.append(bars | {"hovertemplate": "%{y:.1f}%<extra></extra>"})
    axes = {
        "xaxis": {"title": "tokens in a row", "type": "category"},
        "yaxis": {"range": [0, 130], "tickvals": [0, 25, 50, 75, 100], "title": "of tokens, %"},
        "barmode": "group",
    }
    return whole_figure(data, 330, axes, legend=True)


def race_bars(racers: Sequence[dict], means: Sequence[float]) -> Figure:
    """Bits per character of each tokenizer: the mean as a bar, each seed as a mark."""
    names, rows = [racer["name"] for racer in racers], range(len(racers))
    bars = row_trace(means, color=series_color(1), hovertemplate="%{x:.3f} bits<extra></extra>")
    x = [bits for racer in racers for bits in racer["bits"]]
    y = [row for row, racer in zip(rows, racers, strict=True) for _ in racer["bits"]]
    marker = {"size": 8, "color": palette().text, "symbol": "line-ns-open"}
    dots = {"x": x, "y": y, "mode": "markers", "marker": marker, "hoverinfo": "skip"}
    axes = {
        "xaxis": {"title": "bits per character of unseen text"},
        "yaxis": named_rows(names, True),
        "bargap": 0.3,
    }
    return whole_figure([bars, dots], 320, axes)
