"""The text this visitor chose on the Data page; every lesson that needs a text uses it.

The address says which one it is, so that a link shows the same numbers: a text that can be made or
read again anywhere has a name there. A visitor's own text is in no link; then the page says so.
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from threading import Lock
from typing import NamedTuple

import streamlit as st

from corpus import Corpus, CorpusError, bundled
from corpus.datasets import DATA_SETS, DataSet, load
from corpus.sitcom.text import generated
from ui.app import address
from ui.app.seat import followed
from ui.services.caches import shared

TEXT, BUNDLED, OWN = "text", "bundled", "own"  # what the address calls it; and how two begin
NOT_IN_LINK = "Your own text is not in the link: whoever opens it sees the bundled text instead."
NOT_HERE = (
    "The address names a text that isn't here: another one is shown, and numbers that depend on "
    "the text differ from those that the link was made for."
)
_KEY, _NAME, _UPLOAD_KEY = "chosen_corpus", "chosen_name", "chosen_upload"
_OWN_KEY = "own_text"  # (name, text, upload): it is there again when a link's text is left
_writing = Lock()
_GENERATED = re.compile(r"sitcom-(\d{1,6})-(\d{1,6})")


class Upload(NamedTuple):
    """A file as it came. file_id: another one for each upload."""

    file_id: str
    file_name: str
    data: bytes


@cache
def bundled_corpus() -> Corpus:
    """The bundled sitcom, read once."""
    return bundled()


@shared(wait="Writing the scenes …")
def written(seed: int, scenes: int) -> Corpus:
    """The generated sitcom, written once for all visitors.

    An address is enough to ask for it, and it takes seconds: so one after the other.
    """
    with _writing:
        return generated(seed, scenes)


@shared()
def _well_known(name: str) -> Corpus:
    """A well-known text, read once for all visitors; who follows a teacher asks at each rerun."""
    return load(DATA_SETS[name])


def name_of_generated(seed: int, scenes: int) -> str:
    """What the address calls it."""
    return f"sitcom-{scenes}-{seed}"


def name_of_set(data_set: DataSet) -> str:
    """What the address calls a well-known text."""
    return re.sub(r"\W+", "-", data_set.name.lower())


def chosen_corpus() -> Corpus:
    """The visitor's own text, or the bundled one; what a link names comes first."""
    state, asked = st.session_state, address.text_of(TEXT)
    if not asked and _NAME in state:  # another page; who follows a teacher reads it, too
        address.write({TEXT: state[_NAME]})
    elif asked and asked != name_of_text() and not (is_own() and followed() is not None):
        own = state.get(_OWN_KEY)
        if own and asked == own[0]:
            choose_corpus(own[1], own[2])
        elif found := _named(asked):
            choose_corpus(found, name=asked)
    return state.get(_KEY) or bundled_corpus()


def text_of_lesson() -> Corpus:
    """The text that a lesson's numbers are of: for who follows a teacher, the teacher's.

    What such a pupil has chosen stays chosen: to train on, and to look around alone.
    """
    shown = _shown_by_teacher(address.text_of(TEXT))
    return shown[1] if shown else chosen_corpus()


def name_of_lesson_s_text() -> str:
    """What the address calls it."""
    shown = _shown_by_teacher(address.texts().get(TEXT, ""))
    return shown[0] if shown else name_of_text()


def _shown_by_teacher(asked: str) -> tuple[str, Corpus] | None:
    """For who follows: the text that the address asks for, by its name; else the bundled one."""
    if followed() is None:
        return None
    own = st.session_state.get(_OWN_KEY)
    if own and asked == own[0]:
        return asked, own[1]
    found = _named(asked)
    return (asked, found) if found else (BUNDLED, bundled_corpus())


def choose_corpus(corpus: Corpus | None, upload: Upload | None = None, name: str = "") -> None:
    """Use this text from now on; None goes back to the bundled one.

    upload: the file it was read from, if it may have to be read again in another encoding. name:
    what the address calls it; none for a visitor's own.
    """
    if corpus is bundled_corpus():
        corpus = None
    if corpus and not name:
        name = f"{OWN}-{sha256(corpus.text.encode()).hexdigest()[:8]}"  # not another one's own
        st.session_state[_OWN_KEY] = name, corpus, upload
    st.session_state[_KEY] = corpus
    st.session_state[_NAME] = name if corpus else BUNDLED
    st.session_state[_UPLOAD_KEY] = upload
    address.write({TEXT: st.session_state[_NAME]})


def chosen_upload() -> Upload | None:
    """The file that the chosen text was read from, if it had to be guessed how."""
    return st.session_state.get(_UPLOAD_KEY)


def name_of_text() -> str:
    """What the address calls the chosen text."""
    return str(st.session_state.get(_NAME, BUNDLED))


def is_own(name: str | None = None) -> bool:
    """Whether the chosen text, or the one of this name, is a visitor's own, which no link holds."""
    return (name or name_of_text()).startswith(f"{OWN}-")


def is_missing() -> bool:
    """Whether the address names a text that isn't here, so that another is shown."""
    asked = address.texts().get(TEXT)  # whoever asks this doesn't show the text
    return bool(asked) and asked != name_of_lesson_s_text()


def _named(name: str) -> Corpus | None:
    """The text that an address names, if it can be had here and now."""
    if name == BUNDLED:
        return bundled_corpus()
    try:
        for data_set in DATA_SETS.values():
            if name == name_of_set(data_set) and data_set.cached:
                return _well_known(data_set.name)
        if match := _GENERATED.fullmatch(name):
            return written(seed=int(match[2]), scenes=int(match[1]))
    except CorpusError:
        pass
    return None
