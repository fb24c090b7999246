"""Amounts as bars from left to right, a row for each, their numbers beside them.

They are a table of HTML. The same as a chart of Plotly's takes the browser ten times as long: it
measures every label of every row, and these are drawn again with each edit.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ui.show.numbers import number, percent
from ui.show.tables import show_markup
from ui.show.theme import palette
from ui.show.tokens import short

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.tokenizers import Tokenizer

_STYLE = """<style>
.amounts {font-size:.95rem; line-height:1.25; font-variant-numeric:tabular-nums}
.amounts table {width:100%; border-collapse:collapse; border:0; margin:0}
.amounts th, .amounts td {border:0; padding:.12rem 0; vertical-align:middle}
.amounts th {width:1%; padding-right:.6rem; text-align:right; font-family:monospace;
  font-weight:600}
.amounts th div {width:max-content; max-width:min(24ch,38vw); margin-left:auto;
  overflow-wrap:break-word}
.amounts th .token {max-width:none; white-space:pre}
.amounts tbody td:last-child {border-left:1px solid currentColor}
.amounts .bar {display:flex; align-items:center; gap:.35rem}
.amounts .bar i {flex:none; height:1.15rem; background:var(--hue); border-radius:0 2px 2px 0;
  width:calc((100% - var(--room)) * var(--of))}
.amounts .below .bar {flex-direction:row-reverse}
.amounts .below .bar i {border-radius:2px 0 0 2px}
.amounts .pair i {height:.8rem}
.amounts .pair {font-size:.875rem}
.amounts .bar span {white-space:nowrap}
.amounts .legend {display:flex; flex-wrap:wrap; gap:.2rem 1.2rem; margin-bottom:.35rem}
.amounts .legend i {display:inline-block; width:.8rem; height:.8rem; margin-right:.4rem;
  background:var(--hue)}
.amounts thead td {text-align:center; padding-bottom:.35rem}
</style>"""


@dataclass(frozen=True)
class Series:
    """One amount a row. colors: one for each, too. texts: the amounts as they are read.

    name: what a legend says, where there are two.
    """

    values: Sequence[float]
    texts: Sequence[str]
    colors: Sequence[str]
    name: str = ""


@dataclass(frozen=True)
class Bars:
    """Rows of bars. most: the amount whose bar is as long as there is room for.

    tokens: whether the labels are texts of tokens, in which each space counts. amounts: what the
    bars show, where nothing beside them says so.
    """

    labels: Sequence[str]
    series: Sequence[Series]
    most: float
    tokens: bool = True
    amounts: str = ""

    def rows(self) -> list[list[Any]]:
        """The numbers under the names of their columns."""
        columns = [each.name or self.amounts or "amount" for each in self.series]
        values = zip(*(each.values for each in self.series), strict=True)
        rows = ([label, *row] for label, row in zip(self.labels, values, strict=True))
        return [["token" if self.tokens else "name", *columns], *rows]


def show_bars(bars: Bars, key: str, alt: str) -> None:
    """Draw them. alt: what they show, in words without numbers."""
    show_markup(markup(bars, alt), key, alt, bars.rows)


def markup(bars: Bars, alt: str) -> str:
    """The bars as HTML."""
    signed = any(value < 0 for each in bars.series for value in each.values)
    rows = "".join(
        f'<tr><th scope="row">{_label(label, bars.tokens)}</th>{_cells(bars, row, signed)}</tr>'
        for row, label in enumerate(bars.labels)
    )
    legend = _legend(bars.series) if len(bars.series) > 1 else ""
    title = f'<td colspan="{1 + signed}">{html.escape(bars.amounts)}</td>' if bars.amounts else ""
    head = f"<thead><tr><td></td>{title}</tr></thead>" if title else ""
    longest = max((len(text) for each in bars.series for text in each.texts), default=0)
    # Beside the longest bar there is room for its number.
    style = f"--room:calc({longest}ch + .7rem)"
    named = f'aria-label="{html.escape(alt)}" translate="no"'
    table = f"<table {named}>{head}<tbody>{rows}</tbody></table>"
    return f'{_STYLE}<div class="amounts" style="{style}">{legend}{table}</div>'


def _label(label: str, token: bool) -> str:
    return f"<div{' class=token' if token else ''}><bdi>{html.escape(label)}</bdi></div>"


def _cells(bars: Bars, row: int, signed: bool) -> str:
    """What stands right of a label: on both sides of zero where there are negative amounts."""
    if not signed:
        return f"<td>{_bars(bars, row, lambda _: True)}</td>"
    below = _bars(bars, row, lambda value: value < 0)
    return f'<td class="below">{below}</td><td>{_bars(bars, row, lambda value: value >= 0)}</td>'


def _bars(bars: Bars, row: int, shown: Callable[[float], bool]) -> str:
    kind = "bar pair" if len(bars.series) > 1 else "bar"
    return "".join(
        f'<div class="{kind}"><i style="--of:{abs(each.values[row]) / (bars.most or 1):.4f};'
        f'--hue:{each.colors[row]}"></i><span>{html.escape(each.texts[row])}</span></div>'
        for each in bars.series
        if shown(each.values[row])
    )


def _legend(series: Sequence[Series]) -> str:
    names = (
        f'<span><i style="--hue:{each.colors[0]}"></i>{html.escape(each.name)}</span>'
        for each in series
    )
    return f'<div class="legend">{"".join(names)}</div>'


def probability_pairs(
    before: Tensor,
    after: Tensor,
    tokenizer: Tokenizer,
    top: int = 8,
    names: tuple[str, str] = ("before", "after"),
) -> Bars:
    """The tokens that are likeliest before or after, with both probabilities side by side."""
    likeliest = before.maximum(after).topk(min(top, len(before))).indices
    ids = sorted(likeliest.tolist(), key=lambda i: -before[i])
    series = [
        _shares([float(probabilities[i]) for i in ids], hue, name)
        for name, probabilities, hue in zip(
            names, (before, after), (palette().muted, palette().output), strict=True
        )
    ]
    return Bars(_tokens(ids, tokenizer), series, 1.0)


def probability_bars(probabilities: Tensor, tokenizer: Tokenizer, top: int = 10) -> Bars:
    """The likeliest next tokens, the best on top; the scale is 0 to 100%."""
    values, ids = probabilities.topk(min(top, len(probabilities)))
    shares = _shares(values.tolist(), palette().output, "probability")
    return Bars(_tokens(ids.tolist(), tokenizer), [shares], 1.0)


def amount_bars(
    labels: Sequence[str],
    amounts: Sequence[float],
    color: str | Sequence[str],
    digits: str,
    *,
    title: str = "",
    most: float | None = None,
    tokens: bool = False,
) -> Bars:
    """Counts or other amounts, the first on top.

    labels: a token or a word goes through `ui.show.tokens.short` first. color: for all, or each.
    digits: see `ui.show.numbers.number`. title: of the amounts, where nothing beside the bars says
    what they are. most: the end of the scale; None for the largest. tokens: see `Bars`.
    """
    colors = [color] * len(amounts) if isinstance(color, str) else color
    if most is None:
        most = max(map(abs, amounts), default=0.0)
    texts = [number(amount, digits) for amount in amounts]
    return Bars(labels, [Series(amounts, texts, colors)], most, tokens, title)


def _shares(values: Sequence[float], hue: str, name: str) -> Series:
    return Series(values, [*map(percent, values)], [hue] * len(values), name)


def _tokens(ids: Sequence[int], tokenizer: Tokenizer) -> list[str]:
    return [short(tokenizer.token_text(i)) for i in ids]
