"""The road from text to probabilities as a row of cards with this prompt's numbers."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ui.show.tables import show_markup

_STYLE = """<style>
.road {display:flex; flex-wrap:wrap; gap:.6rem; align-items:stretch; margin:.3rem 0 .8rem}
.road .stop {flex:1 1 7rem; border:1px solid color-mix(in srgb, currentColor 25%, transparent);
             border-top:4px solid #64748b; border-radius:.5rem; padding:.55rem .7rem}
.road b {display:block; font-size:1.05rem}
.road .figure {font-size:1.45rem; font-weight:650; line-height:1.25}
.road span {opacity:.85; font-size:.9rem}
.road .arrow {align-self:center; font-size:1.4rem; opacity:.6; flex:0 0 auto}
@media (max-width:700px) {.road .arrow {display:none} .road .stop {flex-basis:42%}}
</style>"""


def show_road(stops: Sequence[tuple[str, str, str]]) -> None:
    """Draw cards of (name, figure, explanation), joined by arrows."""
    cards = [
        f'<div class="stop"><b>{html.escape(name)}</b>'
        f'<div class="figure">{html.escape(figure)}</div><span>{html.escape(words)}</span></div>'
        for name, figure, words in stops
    ]
    arrow = '<div class="arrow" aria-hidden="true">→</div>'
    show_markup(
        f'{_STYLE}<div class="road">{arrow.join(cards)}</div>',
        "road",
        "From text to probabilities",
        lambda: [("stage", "figure", "what it is"), *stops],
    )
