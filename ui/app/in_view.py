"""What a press has changed is brought into view, where a small screen has it further down."""

from __future__ import annotations

import json

import streamlit as st

_DELAY = 150  # milliseconds: until what was drawn has its place


def bring_into_view(selector: str, occasion: object) -> None:
    """Scroll as far as needed. selector: of an element. occasion: another one scrolls again."""
    st.html(
        f"<script>{_text(str(occasion))}; setTimeout(() => "
        f"document.querySelector({_text(selector)})"
        f"?.scrollIntoView({{block: 'nearest'}}), {_DELAY})</script>",
        unsafe_allow_javascript=True,
    )


def _text(text: str) -> str:
    """A text in a script; none can end the script that holds it."""
    return json.dumps(text).replace("<", "\\u003c")
