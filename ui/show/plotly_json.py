"""Plotly figures as plain JSON: the charts that lessons share, and the parts of their own ones.

Built with graph_objects' add_ and update_ methods, six figures took 320 ms a rerun instead of 50.
"""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ui.show.numbers import number
from ui.show.theme import palette
from ui.show.tokens import TokenLike, short

if TYPE_CHECKING:
    import numpy as np


Figure = dict[str, Any]
_BELOW_TICKS = 33  # pixels from an axis to its title, where it has marks outside: maps have
# As Plotly calls types of numbers; JavaScript has no whole numbers of 64 bits.
_PACKED = {"float64": "f8", "float32": "f4", "int32": "i4", "int16": "i2", "uint8": "u1"}


def signed_bars(values: Sequence[float], color: str, height: int = 150) -> Figure:
    """One vertical bar per number of a vector, around zero."""
    bars = {"type": "bar", "y": list(values), "marker": {"color": color}}
    bars["hovertemplate"] = "channel %{x}: %{y:.3f}<extra></extra>"
    return _small(bars, height, {"bargap": 0, "xaxis": {"title": {"text": "channel"}}})


def _small(bars: Figure, height: int, layout: Figure) -> Figure:
    """A chart among text: small type, no margins."""
    margin = {"l": 0, "r": 8, "t": 4, "b": 0}
    layout |= {"height": height, "margin": margin, "showlegend": False, "dragmode": False}
    layout["xaxis"] = {
        "separatethousands": True,
        "exponentformat": "none",
        "nticks": 5,
    } | layout.get("xaxis", {})
    return {"data": [bars], "layout": layout}


def token_label(token: TokenLike) -> str:
    """A token's text for a Plotly label."""
    return plain_label(token.text)


def plain_label(text: str) -> str:
    """A token or a word for a Plotly label, which would take < and & for HTML."""
    return html.escape(short(text), quote=False)


def named_rows(names: Sequence[str], grid: bool = False, **more: Any) -> Figure:
    """The y axis of bars one below another: a name for each, the first on top."""
    rows = {"tickvals": list(range(len(names))), "ticktext": list(names), "autorange": "reversed"}
    return rows | ({} if grid else {"showgrid": False}) | more


def labels_outside(texts: Iterable[str]) -> Figure:
    """What stands behind each bar of a trace, in one size: Plotly would make it fit."""
    look = {"textposition": "outside", "textfont": {"size": 13}, "cliponaxis": False}
    return {"text": list(texts), "constraintext": "none"} | look


def row_trace(values: Sequence[float], *, color: str | Sequence[str], **more: Any) -> Figure:
    """Bars from left to right, one below another."""
    rows = list(range(len(values)))
    return bar_trace(x=list(values), y=rows, color=color, orientation="h", **more)


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


def dot_trace(x: float | None, y: float | None, **more: Any) -> Figure:
    """Where the reader is now, on a curve; without a place it is only named in the legend."""
    marker = {"color": palette().text, "size": 14}
    return {"x": [x], "y": [y], "mode": "markers", "marker": marker} | more


def as_cloud(dots: Figure) -> tuple[list[Figure], Figure]:
    """A trace of many small dots as one path: the traces and the shape that show it.

    Plotly makes an element for each dot, and goes over all of them whenever anything changes; for
    700 that is most of what an edit takes. The dots are points of a line without length, and round
    as its ends are (chart.css). Pointing and the legend work as for dots.
    """
    marker = dots["marker"]
    places = [f"{x:.6g},{y:.6g}" for x, y in zip(dots["x"], dots["y"], strict=True)]
    cloud = {
        "type": "path",
        "path": "".join(f"M{place}L{place}" for place in places),
        "layer": "below",
        "line": {"color": marker["color"], "width": marker["size"]},
        "opacity": marker["opacity"],
        "legendgroup": dots["name"],
    }
    one = {"legendgroup": dots["name"], "showlegend": False}
    pointed = dots | one | {"mode": "none", "hoveron": "points"}
    named = dot_trace(x=None, y=None, name=dots["name"], legendgroup=dots["name"], marker=marker)
    return [pointed, named], cloud


def log_axis(values: Iterable[float], title: str) -> Figure:
    """A logarithmic axis, its ticks at powers of ten and as much between as a phone has room for.

    By itself Plotly writes the 2 and the 5 of 1, 2, 5 alone, in letters too small to read.
    """
    known = [value for value in values if value > 0]
    low, high = (math.log10(end(known)) for end in (min, max)) if known else (0.0, 1.0)
    low, high = low - 0.08 * (high - low) - 0.02, high + 0.08 * (high - low) + 0.02
    steps = (1,) if high - low > 3 else (1, 3) if high - low > 1.8 else (1, 2, 5)
    powers = range(math.floor(low), math.ceil(high) + 1)
    ticks = [step * 10.0**power for power in powers for step in steps]
    texts = [number(tick, ".6g") for tick in ticks]
    axis = {"title": title, "type": "log", "range": [low, high]}
    return axis | {"tickvals": ticks, "ticktext": texts}


def around_zero(below: str, above: str) -> list[list[Any]]:
    """A colour scale from one hue through the background, which is zero, to another."""
    return [[0, below], [0.5, palette().background], [1, above]]


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
        "margin": _margins(layout, legend),
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
        axis |= {
            "separatethousands": True,
            "exponentformat": "none",  # 140,000 and not 140k
            "automargin": True,
            "tickfont": {"size": 14, "color": colors.muted},
        }
        layout[name] = axis | layout[name]
        if title := layout[name].pop("title", None):
            layout[name]["title"] = {"text": title}
            if name.startswith("x") and any(trace.get("type") == "heatmap" for trace in data):
                layout[name]["title"]["standoff"] = _BELOW_TICKS
    return {"data": [{"type": "scatter"} | trace for trace in data], "layout": layout}


def _margins(layout: Figure, legend: bool) -> Figure:
    """What the words around a chart with two titled axes take, as the app's font has them.

    Where a margin is narrower than its words, Plotly widens it and draws the whole chart again:
    so the first painting took twice as long. Other charts have words of any width.
    """
    x, y = layout.get("xaxis", {}), layout.get("yaxis", {})
    single = "xaxis2" not in layout and "yaxis2" not in layout
    if not (single and x.get("title") and y.get("title")):
        return {"l": 8, "r": 28, "pad": 5, "t": 56 if legend else 30, "b": 8}
    below = 76 if x.get("type") in ("log", "category") else 70
    left = 88 if y.get("tickformat") == "," else 72  # thousands are longer
    return {"l": left, "r": 28, "pad": 5, "t": 72 if legend else 30, "b": below}


def to_json(value: dict[str, Any]) -> str:
    """A figure, or what holds one. NaN and infinite are null, which Plotly takes for a gap."""
    try:
        return json.dumps(value, default=_plain, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), default=lambda each: _finite(_plain(each)))


def _plain(value: Any) -> Any:
    """NumPy's arrays and numbers, as Plotly's script reads them."""
    if not getattr(value, "ndim", 0):
        return value.item()
    kind = _PACKED.get(str(value.dtype))
    return _packed(value, kind) if kind else value.tolist()


def _packed(array: np.ndarray, kind: str) -> dict[str, str]:
    packed = {"dtype": kind, "bdata": base64.b64encode(array.tobytes()).decode()}
    if array.ndim > 1:
        packed["shape"] = ", ".join(map(str, array.shape))
    return packed


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None
