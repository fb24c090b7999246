"""Locked parts: what a link, or a class's teacher, keeps closed. The address says `lock=a,b`.

reveal: a question isn't judged and its answer isn't told; in a class, until the teacher reveals it.
study: the model and the prompt stay those of the link, or of the teacher's page.

What is locked isn't sent to the browser, and what a browser says of it isn't listened to. A class's
locks hold for its members. A link's hold for who opens that link: it asks for restraint.
"""

from __future__ import annotations

import streamlit as st

from ui.app import address
from ui.app.readers import note_reader
from ui.app.seat import my_role, sitting
from ui.services.classes.file import State
from ui.services.classes.service import class_service

REVEAL, STUDY = "reveal", "study"
LOCK = "lock"
_KNOWN = (REVEAL, STUDY)
_OF_LINK = "lock_of_link"


def take_locks() -> None:
    """Remember what the address locks, for all pages; course/main.py calls it once per rerun."""
    note_reader(LOCK)
    if said := address.text_of(LOCK):
        parts = tuple(part for part in said.split(",")[: len(_KNOWN)] if part in _KNOWN)
        kept = st.session_state.get(_OF_LINK)
        if kept is None or kept[0] != parts:
            study = address.text_of("model"), address.text_of("prompt")
            st.session_state[_OF_LINK] = parts, study
    if kept := st.session_state.get(_OF_LINK):
        address.write({LOCK: ",".join(kept[0])})


def locked(part: str) -> bool:
    """Whether a part is locked for this visitor; nothing is for a class's teacher."""
    role = my_role()
    if role and role.teacher:
        return False
    state = _state()
    by_class = state and {REVEAL: state.held, STUDY: state.fixed}[part]
    return bool(by_class) or part in st.session_state.get(_OF_LINK, ((), None))[0]


def fixed_study() -> tuple[str, str] | None:
    """The model and the prompt that are fixed, "" for the usual one; None where they aren't."""
    if not locked(STUDY):
        return None
    state = _state()
    if state and (study := study_of_class(state)):
        return study
    kept = st.session_state.get(_OF_LINK)
    return kept[1] if kept else None  # the teacher may have opened it just now


def study_of_class(state: State) -> tuple[str, str] | None:
    """The model and the prompt that every member of a class keeps; None where it keeps none."""
    query = state.query
    return (query.get("model", ""), query.get("prompt", "")) if state.fixed else None


def _state() -> State | None:
    """The state of the class that this visitor is in."""
    mine = sitting()
    return class_service().state(mine.seat) if mine and my_role() else None
