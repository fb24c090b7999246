"""The surprises of two studies, beside each other."""

from __future__ import annotations

import math
from difflib import SequenceMatcher

import streamlit as st

from pages.surprise import words
from ui.app.compare import in_two, next_token_differs
from ui.services.study import Study
from ui.services.surprises import after_all
from ui.show.surprise_strip import Surprises, show_strip

Found = tuple[Study, Surprises]
MUCH = 1.0  # bits: half as likely, or twice


def same_tokens(a: Found, b: Found) -> list[tuple[int, int]]:
    """Places in A and in B of the tokens that both have, in order."""
    mine, others = ([token.text for token in study.tokens] for study, _ in (a, b))
    blocks = SequenceMatcher(None, mine, others, autojunk=False).get_matching_blocks()
    return [(i + n, j + n) for i, j, size in blocks for n in range(size)]


def changes(a: Found, b: Found) -> dict[tuple[int, int], float]:
    """By how many bits each token that both have is dearer in B; first tokens have no surprise."""
    return {(i, j): b[1].bits[j - 1] - a[1].bits[i - 1] for i, j in same_tokens(a, b) if i and j}


def compare_surprises(a: Found, b: Found) -> None:
    """Draw both, with the tokens marked that are others, or surprise otherwise by a bit or more."""
    changed = changes(a, b)
    little = [pair for pair, more in changed.items() if abs(more) < MUCH]
    little += [(i, j) for i, j in same_tokens(a, b) if not (i and j)]
    marked = [
        set(range(len(study.ids))) - {pair[at] for pair in little}
        for at, (study, _) in enumerate((a, b))
    ]
    most = max(changed, key=lambda pair: abs(changed[pair]), default=None)
    token = None if most is None else a[0].tokens[most[0]].text
    said = None
    if most and token is not None:
        said = words.changes_most(token, a[1].bits[most[0] - 1], b[1].bits[most[1] - 1])
    shares = [after_all(study) for study, _ in (a, b)]
    differs = (
        words.means_differ(a[1].mean, b[1].mean),
        said or "",
        next_token_differs(a[0], *shares),
    )

    def draw(study: Study, side: str) -> None:
        at = int(bool(side))
        study, found = (a, b)[at]
        guessing = math.log2(study.tokenizer.vocab_size)
        show_strip(study.tokens, found, guessing, f"surprise_strip{side}", marked[at])

    in_two(a[0], draw, "surprises", differs)
    st.caption(words.MARKED)
