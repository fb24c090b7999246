"""Whether a page is a projector's: one panel at a time, in large type."""

from __future__ import annotations

import streamlit as st

from ui.app import address

_PRESENT = "present"


def presenting() -> bool:
    """Whether the address says so, here or on the page before: the next one shows it as well."""
    if said := address.text_of(_PRESENT):
        st.session_state[_PRESENT] = said == "1"
    if presents := bool(st.session_state.get(_PRESENT)):
        address.write({_PRESENT: "1"})
    return presents
