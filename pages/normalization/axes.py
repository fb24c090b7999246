"""The block of numbers (B, T, C) that a norm sees, drawn; what is averaged together stands out."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import streamlit as st
from torch import Tensor

from gpt_core.experiments.norm_axes import AXES, Cell
from pages.normalization import words
from ui.app import widgets
from ui.show.numbers import number
from ui.show.tables import show_markup
from ui.show.theme import palette, series_color


def choose_norm(norms: list[str], default: str, **more: Any) -> str:
    """A control with their names."""
    name_of = words.NAMES.__getitem__
    return widgets.segmented_control("Norm", norms, default, format_func=name_of, **more)


_STYLE = """<style>
.sheets {display:flex; flex-wrap:wrap; gap:1rem 1.5rem}
.sheets .wide {overflow-x:auto; max-width:100%}
.sheets table {border-collapse:separate; border-spacing:2px; font-size:.97rem}
.sheets caption {caption-side:top; text-align:left; font-weight:600; padding-bottom:.2rem}
.sheets th {font-weight:400; padding:2px 6px; text-align:right; white-space:pre}
.sheets tbody th {font-family:monospace}
.sheets td {padding:2px 5px; text-align:right; border-radius:4px; border:1px solid var(--grid);
            font-variant-numeric:tabular-nums}
.sheets td.with {background:color-mix(in srgb, var(--hue) 24%, transparent);
                 border:2px solid var(--hue); font-weight:600}
.sheets thead td {border:0}
.sheets td.cell {outline:3px solid currentColor}
</style>"""
_ICON_STYLE = """<style>
.icon {margin:0}
.icon figcaption {padding-bottom:.4rem}
.icon div {display:flex; flex-wrap:wrap; gap:12px; padding:2px}
.icon .sheet {display:inline-grid; gap:2px}
.icon .sheet span {height:14px; border:1px solid var(--grid); border-radius:2px; opacity:.75}
.icon .sheet .with {background:var(--hue); border-color:var(--hue)}
.icon .sheet .cell {outline:2px solid var(--ring); opacity:1}
</style>"""


def show_sheets(block: Tensor, rows: Sequence[Sequence[str]], together: Tensor, cell: Cell) -> None:
    """One table a sequence: a row is a token, a column a channel.

    block: (B, T, C). rows: the tokens, ready to be shown. together: as in `Averaged`.
    """
    colors, digits = palette(), 1 if block.abs().max() >= 10 else 2
    tables = [
        _table(block[b], rows[b], together[b], cell[1:] if cell[0] == b else None, b, digits)
        for b in range(len(rows))
    ]
    style = f"--hue:{series_color(1)}; --grid:{colors.grid}"
    sheets = f'{_STYLE}<div class="sheets" style="{style}">{"".join(tables)}</div>'
    show_markup(sheets, "norms_sheets", "A block of numbers, sequence by sequence")


def show_icons(shape: tuple[int, int, int], cell: Cell) -> None:
    """The same block for all three norms at a glance, as small pictures without numbers."""
    for column, norm in zip(st.columns(3), ("layernorm", "rmsnorm", "batchnorm"), strict=True):
        column.html(_icon(norm, shape, cell))


def _table(
    sheet: Tensor, tokens: Sequence[str], together: Tensor, cell: tuple[int, ...] | None,
    b: int, digits: int,
) -> str:  # fmt: skip
    channels = range(sheet.shape[1])
    head = "".join(f'<th scope="col">c{c}</th>' for c in channels)
    body = []
    for t, token in enumerate(tokens):
        cells = []
        for c in channels:
            kinds = ["with"] * bool(together[t, c]) + ["cell"] * ((t, c) == cell)
            shown = number(sheet[t, c].item(), f".{digits}f")
            cells.append(f'<td class="{" ".join(kinds)}">{shown}</td>')
        name = f'<th scope="row"><bdi>{html.escape(token)}</bdi></th>'
        body.append(f"<tr>{name}{''.join(cells)}</tr>")
    return (
        f'<div class="wide"><table><caption>sequence {b}</caption><thead><tr><td></td>{head}</tr>'
        f"</thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _icon(norm: str, shape: tuple[int, int, int], cell: Cell) -> str:
    """Sheets of small squares; the filled ones are averaged together, the ring is the number.

    Of spans, because st.html lets no SVG through.
    """
    colors, along = palette(), AXES[norm]
    B, T, C = shape
    sheets = []
    for b in range(B):
        squares = []
        for t in range(T):
            for c in range(C):
                here = (b, t, c)
                filled = all(axis in along or here[axis] == cell[axis] for axis in range(3))
                kinds = ["with"] * filled + ["cell"] * (here == cell)
                squares.append(f'<span class="{" ".join(kinds)}"></span>')
        columns = f"grid-template-columns:repeat({C}, 14px)"
        sheets.append(f'<span class="sheet" style="{columns}">{"".join(squares)}</span>')
    says = {(2,): "the channels of one token", (0, 1): "one channel of all tokens, all sequences"}
    what = f"{words.NAMES[norm]} averages {says[along]}"
    hues = f"--hue:{series_color(1)}; --grid:{colors.muted}; --ring:{colors.text}"
    return (
        f'{_ICON_STYLE}<figure class="icon" style="{hues}"><figcaption><b>{words.NAMES[norm]}</b>: '
        f'{says[along]}</figcaption><div role="img" aria-label="{what}">{"".join(sheets)}</div>'
        "</figure>"
    )
