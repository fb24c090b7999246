"""What every lesson has: a question to answer before the reveal, something to try, reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from ui.app import widgets


def predict(key: str, question: str, options: Sequence[str], reveal: Callable[[str], str]) -> bool:
    """Ask; once the reader has chosen, show what `reveal(choice)` says. Whether they have.

    The choice is in the URL. key: another case (another head, another prompt) is another question,
    so it belongs into the key. What belongs to the answer is drawn by the page if True.
    """
    st.header("Predict first")
    st.markdown(question)
    choice = widgets.radio(question, options, key=key, label_visibility="collapsed")
    if choice is None:
        return False
    st.success(reveal(choice), icon=":material/science:")
    return True


def try_this(*suggestions: str) -> None:
    """The end of a lesson: what a reader can do now."""
    st.header("Try this")
    st.markdown("\n".join(f"- {suggestion}" for suggestion in suggestions))


def further_reading(*entries: str) -> None:
    """Papers and books, as Markdown, behind an expander."""
    with st.expander("Further reading", icon=":material/menu_book:"):
        st.markdown("\n".join(f"- {entry}" for entry in entries))
