"""The text this visitor chose on the Data page; every lesson that needs a text uses it."""

from __future__ import annotations

import streamlit as st

from corpus import Corpus, bundled

_KEY = "chosen_corpus"


@st.cache_resource(show_spinner=False)
def bundled_corpus() -> Corpus:
    """The bundled sitcom, read once."""
    return bundled()


def chosen_corpus() -> Corpus:
    """The visitor's own text, or the bundled one."""
    return st.session_state.get(_KEY) or bundled_corpus()


def choose_corpus(corpus: Corpus | None) -> None:
    """Use this text from now on; None goes back to the bundled one."""
    st.session_state[_KEY] = corpus
