"""A text of the reader's own, coloured by surprise; then where held-out text is easy or hard."""

from __future__ import annotations

import hashlib
import math

import streamlit as st

from pages.evaluation import words
from pages.evaluation.results import kinds_of, measured
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.lesson import ask, say_what_is_cut
from ui.app.locks import REVEAL, locked
from ui.app.study_bar import current_study, line_breaks
from ui.services.study import Study, study_of
from ui.services.surprises import surprises_of
from ui.show.numbers import number
from ui.show.surprise_strip import Surprises, show_strip
from ui.show.tables import show_table

MOST_TOKENS, MOST_CHARACTERS = 128, 500


@st.fragment
def show_own_text() -> None:
    """The picture and the task that the lesson begins with."""
    typed = widgets.text_input(
        words.OWN_TEXT, words.DEFAULT_TEXT, key="eval_text", max_chars=MOST_CHARACTERS
    )
    text = line_breaks(typed)
    study = study_of(current_study().run_key, text).last(MOST_TOKENS)
    if len(study.ids) < 2:
        st.info(words.SHORT)
        return
    say_what_is_cut(study, "text")
    found = surprises_of(study)
    if not math.isfinite(found.total):
        st.info(words.BROKEN)
        return
    if not study.model.config.causal:
        st.warning(words.PEEKS)
    picture, guessing = st.container(), math.log2(study.tokenizer.vocab_size)
    shown = guessed(study, found)
    with picture:
        show_strip(study.tokens, found if shown else None, guessing, "eval_strip")
    if shown:
        prose(words.own_text(study.tokens[1:], found, guessing))


def guessed(study: Study, found: Surprises) -> bool:
    """Ask how many bits the text costs. Whether the colours may be shown."""
    held = measured(study.loaded)
    characters = study.tokens[-1].end - study.tokens[0].end
    if isinstance(held, str) or not characters:
        return True
    each, own = held.reading.per_character.value, found.total / characters
    above = st.container()
    if not locked(REVEAL) and widgets.toggle(words.WITHOUT_GUESSING, key="eval_shown"):
        return True
    case = hashlib.sha256(repr(study.key).encode("utf-8", "replace")).hexdigest()[:12]
    with above:
        return ask(
            f"eval_own_{case}",
            words.question(each, study.loaded.imported),
            list(words.TIMES),
            lambda guess: words.judged(guess, own, each),
        )


def show_kinds() -> None:
    """Mean bits by what a token does in its text."""
    found = kinds_of(current_study().loaded)
    if not found:
        return
    prose(words.KINDS)
    rows = [
        {
            "token": kind.name,
            "how many": f"{kind.count:,}",
            "bits": number(kind.bits.value),
            "95% interval": f"{number(kind.bits.low)} to {number(kind.bits.high)}",
        }
        for kind in found
    ]
    show_table(rows, "eval_kinds", "Bits by kind of token")
    prose(words.kinds(found))
