"""Who speaks where, and where the thing is named: simple rules that work on any text in the format.

Positions are characters of the text, [start, end).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

from corpus.sitcom.show import the_show

Span = tuple[int, int]
LINE = re.compile(r"^([A-Z][A-Z .'-]{0,30}): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Turn:
    """One line of dialogue: where its speaker's name stands, and where the words."""

    name: Span
    words: Span


def turns(text: str) -> list[Turn]:
    """Return all lines of the form `NAME: words`, in order."""
    return [Turn(line.span(1), line.span(2)) for line in LINE.finditer(text)]


def thing_of(text: str) -> str | None:
    """Return the thing of the show that the text names most often, at least twice; else None.

    Of two named equally often it is the one named first.
    """
    named = Counter(match[0].lower() for match in _things().finditer(text))
    best = named.most_common(1)
    return best[0][0] if best and best[0][1] > 1 else None


def mentions(text: str, thing: str) -> list[Span]:
    """Return where a thing is named, in order, in capitals or not."""
    words = re.compile(rf"\b{re.escape(thing)}\b", re.IGNORECASE)
    return [match.span() for match in words.finditer(text)]


@cache
def _things() -> re.Pattern[str]:
    show = the_show()
    things = {*show.pools["small"], *show.pools["large"]}
    things |= {thing for plot in show.plots for thing in plot.values["thing"]}
    longest_first = sorted(things, key=lambda thing: (-len(thing), thing))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)
