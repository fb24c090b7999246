"""Whether a page is a projector's: one panel at a time, in large type."""

from __future__ import annotations

import streamlit as st

from ui.app import address
from ui.show.theme import PRESENT


def presenting() -> bool:
    """Whether the address says so, here or on the page before: the next one shows it as well."""
    if said := address.text_of(PRESENT):
        st.session_state[PRESENT] = said == "1"
    if presents := bool(st.session_state.get(PRESENT)):
        address.write({PRESENT: "1"})
    return presents
