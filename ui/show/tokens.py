"""Tokens as coloured chips, with white space made visible."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from typing import Protocol

# Hues that a colour-blind reader can tell apart when they stand next to each other. They lie at
# low opacity behind text of the theme's own colour, so they work in both themes.
_HUES = ("#c2691a", "#1a8fa8", "#c2458a", "#8a9a1a", "#7a8aa0", "#a0694a")

LABEL = 16  # characters of a token or a word that a chart, a table or a tooltip has room for
_IN_PROSE = 40  # and a sentence
_CHIP = 60

_VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍", "\u00a0": "⍽"}

_STYLE = """<style>
.chips {display:flex; flex-wrap:wrap; gap:3px; line-height:1.35; font-family:monospace;
        max-height:22rem; overflow-y:auto; padding:2px}
.chip {border-radius:4px; padding:1px 4px; text-align:center; white-space:pre;
       border-bottom:3px solid var(--hue);
       background:color-mix(in srgb, var(--hue) 20%, transparent)}
.chip small {display:block; font-size:.7em}
.chip i {font-style:normal; opacity:.55}
.chip.unknown {outline:2px dashed #d6337c; outline-offset:-1px}
</style>"""


class TokenLike(Protocol):
    """What a chip needs to know of a token."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def text(self) -> str:
        """What to show."""

    @property
    def known(self) -> bool:
        """Whether its tokenizer has it."""


# What has no ink though its category (a letter, a mark, a symbol) promises some: fillers, a blank
# pattern of Braille, and selectors of how the character before them looks.
_NO_INK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U00016fe4"
    "\U000e0100-\U000e01ef]"
)


def visible(text: str) -> str:
    """Text with white space, control and direction characters replaced by signs that show.

    Whatever else can't be seen is named by its number: <U+FE0F>.
    """
    if text.isprintable() and (text.isascii() or not _NO_INK.search(text)):  # as most are
        return text.replace(" ", _VISIBLE[" "])
    return "".join(_VISIBLE.get(c) or _escape_invisible(c) for c in text)


def short(text: str, most: int = LABEL) -> str:
    """A token or a word made visible, and not longer than what shows it has room for."""
    # A chart measures every character of a label before it draws the first: a word of a million
    # would freeze the tab for minutes.
    shown = visible(text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def code(text: str) -> str:
    """A token as Markdown code: its very characters, whatever they are."""
    shown = short(text, _IN_PROSE)
    # Streamlit rewrites this name of icons even in code; an invisible word joiner prevents it.
    shown = shown.replace(":material/", ":\u2060material/")
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"{fence} {shown} {fence}" if "`" in shown else f"{fence}{shown}{fence}"


def _escape_invisible(character: str) -> str:
    hidden = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")
    if unicodedata.category(character) in hidden or _NO_INK.match(character):
        return f"<U+{ord(character):04X}>"
    return character


def chips_html(tokens: Sequence[TokenLike], limit: int = 400) -> str:
    """HTML of coloured chips, one a token, ids below; tokens past the limit are counted."""
    spans = []
    for place, token in enumerate(tokens[:limit]):
        css = "chip" if token.known else "chip unknown"
        spans.append(
            f'<span class="{css}" style="--hue:{_HUES[place % len(_HUES)]}" '
            f'title="token {token.id}, position {place}">'
            f"<bdi>{_spaced(short(token.text, _CHIP))}</bdi><small>{token.id}</small></span>"
        )
    if len(tokens) > limit:
        spans.append(f"<span>… and {len(tokens) - limit:,} more</span>")
    return f'{_STYLE}<div class="chips">{"".join(spans)}</div>'


def _spaced(shown: str) -> str:
    """HTML of a visible text in which the signs for spaces are light marks between the letters."""
    return re.sub("␣+", r"<i>\g<0></i>", html.escape(shown))


def token_in_words(tokens: Sequence[TokenLike], position: int) -> str:
    """The token, with what stands before it."""
    earlier = "".join(visible(token.text) for token in tokens[max(0, position - 12) : position])
    before = code(f"…{earlier[-36:]}" if position > 12 else earlier[-36:]) + " " if earlier else ""
    return f"{before}**{code(tokens[position].text)}** is token {position}."
