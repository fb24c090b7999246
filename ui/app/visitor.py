"""Who is this browser? A random id that survives a reload, so that a visitor finds their runs.

It is kept by the browser (ui/components/shared/keeping.js) and is no secret to the visitor; it is
never in a URL, so a shared link doesn't share it. It names runs; it carries no data about a person.
"""

from __future__ import annotations

import re
import secrets

import streamlit as st

from ui.components.visitor import known_visitor

_KEY, _BLOCKED, _EARLIER = "visitor_id", "storage_blocked", "earlier_visitor_id"
_FORMAT = re.compile(r"[0-9a-f]{32}")


def mount_visitor() -> None:
    """Ask the browser; call once per rerun, from course/main.py."""
    told, st.session_state[_BLOCKED] = known_visitor(visitor_id())
    if isinstance(told, str) and _FORMAT.fullmatch(told) and told != visitor_id():
        st.session_state[_EARLIER], st.session_state[_KEY] = visitor_id(), told
        st.rerun()


def visitor_id() -> str:
    """32 hex digits, the same for every page and after a reload of the same browser."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = secrets.token_hex(16)
    return st.session_state[_KEY]


def earlier_id() -> str | None:
    """What something may have been started under before the browser told its own id; told once."""
    return st.session_state.pop(_EARLIER, None)


def storage_is_blocked() -> bool:
    """Whether this browser keeps nothing, so that a reload would lose runs and the seat."""
    return bool(st.session_state.get(_BLOCKED))
