"""The app's own door: on somebody's own computer others wait until a class is opened."""

from __future__ import annotations

import streamlit as st

from ui.app.client import is_owner
from ui.app.ending import end_page
from ui.app.links import forget_link
from ui.app.seat import show_what_failed
from ui.app.watch import watch
from ui.services.classes.service import class_service
from ui.services.runs import is_public

CLOSED = (
    "This app runs on somebody's own computer, and opens for others as soon as a class is opened "
    "on it (or its owner makes it a public server, by GPT_PUBLIC=1)."
)
_LOOK = 3.0  # seconds


def wait_for_class() -> None:
    """Others than this computer's owner see one sentence while no class is open here.

    A public server is open to everybody.
    """
    if is_public() or class_service().is_any_open() or is_owner():
        return
    forget_link()
    show_what_failed()  # the class that has just ended
    watch(
        class_service().is_any_open,
        _say,
        lambda is_open: None if is_open else _LOOK,
        name="door",
    )
    end_page()


def _say(_: bool) -> None:
    st.info(CLOSED, icon=":material/door_front:")
