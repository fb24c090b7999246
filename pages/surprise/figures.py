"""The Surprise lesson's pictures: a text coloured by its surprise, bits by probability, bars."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from gpt_core.experiments.bigram import STEPS
from pages.surprise.results import Counted, Surprises
from pages.surprise.words import HINT, TOP, power
from ui.show.curves import Bar, Chart, Line, curves, series_color
from ui.show.numbers import number, percent
from ui.show.plotly_json import Figure, line_trace, plain_label, whole_figure
from ui.show.theme import palette
from ui.show.tokens import TokenLike, short

_STRONGEST = 70  # per cent of the colour where guessing would have done as well
_STYLE = """<style>
.surprise {position:relative; font-family:monospace; font-size:1.05rem}
.surprise .row {display:flex; flex-wrap:wrap; gap:4px; max-height:13rem; overflow-y:auto;
  padding:4px}
.surprise .t {border-radius:4px; padding:1px 5px; text-align:center; line-height:1.35;
  white-space:pre; cursor:default; border:1px solid color-mix(in srgb, currentColor 22%,
  transparent); background:color-mix(in srgb, var(--hue) var(--share, 0%), transparent)}
.surprise .t small {display:block; font-size:.72em; opacity:.9}
.surprise .t.over {outline:2px solid currentColor; outline-offset:-1px}
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


def strip(tokens: Sequence[TokenLike], found: Surprises | None, guessing: float) -> str:
    """HTML of a text, each token coloured by its bits; without `found`, not yet coloured.

    guessing: the bits that have the full colour. What the model expected at a token is shown below
    while the pointer or the keyboard's focus is on it.
    """
    first = f'<span class="t"><bdi>{_shown(tokens[0].text)}</bdi><small>first</small></span>'
    spans = [first]
    for place, token in enumerate(tokens[1:]):
        spans.append(_plain(token) if found is None else _colored(token, found, place, guessing))
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
    share = _STRONGEST * min(1.0, bits / guessing) if guessing else 0.0
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
    )
