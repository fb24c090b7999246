"""The course's menu: headings that fold, and below each its lessons.

One element of the page. As some thirty links of Streamlit's it was a third of what a browser goes
over before and after each rerun of a lesson.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from ui.components.component import component

_KEY = "course_menu"
_menu = component("course_menu", Path(__file__).parent, isolated=False)


@dataclass(frozen=True)
class Entry:
    """A lesson in the menu. path: its address below the app's. icon: of Material Symbols."""

    name: str
    path: str
    label: str
    icon: str
    visited: bool


@dataclass(frozen=True)
class Group:
    """A heading and what stands below it."""

    heading: str
    entries: Sequence[Entry]


def course_menu(groups: Sequence[Group], here: str, on_choose: Callable[[str], None]) -> None:
    """Draw the menu, with the heading unfolded that `here` stands under.

    here: the name of the lesson that is open. on_choose: called with the name of the one that was
    pressed, before the page is drawn again.
    """
    known = {entry.name for group in groups for entry in group.entries}

    def choose() -> None:
        name: Any = st.session_state.get(_KEY, {}).get("choose")
        if isinstance(name, str) and name in known:
            on_choose(name)

    drawn = [
        {"heading": group.heading, "entries": [vars(entry) for entry in group.entries]}
        for group in groups
    ]
    _menu(key=_KEY, data={"groups": drawn, "here": here}, on_choose_change=choose)
