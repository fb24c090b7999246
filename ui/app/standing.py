"""What a page draws between its parts stands in containers.

When one part has changed, the browser goes over all that stands beside it. A container in which
nothing has changed it skips, however much there is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator_singletons import context_dg_stack

from ui.app.projector import presenting

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_OPEN = "standing"  # the container that is being filled, and how many there are


@contextmanager
def standing() -> Iterator[None]:
    """Draw a page inside. Before a class its panels are parts of the page itself."""
    before = context_dg_stack.get()
    st.session_state[_OPEN] = None if presenting() else (_container(0), 0)
    if opened := st.session_state[_OPEN]:
        context_dg_stack.set((*before, opened[0]))
    try:
        yield
    finally:
        st.session_state[_OPEN] = None
        context_dg_stack.set(before)


@contextmanager
def beside_what_stands() -> Iterator[None]:
    """Draw a part of the page inside: what follows it stands in another container."""
    stack, opened = context_dg_stack.get(), st.session_state.get(_OPEN)
    if not opened or stack[-1] is not opened[0]:  # no part of the page itself
        yield
        return
    context_dg_stack.set(stack[:-1])
    yield
    number = opened[1] + 1
    st.session_state[_OPEN] = (_container(number), number)
    context_dg_stack.set((*stack[:-1], st.session_state[_OPEN][0]))


def _container(number: int) -> DeltaGenerator:
    return st.container(key=f"standing_{number}")
