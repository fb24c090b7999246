"""What a press has changed is brought into view, where a small screen has it further down."""

from __future__ import annotations

import json

import streamlit as st

_DELAY = 150  # milliseconds: until what was drawn has its place


def bring_into_view(selector: str, occasion: object) -> None:
    """Scroll as far as needed. selector: of an element. occasion: another one scrolls again."""
    st.html(
        f"<script>/* {json.dumps(str(occasion))} */ setTimeout(() => "
        f"document.querySelector({json.dumps(selector)})"
        f"?.scrollIntoView({{block: 'nearest'}}), {_DELAY})</script>",
        unsafe_allow_javascript=True,
    )
