"""The Attention lesson's reason: a word that means what another word says."""

from __future__ import annotations

import streamlit as st

from gpt_core.bundled import BUNDLED
from pages.attention import words
from pages.attention.figures import looked_at
from pages.attention.results import can_read, meaning_of, share_of
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.lesson import ask
from ui.app.study_bar import model_names
from ui.services import models
from ui.services.models import LoadedModel
from ui.show.bars import probability_pairs, show_bars
from ui.show.tables import show_markup
from ui.show.take_away import Subject, pictures_of
from ui.show.tokens import short


@st.fragment
def show_meaning(loaded: LoadedModel) -> None:
    """Ask what is said without the head that looks at the thing; then let it be tried.

    About the bundled model, whatever is loaded: most models never met such a sentence.
    """
    bundled = models.load(BUNDLED)
    prose(words.REASON)
    first = meaning_of(bundled, words.sentence(words.THINGS[0]), words.THINGS[0])
    st.html(looked_at(first.tokens, None))
    known = ask(
        "meaning_guess",
        words.what_without(words.THINGS[0], first),
        words.WITHOUT,
        lambda guess: words.judged(guess, words.THINGS[0], first),
    )
    if not known:
        return
    thing = widgets.segmented_control(
        "They are wrapping a", words.THINGS, words.THINGS[0], key="thing"
    )
    with pictures_of(Subject(words.sentence(thing), model_names()[BUNDLED])):
        _show_tried(loaded, bundled, thing)


def _show_tried(loaded: LoadedModel, bundled: LoadedModel, thing: str) -> None:
    found = meaning_of(bundled, words.sentence(thing), thing)
    texts, weights = [short(token.text) for token in found.tokens], found.weights.tolist()
    show_markup(
        looked_at(found.tokens, weights),
        "meaning_weights",
        words.MEANING_WEIGHTS,
        lambda: [("token", "weight"), *zip(texts, weights, strict=True)],
    )
    left, right = st.columns([3, 4], gap="medium")
    left.markdown(words.meaning(thing, found))
    if loaded.key != bundled.key:
        text = words.sentence(thing)
        readable = can_read(loaded, f"{text} {thing}")
        share = share_of(loaded, text, thing) if readable else None
        left.caption(words.loaded_model(thing, share))
    with right:
        names = ("all heads", words.without_head(found.head))
        pairs = probability_pairs(found.before, found.after, bundled.tokenizer, 6, names)
        show_bars(pairs, "meaning_next", words.MEANING_ALT)
