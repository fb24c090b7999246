"""Who is this browser? A random id that survives a reload, so that a visitor finds their runs.

It is kept by the browser (ui/components/shared/keeping.js) and is no secret to the visitor; it is
never in a URL, so a shared link doesn't share it. It names runs; it carries no data about a person.
"""

from __future__ import annotations

import re
import secrets

import streamlit as st

from ui.components.visitor import known_visitor
from ui.services.jobs import job_service
from ui.services.scraping import scraping_service
from ui.services.training import training_service

_KEY, _BLOCKED = "visitor_id", "storage_blocked"
_FORMAT = re.compile(r"[0-9a-f]{32}")


def mount_visitor() -> None:
    """Ask the browser; call once per rerun, from course/main.py."""
    told, st.session_state[_BLOCKED] = known_visitor(visitor_id())
    if isinstance(told, str) and _FORMAT.fullmatch(told) and told != visitor_id():
        # Who is quick on a slow connection has started something before it is known who they are.
        for service in (training_service, job_service, scraping_service):
            service().hand_over(visitor_id(), told)
        st.session_state[_KEY] = told
        st.rerun()


def visitor_id() -> str:
    """32 hex digits, the same for every page and after a reload of the same browser."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = secrets.token_hex(16)
    return st.session_state[_KEY]


def storage_is_blocked() -> bool:
    """Whether this browser keeps nothing, so that a reload would lose runs and the seat."""
    return bool(st.session_state.get(_BLOCKED))
