"""Links that a picture holds: to another lesson, with the same model and prompt."""

from __future__ import annotations

import streamlit as st

from ui import address

_TARGET = "open_lesson"


def open_lesson(file: str) -> None:
    """Go to a lesson, a file in pages/ without its ending, from anywhere on a page.

    When a fragment switches pages by itself, the prompt's box doesn't put its prompt back into the
    address. So the whole page runs, and goes on to the lesson as soon as the sidebar is drawn.
    """
    st.session_state[_TARGET] = file
    st.rerun()


def follow_link() -> None:
    """Go where `open_lesson` wanted to; course/main.py calls it when the sidebar is drawn."""
    if file := st.session_state.pop(_TARGET, None):
        model = address.text_of("model")
        st.switch_page(f"../pages/{file}.py", query_params={"model": model} if model else {})
