"""The Attention lesson's pictures: a sentence coloured by the attention of its last token."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ui.show.theme import palette
from ui.show.tokens import TokenLike, short

_STYLE = """<style>
.looked {display:flex; flex-wrap:wrap; gap:4px; font-family:monospace; font-size:1.05rem}
.looked span {border-radius:4px; padding:1px 5px; text-align:center; white-space:pre;
  line-height:1.35; border:1px solid color-mix(in srgb, currentColor 22%, transparent);
  background:color-mix(in srgb, var(--hue) var(--share, 0%), transparent)}
.looked small {display:block; font-size:.75em; min-height:1.35em}
.looked span.last {outline:2px solid currentColor; outline-offset:-1px}
</style>"""
LEAST = 0.01  # a weight below it is not written out


def looked_at(tokens: Sequence[TokenLike], weights: Sequence[float] | None) -> str:
    """HTML of a text. Its last token is framed; with weights (T,), each token shows its own."""
    spans = []
    for place, token in enumerate(tokens):
        weight = weights[place] if weights else 0.0
        last = ' class="last"' if place == len(tokens) - 1 else ""
        told = f"{100 * weight:.1f}%" if weight >= LEAST else ""
        below = f"<small>{told}</small>" if weights else ""
        spans.append(
            f'<span{last} style="--share:{56 * weight:.0f}%"><bdi>'
            f"{html.escape(short(token.text))}</bdi>{below}</span>"
        )
    hue = f"--hue:{palette().output}"
    return f'{_STYLE}<div class="looked" style="{hue}">{"".join(spans)}</div>'
