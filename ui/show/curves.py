"""Curves that look alike on every page: lines, horizontal bars to beat, one call to show.

Drawn by Vega-Lite, which Streamlit updates in place: a growing curve neither flickers nor loses a
zoom. (A Plotly chart is built anew whenever its data change.)
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from ui.show.handout import Chart as HandoutChart
from ui.show.plotly_theme import template
from ui.show.rows import csv_of
from ui.show.take_away import take_away
from ui.show.theme import Palette, palette, series_color, type_scale

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_ZOOM = "zoom"
_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "triangle-down")


@dataclass(frozen=True)
class Line:
    """One curve. color: a number picks from the series' colours. faint: thin, in the background."""

    name: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    color: int = 0
    faint: bool = False
    markers: bool = False


@dataclass(frozen=True)
class Bar:
    """A horizontal line that a curve is measured against."""

    label: str
    y: float


@dataclass(frozen=True)
class Chart:
    """Data in long form (columns x, y, line) and the Vega-Lite specification that draws them.

    lines, x_max, from_zero: what they were made of, for who draws them otherwise.
    """

    data: pd.DataFrame
    spec: dict[str, Any]
    lines: Sequence[Line]
    x_max: float | None
    from_zero: bool


def decimate(
    x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray, limit: int = 1000
) -> tuple[np.ndarray, np.ndarray]:
    """At most `limit` of the points, all of them real ones: each stretch's lowest and highest.

    Averaging would hide the spikes, which are what one looks for in a gradient norm.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(x) <= limit:
        return x, y
    stretches = np.array_split(np.arange(len(x)), limit // 2 - 1)
    value = np.where(np.isnan(y), np.inf, y)  # a NaN is kept: it's why the curve ends
    lowest = [part[value[part].argmin()] for part in stretches]
    highest = [part[value[part].argmax()] for part in stretches]
    kept = np.unique([0, *lowest, *highest, len(x) - 1])
    return x[kept], y[kept]


def curves(
    lines: Sequence[Line],
    *,
    x_title: str,
    y_title: str,
    bars: Sequence[Bar] = (),
    x_max: float | None = None,
    height: int = 420,
    log_y: bool = False,
    from_zero: bool = False,
) -> Chart:
    """A chart of curves over bars, each with at most 1,000 points.

    x_max: where the axis ends, so that it doesn't move while a curve grows. from_zero: the upward
    axis begins at 0. The specification depends on neither the points nor their number, so that only
    data travel when a curve grows.
    """
    few = {"tickCount": 3}
    ticks = few if height < 250 else {"tickCount": 8}
    x_axis: dict[str, Any] = {"field": "x", "type": "quantitative", "title": x_title, "axis": ticks}
    x_axis["scale"] = {"nice": False, "domain": [0, x_max] if x_max else _domain("x")}
    y_axis: dict[str, Any] = {"field": "y", "type": "quantitative", "title": y_title}
    y_axis["axis"] = few if log_y and height < 300 else ticks  # of a low axis, whole powers
    large = type_scale()
    tall = height + round(_ROOM * (large - 1))
    name = max(_NAME, large * _LINE / max(1, tall - large * _AROUND))
    muted = palette().muted
    others = [0.0] * from_zero + _reach(bars, log_y, name)
    y_axis["scale"] = {"domain": _domain("y", others), "nice": not log_y}
    y_axis["scale"] |= {} if from_zero else {"padding": 16}
    y_axis["scale"] |= {"type": "log"} if log_y else {"zero": False}
    spec = {
        "height": tall,
        "padding": {"bottom": 4, "right": 10 * large},  # for half of the last tick's number
        "params": _places(bars),
        "encoding": {"x": x_axis, "y": y_axis},
        "layer": [
            *_line_layers(lines, x_title, 3 if height > 300 else 1.5),
            *_bar_layers(bars),
        ],
        "config": {
            "axis": {
                "labelFontSize": 14 * large,
                "titleFontSize": 15 * large,
                "titleFontWeight": "normal",
                "labelPadding": _GAP,  # Streamlit's own gaps would take a third of a low chart
                "titlePadding": _GAP,
                "labelColor": muted,  # Streamlit's own grey is too pale on white
                "titleColor": muted,
            },
            "legend": {"labelColor": palette().text, "offset": _GAP},
        },
    }
    return Chart(_long_form(lines), spec, lines, x_max, from_zero)


def _reach(bars: Sequence[Bar], log_y: bool, name: float) -> list[float]:
    """What the upward axis holds of bars: a little more above and below, where a name may stand.

    name: the height of a name, as a share of the axis.
    """
    ys = [bar.y for bar in bars if math.isfinite(bar.y)]
    if not ys:
        return []
    low, high = min(ys), max(ys)
    if log_y and low > 0:
        room = (_DEEPEST * high / low) ** (name / 2)
        return [*ys, low * (low / high) ** name * 0.98, high * room]
    return [*ys, low - name * (high - low), high + name * high]


def _domain(field: str, others: Sequence[float] = ()) -> list[dict[str, str]]:
    """From the lowest to the highest of what is drawn and of other values, computed in the browser.

    By itself Vega would compute it too, and write a warning for each layer that has no data: all of
    them, because Streamlit builds a chart first and hands it its data afterwards.
    """
    drawn = f"extent(pluck(data('source'), '{field}'))"
    both = f"extent([{', '.join([f'{drawn}[0]', f'{drawn}[1]', *map(str, others)])}])"
    flat = f"({both}[0] == {both}[1]) * max(abs({both}[0]) / 10, 1e-9)"  # a single value
    ends = (f"{both}[0] - {flat}", f"{both}[1] + {flat}")
    return [
        {"expr": f"isValid({both}[0]) ? {end} : {empty}"} for empty, end in enumerate(ends, start=1)
    ]


def show(chart: Chart, key: str, alt: str, tools: DeltaGenerator | None = None) -> None:
    """Draw it across the column.

    alt: what it shows, in words without numbers: a new alt would make it a new figure. tools: where
    it can be taken along, if not right below.
    """
    # Streamlit forgets a zoom when data change, unless the zoom is a selection that it reports.
    with st.container(key=key):
        st.vega_lite_chart(
            chart.data,
            chart.spec,
            alt=alt,
            key=f"{key}_chart",
            on_select="rerun",
            selection_mode=[_ZOOM],
        )
    colors = palette()
    with tools or nullcontext():
        take_away(
            key, alt, lambda: csv_of(rows_of(chart)), lambda: HandoutChart(_figure(chart, colors))
        )


def rows_of(chart: Chart) -> list[list[Any]]:
    """The points of all curves, and the bars: a row each, under a row of names."""
    across, up = (chart.spec["encoding"][axis]["title"] for axis in "xy")
    points = zip(chart.data["line"], chart.data["x"], chart.data["y"], strict=True)
    bars = [[bar["label"], "", bar["y"]] for bar in _bars_of(chart)]
    return [["curve", across, up or "value"], *([name, x, y] for name, x, y in points), *bars]


def _bars_of(chart: Chart) -> list[dict[str, Any]]:
    rules = [layer for layer in chart.spec["layer"] if "data" in layer]
    return rules[0]["data"]["values"] if rules else []


def _figure(chart: Chart, colors: Palette) -> dict[str, Any]:
    """The same as a figure of Plotly's, for a handout."""
    axes: dict[str, Any] = {
        f"{axis}axis": {"title": {"text": _literal(chart.spec["encoding"][axis]["title"])}}
        for axis in "xy"
    }
    if chart.x_max:
        axes["xaxis"]["range"] = [0, chart.x_max]
    if chart.from_zero:
        axes["yaxis"]["rangemode"] = "tozero"
    if chart.spec["encoding"]["y"]["scale"].get("type") == "log":
        axes["yaxis"]["type"] = "log"
    for bar in _bars_of(chart):
        ends = {"x0": 0, "x1": 1, "xref": "paper", "y0": bar["y"], "y1": bar["y"]}
        look = {"type": "line", "line": {"dash": "dot", "width": 1.5, "color": colors.muted}}
        label = {"label": {"text": _literal(bar["label"])}}
        axes.setdefault("shapes", []).append(ends | look | label)
    layout = axes | {
        "template": template(colors),
        "height": chart.spec["height"] + 80,
        "showlegend": len(chart.lines) > 1,
        "legend": {"orientation": "h", "y": 1.12},
    }
    return {"data": _traces(chart), "layout": layout}


def _traces(chart: Chart) -> list[dict[str, Any]]:
    scale = chart.spec["layer"][0]["encoding"]["color"]["scale"]
    traces = []
    for line, color in zip(chart.lines, scale["range"], strict=True):
        points = chart.data[chart.data["line"] == line.name]
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines+markers" if line.markers else "lines",
        }
        trace |= {"name": _literal(line.name), "x": [*points["x"]], "y": [*points["y"]]}
        trace |= {"line": {"color": color} | ({"width": 1} if line.faint else {})}
        traces.append(trace | ({"opacity": 0.5} if line.faint else {}))
    return traces


def _literal(text: str) -> str:
    """A text for Plotly, which would take < and & for HTML, and a stranger's name for a link."""
    return html.escape(text, quote=False)


def _long_form(lines: Sequence[Line]) -> pd.DataFrame:
    """A row for each point. Several tables put together would take pandas ten times as long."""
    points = [decimate(line.x, line.y) for line in lines]
    x, y = (np.concatenate([[], *(both[axis] for both in points)]) for axis in (0, 1))
    names = [line.name for line, own in zip(lines, points, strict=True) for _ in own[0]]
    return pd.DataFrame({"x": x, "y": y, "line": pd.Series(names, dtype=str)})


def _line_layers(lines: Sequence[Line], x_title: str, width: float) -> list[dict[str, Any]]:
    """Lines, their markers, and an invisible layer that names the point next to the pointer."""
    color = _by_line(lines, [series_color(line.color) for line in lines])
    if len(lines) > 1:
        color["legend"] = _legend(lines)
    tooltip = [
        {"field": "line", "type": "nominal", "title": " "},
        {"field": "x", "type": "quantitative", "title": x_title, "format": ",.6~g"},
        {"field": "y", "type": "quantitative", "title": "value", "format": ".4~g"},
    ]
    seen = {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0}
    near = {"type": "point", "nearest": True, "on": "pointermove", "clear": "pointerout"}
    return [
        *_drawn_layers(lines, color, width),
        {
            "params": [{"name": "near", "select": near}],
            "mark": _POINT | {"size": 110},
            "encoding": {"color": color, "opacity": seen, "tooltip": tooltip},
        },
    ]


_POINT = {"type": "point", "filled": True, "clip": True}


def _drawn_layers(
    lines: Sequence[Line], color: dict[str, Any], width: float
) -> list[dict[str, Any]]:
    """What there is of faint lines, strong lines and markers.

    A layer without a line would have no extent, and Vega-Lite would complain in the console.
    """
    faint = [line for line in lines if line.faint]
    strong = [line for line in lines if not line.faint]
    marked = [line for line in lines if line.markers]
    layers = []
    thin = {"type": "line", "strokeWidth": 1, "opacity": 0.5, "clip": True}
    if faint:
        layers.append(_only(faint) | {"mark": thin, "encoding": {"color": color}})
    if strong or not faint:
        mark = {"type": "line", "strokeWidth": width, "clip": True}
        layers.append(_only(strong) | {"mark": mark, "encoding": {"color": color}})
    layers[-1]["params"] = [_zoom()]
    if marked:
        shape = _by_line(lines, [_symbol(line) for line in lines])
        encoding = {"color": color, "shape": shape | {"legend": color["legend"]}}  # one legend
        mark = _POINT | {"size": 70, "opacity": 1}
        layers.append(_only(marked) | {"mark": mark, "encoding": encoding})
    return layers


def _symbol(line: Line) -> str:
    """What stands for a line in the legend: its markers, or a dash where it has none."""
    return _SYMBOLS[line.color % len(_SYMBOLS)] if line.markers else "M-1,-.15H1V.15H-1Z"


def _legend(lines: Sequence[Line]) -> dict[str, Any]:
    """One for all layers."""
    large = type_scale()
    legend: dict[str, Any] = {"title": None, "orient": "top"}
    legend |= {"labelFontSize": 15 * large, "labelLimit": 330 * large}
    legend |= {"symbolOpacity": 1, "direction": "horizontal"}
    letters = [len(line.name) for line in lines]
    if max(letters) > 12:
        return legend | {"columns": 1}
    return legend | ({"columns": 2} if sum(letters) > 28 else {})  # of two charts side by side


def _by_line(lines: Sequence[Line], values: list[str]) -> dict[str, Any]:
    """One value per line, by its name; no legend."""
    scale = {"domain": [line.name for line in lines], "range": values}
    return {"field": "line", "type": "nominal", "scale": scale, "legend": None}


def _only(lines: Sequence[Line]) -> dict[str, Any]:
    return {"transform": [{"filter": {"field": "line", "oneOf": [line.name for line in lines]}}]}


def _zoom() -> dict[str, Any]:
    """Ctrl and the wheel (or a pinch) zoom, the mouse drags, a double click resets.

    A plain wheel and a finger scroll the page, as anywhere.
    """
    drag = "[pointerdown[event.pointerType == 'mouse'], window:pointerup] > window:pointermove!"
    select = {"type": "interval", "zoom": "wheel![event.ctrlKey]", "translate": drag}
    return {"name": _ZOOM, "select": select, "bind": "scales"}


def _bar_layers(bars: Sequence[Bar]) -> list[dict[str, Any]]:
    """Dotted lines from edge to edge; their names at the right end, with a halo over the curves."""
    if not bars:
        return []
    colors = palette()
    rule = {"type": "rule", "strokeDash": [2, 3], "strokeWidth": 1.5, "color": colors.muted}
    text = {"type": "text", "align": "right", "baseline": "middle", "dx": -4}
    text |= {"color": colors.text, "fontSize": 14 * type_scale()}
    halo = text | {"stroke": colors.background, "strokeWidth": 4, "strokeJoin": "round"}
    places = ", ".join(_place(nth, len(bars)) for nth in range(len(bars)))
    place = {"value": {"expr": f"[{places}][datum.nth]"}}
    named = {"x": {"value": "width"}, "y": place, "text": {"field": "label"}}
    values = [
        {"y": bar.y, "label": f"{bar.label} · {bar.y:.2f}", "nth": nth}
        for nth, bar in enumerate(_downward(bars))
    ]
    data = {"data": {"values": values}}
    return [
        data | {"mark": rule, "encoding": {"x": None}},
        *(data | {"mark": mark, "encoding": named} for mark in (halo, text)),
    ]


def _places(bars: Sequence[Bar]) -> list[dict[str, str]]:
    """How high each name stands, computed in the browser, which alone knows where the axis ends.

    From the highest bar down: above its line where there is room, else below it; and further below
    where other names or lines are.
    """
    line = _LINE * type_scale()
    rules = [f"scale('y', {bar.y})" for bar in _downward(bars)]
    places: list[dict[str, str]] = []
    for nth, rule in enumerate(rules):
        place = above = f"{rule} - {0.55 * line}"
        if nth:
            least = f"{_place(nth - 1, len(rules))} + {line}"
            room = f"{above} >= max({least}, {rules[nth - 1]} + {line / 2})"
            place = f"{room} ? {above} : max({rule} + {0.6 * line}, {least})"
        places.append({"name": _place(nth, nth + 1), "expr": place})
        for tried, other in enumerate(rules[nth + 1 :], start=nth + 1):
            place = _place(nth, tried)
            moved = f"abs({other} - {place}) < {line / 2} ? {other} + {0.6 * line} : {place}"
            places.append({"name": _place(nth, tried + 1), "expr": moved})
    return places


def _place(nth: int, tried: int) -> str:
    """Where the nth name stands, as far as the first lines are concerned that were tried."""
    return f"name_{nth}_{tried}"


def _downward(bars: Sequence[Bar]) -> list[Bar]:
    return sorted(bars, key=lambda bar: -bar.y)


_NAME, _LINE = 0.08, 20  # the height of a name: of the axis at least, and in pixels
_DEEPEST = 20  # times lower than the lowest bar a logarithmic axis is taken to reach
_ROOM = 200  # pixels of letters around a chart
_AROUND = 90  # pixels of a chart that its axis doesn't have
_GAP = 8  # pixels between an axis, its numbers, its title and the legend
