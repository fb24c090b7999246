"""Who is this browser? A random id that survives a reload, so that a visitor finds their runs.

It is kept in the browser's own storage and is no secret to the visitor; it is never in a URL, so
a shared link doesn't share it. It names runs; it carries no data about the person.
"""

from __future__ import annotations

import re
import secrets

import streamlit as st

_KEY = "visitor_id"
_FORMAT = re.compile(r"[0-9a-f]{32}")

# The server proposes an id; the browser keeps the first one it was ever given, and says so only
# when it differs. A new visitor therefore costs no extra rerun.
_JS = """
export default function({ data, setStateValue }) {
  const key = "gpt-from-scratch-visitor";
  try {
    const known = window.localStorage.getItem(key);
    if (!known) window.localStorage.setItem(key, data.proposed);
    else if (known !== data.proposed) setStateValue("visitor", known);
  } catch { /* storage is blocked: the id lives as long as this page */ }
}
"""

_component = st.components.v2.component("visitor", js=_JS)


def mount_visitor() -> None:
    """Place the invisible component; call once per rerun, from course/main.py."""
    result = _component(
        key="visitor_component", data={"proposed": visitor_id()}, on_visitor_change=lambda: None
    )
    told = result.get("visitor")
    if isinstance(told, str) and _FORMAT.fullmatch(told) and told != visitor_id():
        st.session_state[_KEY] = told
        st.rerun()


def visitor_id() -> str:
    """32 hex digits, the same for every page and after a reload of the same browser."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = secrets.token_hex(16)
    return st.session_state[_KEY]
