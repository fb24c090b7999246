"""Small matrices with their numbers in coloured cells, and vectors as strips of bars.

Plain HTML tables: a screen reader reads them, and a page that changes them is repainted at once.
"""

from __future__ import annotations

import html
import math
from base64 import b64encode
from collections.abc import Callable, Sequence

from ui.show.numbers import number
from ui.show.tables import show_markup
from ui.show.theme import ink_on, is_dark, palette
from ui.show.tokens import TokenLike, short

Rows = Sequence[Sequence[float]]
Paint = Callable[[float], tuple[str, str]]  # a number's background and text colour

# As in the pictures of attention: the background, a middle and a full colour of one hue.
_HEAT_LIGHT = ("#ffffff", "#f2a65a", "#6b2300")
_HEAT_DARK = ("#14131a", "#a85412", "#ffdcae")
# What matrices of an equation take, in rem: a column and a letter of its label, a name's letter and
# what is around it, and a sign between two matrices.
_CELL, _LETTER, _NUMBER, _EDGE, _SIGN = 2.5, 0.49, 0.5, 0.6, 2.0
_STACKED = "{flex-direction:column; align-items:flex-start}"
_LABEL = 8  # characters of a token that fit beside a row

STYLE = """<style>
.numbers {display:flex; flex-wrap:wrap; gap:.4rem 1.1rem; align-items:center; line-height:1.3}
.frame {container-type:inline-size}
.numbers.equation {flex-wrap:nowrap; gap:.4rem .6rem}
.numbers.equation .sign + figure th span {display:none} /* the first matrix of the line says it */
.numbers .sign {font-size:1.6rem; opacity:.7}
.numbers figure {margin:0; overflow-x:auto; max-width:100%}
.numbers figcaption {font-weight:600; margin-bottom:.25rem}
.numbers figcaption small, .numbers .note {font-weight:400; opacity:.75}
.numbers table {border-collapse:separate; border-spacing:2px; margin:0}
.numbers th {font-weight:400; font-family:monospace; font-size:.82rem; white-space:pre;
             text-align:right; padding:1px 4px; border:0}
.numbers thead th {text-align:center; padding:1px 2px}
.numbers td {text-align:center; font-variant-numeric:tabular-nums; font-size:.86rem; border:0;
             min-width:2.6rem; padding:3px 4px; border-radius:3px}
.numbers.equation td {min-width:2.35rem; padding:3px 2px}
.numbers figure.broad, .numbers figure.broad table {width:100%; max-width:60rem}
@media (max-height:760px) {.numbers td {padding-block:1px !important}} /* all in one view */
.numbers td.wide {width:34%; min-width:4.2rem; padding:1px 2px}
.numbers tr.chosen td {outline:2px solid currentColor; outline-offset:-1px}
.numbers tr.chosen th {font-weight:700}
.numbers td.masked {background:repeating-linear-gradient(135deg, var(--line) 0 1.5px,
                    transparent 1.5px 6px); opacity:.75}
.numbers img.strip {display:block; width:100%; height:28px}
</style>"""


def show(*parts: str, key: str, title: str, room: float = 0.0) -> None:
    """Draw figures, signs and strips beside one another; they wrap where the page is narrow.

    key: of the picture. title: in a handout. room: what an equation takes, in rem. It stands on one
    line where it fits, and else each of its parts below the one before, in order.
    """
    line, css, style = f"--line:{palette().grid}", "numbers", STYLE
    if room:
        css += f" equation e{room:.0f}"
        # It must win over the style that the next figures bring along.
        here = f".numbers.e{room:.0f}"
        rule = f"{here} {_STACKED} .frame {here} .sign + figure th span {{display:inline}}"
        style += f"<style>@container (max-width:{room:.0f}rem) {{{rule}}}</style>"
    framed = f'<div class="frame"><div class="{css}" style="{line}">{"".join(parts)}</div></div>'
    show_markup(style + framed, key, title)


def room_of(*tables: tuple[Sequence[str], Sequence[str]]) -> float:
    """What an equation takes, in rem: matrices by the labels of their rows and columns.

    The first one's rows are named; those of the others, on the same line, have their numbers alone.
    """
    rooms = (
        _LETTER * (0 if place else max(map(len, rows)))
        + _NUMBER
        + sum(max(_CELL, _LETTER * len(c) + 0.25) for c in columns)
        for place, (rows, columns) in enumerate(tables)
    )
    return sum(rooms) + len(tables) * _EDGE + (len(tables) - 1) * _SIGN


def sign(text: str) -> str:
    """What stands between two matrices: →, × or =."""
    return f'<span class="sign" aria-hidden="true">{html.escape(text)}</span>'


def label(token: TokenLike) -> str:
    """A token's text in a few characters."""
    return short(token.text, _LABEL)


def table(
    title: str,
    values: Rows,
    rows: Sequence[str],
    columns: Sequence[str],
    paint: Paint,
    *,
    chosen: int | None = None,
    masked: bool = False,
) -> str:
    """A matrix as a figure. chosen: the row that is framed. masked: hatch right of the diagonal.

    values: numbers, or −∞ for what is masked. rows, columns: a label for each.
    """
    head = "".join(f"<th scope='col'><bdi>{html.escape(c)}</bdi></th>" for c in columns)
    body = ""
    for i, (name, row) in enumerate(zip(rows, values, strict=True)):
        cells = "".join(_cell(value, paint, hidden=masked and j > i) for j, value in enumerate(row))
        css = ' class="chosen"' if i == chosen else ""
        place, _, token = name.partition(" ")
        said = f"{html.escape(place)}<span> <bdi>{html.escape(token)}</bdi></span>"
        body += f"<tr{css}><th scope='row'>{said}</th>{cells}</tr>"
    size = f"<small>{len(rows)} × {len(columns)}</small>"
    return (
        f"<figure><figcaption>{html.escape(title)} {size}</figcaption>"
        f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></figure>"
    )


def weight_paint() -> Paint:
    """Weights on the fixed scale from 0 to 1, in the colours of every attention picture."""
    least, middle, full = _HEAT_DARK if is_dark() else _HEAT_LIGHT

    def paint(value: float) -> tuple[str, str]:
        place = 2 * min(1.0, max(0.0, value)) ** 0.6
        hue = _mix(least, middle, place) if place < 1 else _mix(middle, full, place - 1)
        return hue, ink_on(hue)

    return paint


def signed_paint(color: str, largest: float) -> Paint:
    """Signed numbers around zero: one colour for more, grey for less, nothing for zero."""
    colors = palette()

    def paint(value: float) -> tuple[str, str]:
        share = min(1.0, abs(value) / largest) if largest and math.isfinite(value) else 0.0
        hue = _mix(colors.background, color if value > 0 else colors.muted, 0.55 * share)
        return hue, ink_on(hue)

    return paint


def strip(values: Sequence[float], color: str, largest: float) -> str:
    """A vector as bars around a zero line, all strips of one `largest` on the same scale."""
    largest = largest or 1.0
    path = "".join(
        f"M{i} 20h.8v{-20 * max(-1.0, min(1.0, value / largest)):.1f}h-.8z"
        for i, value in enumerate(values)
    )
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(values)} 40" '
        f'preserveAspectRatio="none"><path d="M0 20h{len(values)}" stroke="{palette().muted}" '
        f'stroke-width=".7"/><path d="{path}" fill="{color}"/></svg>'
    )
    said = f"{len(values)} numbers from {number(min(values))} to {number(max(values))}"
    # As an image: Streamlit takes an svg element out of HTML.
    coded = b64encode(picture.encode()).decode()
    return f'<img class="strip" alt="{said}" src="data:image/svg+xml;base64,{coded}">'


def _cell(value: float, paint: Paint, hidden: bool) -> str:
    if hidden:
        text = number(value) if math.isinf(value) else ""
        return f'<td class="masked" aria-label="masked">{text}</td>'
    background, ink = paint(value)
    return f'<td style="background:{background};color:{ink}">{number(value)}</td>'


def _mix(first: str, second: str, share: float) -> str:
    """A colour between two hexadecimal ones."""
    pairs = [(int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
