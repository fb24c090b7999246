"""The editor of the prompt under study: two lines, line breaks that can be seen, live.

A component of Streamlit's second generation. Streamlit keeps no component's value in the address,
so the editor types into a text box of Streamlit's that stands beside it and isn't seen.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.components.component import component

_editor = component("prompt_editor", Path(__file__).parent)
_RUNS = "prompt_editor_runs"


def prompt_editor(box: str, text: str, longest: int) -> None:
    """Draw the editor of a text box, at most `longest` characters. box: its key; text: its text."""
    # Whenever the whole page runs, the editor looks whether the server has changed the text.
    runs = st.session_state[_RUNS] = st.session_state.get(_RUNS, 0) + 1
    data = {"box": f".st-key-{box} input", "text": text, "longest": longest, "runs": runs}
    _editor(key="prompt_editor", data=data)
