"""Links to other lessons, which keep the model and the prompt."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from ui.app import address
from ui.app.readers import only_parts_run

_TARGET = "open_lesson"


def page_of(lesson: str) -> str:
    """The file of a lesson, a folder in pages/, as the main script finds it."""
    return f"../pages/{lesson}/page.py"


def open_lesson(lesson: str | None, query: Mapping[str, str] | None = None) -> None:
    """Go to a lesson, a folder in pages/, from anywhere on a page; None stays here.

    query: what the lesson's address is to say besides the model and the prompt.

    When a fragment switches pages by itself, the prompt's box doesn't put its prompt back into the
    address. So the whole page runs, and goes on to the lesson as soon as the bar is drawn.
    """
    if lesson is not None:
        st.session_state[_TARGET] = lesson, dict(query or {})
        st.rerun()


def choose_lesson(lesson: str) -> None:
    """The same in a widget's callback: the page is about to be drawn anyway, and goes on.

    Unless something in a part was used in the same moment, as a box that a tap on the link leaves:
    a browser then asks for that part alone, and the link would act whenever the page runs next.
    """
    st.session_state[_TARGET] = lesson, {}
    if only_parts_run():
        st.rerun()


def forget_link() -> None:
    """The page ends before it can go on; what was chosen isn't to act when it comes back."""
    st.session_state.pop(_TARGET, None)


def follow_link() -> None:
    """Go where `open_lesson` wanted to; course/main.py calls it when the bar is drawn."""
    if target := st.session_state.pop(_TARGET, None):
        lesson, query = target
        model = address.text_of("model")
        st.switch_page(page_of(lesson), query_params=query | ({"model": model} if model else {}))
