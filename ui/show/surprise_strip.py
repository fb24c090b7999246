"""A text coloured by its surprise: each token shaded by its −log₂ p, and what was expected."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from ui.show.numbers import number, percent, power
from ui.show.tables import show_markup
from ui.show.theme import palette, series_color
from ui.show.tokens import TokenLike, short

TITLE = "Each token with its bits of surprise"
HINT = "What was expected? Point, tap or press Tab."
# Per cent of the colour where guessing would have done as well: text on more of it can't be read
# in the dark.
STRONGEST = 48
_STYLE = """<style>
.surprise {position:relative; font-family:monospace; font-size:1.05rem}
.surprise .row {display:flex; flex-wrap:wrap; gap:4px; max-height:13rem; overflow-y:auto;
  padding:4px}
.surprise .t {border-radius:4px; padding:1px 5px; text-align:center; line-height:1.35;
  white-space:pre; cursor:default; border:1px solid color-mix(in srgb, currentColor 22%,
  transparent); background:color-mix(in srgb, var(--hue) var(--share, 0%), transparent)}
.surprise .t small {display:block; font-size:.72em}
.surprise .t.over {outline:2px solid currentColor; outline-offset:-1px}
.surprise .t.differs {outline:2px dashed currentColor; outline-offset:-1px}
.surprise .t[tabindex]:hover, .surprise .t:focus {outline:3px solid var(--hue); outline-offset:0}
.surprise .hint {font-family:"Source Sans",sans-serif;
  font-size:.92rem; line-height:1.5; padding:.2rem 4px 0}
/* Over what comes below, so that the question keeps its place. */
.surprise .told {display:none; pointer-events:none; position:absolute; z-index:20;
  left:0; right:0; top:100%;
  padding:.5rem .7rem .6rem; white-space:normal; text-align:left; border-radius:6px;
  background:var(--ground); font:1rem/1.4 "Source Sans",sans-serif;
  border:2px solid var(--hue); box-shadow:0 6px 18px rgb(0 0 0 / 25%)}
.surprise .t:focus .told {display:block}
.surprise .t:hover .told {display:block; z-index:21}
.surprise .five {display:flex; flex-wrap:wrap; gap:4px 8px; margin-top:.3rem}
.surprise .five span {font-family:monospace; padding:0 6px; border-radius:3px;
  border:1px solid color-mix(in srgb, currentColor 30%, transparent);
  background:linear-gradient(to right, color-mix(in srgb, var(--bar) 38%, transparent) var(--p),
  transparent var(--p))}
.surprise .five span.came {font-weight:700; border-width:2px}
.surprise .scale {display:inline-block; width:8rem; height:.8rem; vertical-align:middle;
  border:1px solid color-mix(in srgb, currentColor 30%, transparent);
  background:linear-gradient(to right, transparent, color-mix(in srgb, var(--hue) 70%,
  transparent))}
</style>"""


@dataclass(frozen=True)
class Surprises:
    """Of each token of a prompt but the first: bits, and the likeliest tokens with their shares."""

    bits: tuple[float, ...]
    likeliest: tuple[tuple[tuple[str, float], ...], ...]

    @property
    def total(self) -> float:
        """Bits of all of them."""
        return sum(self.bits)

    @property
    def mean(self) -> float:
        """The loss, in bits per token; only where there is a token to predict."""
        return self.total / len(self.bits)


def show_strip(
    tokens: Sequence[TokenLike],
    found: Surprises | None,
    guessing: float,
    key: str,
    differing: Collection[int] = (),
) -> None:
    """Draw `strip`, and offer its numbers once they are told. key: of the picture."""
    markup = strip(tokens, found, guessing, differing)
    if found is None:
        st.html(markup)
    else:
        told = found
        show_markup(markup, key, TITLE, lambda: _rows(tokens, told))


def _rows(tokens: Sequence[TokenLike], found: Surprises) -> list[list[Any]]:
    rows: list[list[Any]] = [["token", "bits", "likeliest here", "its probability"]]
    for token, bits, likeliest in zip(tokens[1:], found.bits, found.likeliest, strict=True):
        rows.append([short(token.text), bits, short(likeliest[0][0]), likeliest[0][1]])
    return rows


def strip(
    tokens: Sequence[TokenLike],
    found: Surprises | None,
    guessing: float,
    differing: Collection[int] = (),
) -> str:
    """HTML of a text, each token coloured by its bits; without `found`, not yet coloured.

    guessing: the bits that have the full colour. What the model expected at a token is shown below
    while the pointer or the keyboard's focus is on it. differing: places of tokens that are marked,
    because they are other ones, or dearer or cheaper, in the text beside it.
    """
    first = f'<span class="t"><bdi>{_shown(tokens[0].text)}</bdi><small>first</small></span>'
    spans = [first]
    for place, token in enumerate(tokens[1:]):
        spans.append(_plain(token) if found is None else _colored(token, found, place, guessing))
    for place in differing:
        spans[place] = spans[place].replace('class="t', 'class="t differs', 1)
    colors = palette()
    variables = f"--hue:{series_color(0)}; --bar:{colors.output}; --ground:{colors.background}"
    below = "" if found is None else f'<div class="hint">{_legend(guessing)}</div>'
    return (
        f'{_STYLE}<div class="surprise" style="{variables}"><div class="row">{"".join(spans)}</div>'
        f"{below}</div>"
    )


def _shown(text: str) -> str:
    return html.escape(short(text))


def _plain(token: TokenLike) -> str:
    return f'<span class="t"><bdi>{_shown(token.text)}</bdi><small>?</small></span>'


def _colored(token: TokenLike, found: Surprises, place: int, guessing: float) -> str:
    bits = found.bits[place]
    share = STRONGEST * min(1.0, bits / guessing) if guessing else 0.0
    name = _shown(token.text)
    told = (
        f"<b><bdi>{name}</bdi></b> had a probability of {percent(1 / power(bits))}: "
        f"<b>{number(bits)} bits</b>. The likeliest tokens here:"
    )
    five = "".join(
        f'<span class="{"came" if text == token.text else ""}" style="--p:{100 * share:.0f}%">'
        f"<bdi>{_shown(text)}</bdi> {percent(share)}</span>"
        for text, share in found.likeliest[place]
    )
    over = " over" if bits > guessing else ""
    return (
        f'<span class="t{over}" tabindex="0" style="--share:{share:.0f}%"><bdi>{name}</bdi>'
        f'<small>{number(bits, ".1f")}</small><span class="told">{told}'
        f'<span class="five">{five}</span></span></span>'
    )


def _legend(guessing: float) -> str:
    return (
        f"{HINT} <span style='white-space:nowrap'>0 bits <span class='scale'></span> "
        f"{number(guessing, '.1f')} bits</span> = blind guessing; framed: more."
    )
