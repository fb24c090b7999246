"""Whether a page is open on the computer that runs the app, or on somebody else's."""

from __future__ import annotations

import streamlit as st

from ui.services.machine import is_own_address
from ui.services.runs import Limits, is_public
from ui.services.training import training_service

# What a proxy or a tunnel adds to what it hands on: then the client is whoever is behind it.
_HANDED_ON = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Cf-Connecting-Ip", "X-Forwarded-Host")


def is_owner() -> bool:
    """Whether the page is open on the computer that runs the app, which is no public server."""
    headers = st.context.headers
    if is_public() or any(headers.get(name) for name in _HANDED_ON):
        return False
    return is_own_address(st.context.ip_address)


def own_limits() -> Limits:
    """What this visitor may ask for: of a laptop that a class can reach, others get less."""
    return training_service().limits_for(is_guest())


def is_guest() -> bool:
    """Whether a public server's limits hold for this visitor."""
    return not is_owner()


def may_scrape() -> bool:
    """Whether this visitor may fetch transcripts: on their own computer only."""
    return is_owner()
