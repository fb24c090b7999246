"""What a press has changed is brought into view, where a small screen has it further down."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

_DELAY = 150  # milliseconds: until what was drawn has its place


def bring_into_view(selectors: Sequence[str], occasion: object, where: str = "body") -> None:
    """Scroll as far as needed. occasion: another one scrolls again.

    selectors: of elements, the last of which is seen whatever the room. where: of an element; who
    doesn't see any of it is left alone.
    """
    scroll = "document.querySelector(each)?.scrollIntoView({block: 'nearest'})"
    box = f"document.querySelector({_literal(where)})?.getBoundingClientRect()"
    seen = f"(box => box?.height && box.top < innerHeight && box.bottom > 0)({box})"
    st.html(
        f"<script>{_literal(str(occasion))}; setTimeout(() => {seen} && "
        f"{_literal(selectors)}.forEach(each => {scroll}), {_DELAY})</script>",
        unsafe_allow_javascript=True,
    )


def _literal(value: str | Sequence[str]) -> str:
    """Texts in a script; none can end the script that holds it."""
    return json.dumps(value).replace("<", "\\u003c")
