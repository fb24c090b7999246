"""Names that somebody else chose, and sentences that hold them, shown as nothing but text.

Visitors name files, runs and folders, a site names its episodes, and other visitors' pages show
these names. Streamlit reads most of what it is given as Markdown, where a name could become a
picture, which every reader's browser would fetch from an address of a stranger's choice.
"""

from __future__ import annotations

import html
import unicodedata

import regex
import streamlit as st

LONGEST_NAME = 60  # characters
LONGEST_SENTENCE = 400

_JOINERS = "\u200c\u200d"  # within words of some scripts, and within emoji
_FROM_RIGHT_TO_LEFT = ("R", "AL", "AN")
_PILE_OF_MARKS = regex.compile(r"(\p{M}{3})\p{M}+")
# What Markdown gives a meaning anywhere, beside a word, and at the beginning of a line.
_SIGNS = regex.compile(r"[\\`*\[\]<>|~$&]|(?<![^\W_])_|_(?![^\W_])|^[-+=#]|(?<=^\d+)[.)]")
# Emoji, icons, addresses and arrows are found after escapes were resolved. An invisible word
# joiner in between keeps `:smile:`, `https://a.example`, `a@b.example` and `->` from being found.
_LIVE = regex.compile(
    r"(?<=:)(?!\s)|(?<=@)|(?=@)|(?<=www)(?=\.)|(?<=[<~>-])(?=[>=-])", regex.IGNORECASE
)
_CODE_OR_BOLD = regex.compile(r"(`+) ?(.+?) ?\1|\*\*")
_WORD_JOINER = "\u2060"


def plain(name: str, most: int = LONGEST_NAME) -> str:
    """A name on one line, of at most so many characters, nothing in it invisible.

    For places that don't read Markdown: options of a select box, cells of a table, legends. Text
    that is written from right to left is isolated, so that it can't turn around what follows it.
    """
    kept = (c for c in name[: 20 * most] if c.isspace() or c in _JOINERS or _is_seen(c))
    line = _PILE_OF_MARKS.sub(r"\1", " ".join("".join(kept).split()))
    if not line.strip(_JOINERS):
        return "(no name)"
    if len(line) > most:
        line = line[: most - 1] + "…"
    turns = any(unicodedata.bidirectional(c) in _FROM_RIGHT_TO_LEFT for c in line)
    return f"\u2068{line}\u2069" if turns else line


def as_text(name: str, most: int = LONGEST_NAME) -> str:
    """The same for Markdown, which then shows it literally: no picture, link, formula or icon."""
    return _SIGNS.sub(r"\\\g<0>", _LIVE.sub(_WORD_JOINER, plain(name, most)))


def unmarked(markdown: str) -> str:
    """A line of the app's own Markdown as it is read: without the signs of code and bold type."""
    return _CODE_OR_BOLD.sub(lambda found: found[2] or "", markdown)


def as_html(markdown: str) -> str:
    """The same as HTML: code as code, bold type as bold, and every other sign as itself."""
    parts, at, bold = [], 0, False
    for found in _CODE_OR_BOLD.finditer(markdown):
        parts.append(html.escape(markdown[at : found.start()]))
        if found[2]:
            parts.append(f'<code translate="no">{html.escape(found[2])}</code>')
        else:
            bold = not bold
            parts.append("<strong>" if bold else "</strong>")
        at = found.end()
    return "".join(parts) + html.escape(markdown[at:]) + "</strong>" * bold


def sentence(said: Exception | str) -> str:
    """A sentence that may hold names, an error's for example, as text for Markdown."""
    return as_text(str(said), LONGEST_SENTENCE)


def show_error(error: Exception | str) -> None:
    """Draw a red box with the sentence of an error."""
    st.error(sentence(error), icon=":material/error:")


def _is_seen(character: str) -> bool:
    """Not a control, a format (of direction, say), half a UTF-16 pair, or unassigned."""
    return unicodedata.category(character)[0] != "C"
