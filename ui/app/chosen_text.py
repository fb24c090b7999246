"""The text this visitor chose on the Data page; every lesson that needs a text uses it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import streamlit as st

from corpus import Corpus, bundled

_KEY, _UPLOAD_KEY = "chosen_corpus", "chosen_upload"


class Upload(NamedTuple):
    """A file as it came. file_id: another one for each upload."""

    file_id: str
    file_name: str
    data: bytes


@cache
def bundled_corpus() -> Corpus:
    """The bundled sitcom, read once."""
    return bundled()


def chosen_corpus() -> Corpus:
    """The visitor's own text, or the bundled one."""
    return st.session_state.get(_KEY) or bundled_corpus()


def choose_corpus(corpus: Corpus | None, upload: Upload | None = None) -> None:
    """Use this text from now on; None goes back to the bundled one.

    upload: the file it was read from, if it may have to be read again in another encoding.
    """
    st.session_state[_KEY] = corpus
    st.session_state[_UPLOAD_KEY] = upload


def chosen_upload() -> Upload | None:
    """The file that the chosen text was read from, if it had to be guessed how."""
    return st.session_state.get(_UPLOAD_KEY)
