"""Whether a page is a projector's: one panel at a time, in large type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.app import address
from ui.show.theme import PRESENT

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def own_panel(name: str, **how: Any) -> DeltaGenerator:
    """A container with which a panel begins before a class: of what is chosen, and its effect.

    Beside a lesson's title and first words there would be no room for both.
    """
    return st.container(key=f"panel_{name}", **how)


def presenting() -> bool:
    """Whether the address says so, here or on the page before: the next one shows it as well."""
    if said := address.text_of(PRESENT):
        st.session_state[PRESENT] = said == "1"
    if presents := bool(st.session_state.get(PRESENT)):
        address.write({PRESENT: "1"})
    return presents
