"""Which part of a page reads what of the address: so that a change draws these parts alone.

A part is a fragment with a key. What is read outside of every part concerns the whole page.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from contextvars import ContextVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.show.inside import inside

_PAGE = ""  # reads what no part does
_READERS = "readers"
_part: ContextVar[str] = ContextVar("part", default=_PAGE)


def forget_readers() -> None:
    """A page begins, and nothing of it has read anything."""
    st.session_state[_READERS] = {}


def reads_for(part: str) -> AbstractContextManager[None]:
    """What is read inside is read by the part of this key."""
    return inside(_part, part)


def only_parts_run() -> bool:
    """Whether parts of the page are being drawn again and not the page."""
    context = get_script_run_ctx()
    return bool(context and context.fragment_ids_this_run)


def note_reader(name: str) -> None:
    """The part that is being drawn reads what the address says of a name."""
    part = _part.get()
    if part == _PAGE and only_parts_run():
        return  # a smaller fragment that runs by itself: its part has noted it
    readers: dict[str, set[str]] = st.session_state.setdefault(_READERS, {})
    readers.setdefault(name, set()).add(part)


def is_read(name: str) -> bool:
    """Whether the page reads what the address says of a name."""
    return name in st.session_state.get(_READERS, {})


def readers_of(names: Iterable[str]) -> set[str] | None:
    """The parts that read any of these; None if that is the whole page, or isn't known."""
    readers: dict[str, set[str]] = st.session_state.get(_READERS, {})
    found: set[str] = set()
    for name in names:
        parts = readers.get(name, {_PAGE})
        if _PAGE in parts:
            return None
        found |= parts
    return found
