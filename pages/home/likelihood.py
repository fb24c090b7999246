"""How likely a token is to come next, and how surprising the prompt was."""

from __future__ import annotations

import math

import streamlit as st

from gpt_core.tokenizers import first_tokens
from pages.home import words
from pages.home.results import overview_of
from ui.app import widgets
from ui.app.glossary import prose
from ui.services.study import Study

MOST_COLOURED = 128  # tokens


def show_likelihood(study: Study) -> None:
    """Any token that the reader types; then the prompt, coloured."""
    story, V = overview_of(study), study.model.config.vocab_size
    typed = widgets.text_input(
        "How likely is it to come next? Type any token",
        key="guess",
        max_chars=20,
        placeholder="a token, then Enter",
    )
    if typed:
        ids = first_tokens(typed, study.tokenizer)
        likeliest = max(ids, key=story.probabilities.__getitem__)
        share = float(story.probabilities[likeliest])
        rank = int((story.probabilities > share).sum()) + 1
        st.info(words.likelihood(study.tokenizer.token_text(likeliest), share, rank, V))
    if story.surprise is not None:
        prose(words.surprise(story.surprise, V))
        _show_surprises(study.last(MOST_COLOURED))


def _show_surprises(study: Study) -> None:
    # They bring PyTorch and pandas, which the first words needn't wait for.
    from ui.services.surprises import surprises_of
    from ui.show.surprise_strip import show_strip

    found = surprises_of(study)
    if math.isfinite(found.total):
        guessing = math.log2(study.model.config.vocab_size)
        show_strip(study.tokens, found, guessing, "home_strip")
