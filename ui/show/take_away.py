"""“Take it with you” under a picture: its numbers as CSV, itself as a handout.

At the end of a lesson all of its pictures are one handout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from ui.show.handout import About, Picture, page_of
from ui.show.numbers import counted
from ui.show.theme import palette

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_popover_container import PopoverContainer

_ABOUT, _PICTURES, _LESSON = "about_page", "pictures_of_page", "take_lesson"
LABEL, WHOLE = "Take it with you", "Take the whole lesson with you"
NOTHING = "There is no picture on this page yet."


def tell_about(about: Callable[[], tuple[str, str, str]]) -> None:
    """Remember how to ask for the page's title, prompt and model; course/main.py calls it."""
    st.session_state[_ABOUT] = about
    # What is drawn is remembered only for who is about to take it along.
    st.session_state[_PICTURES] = {} if st.session_state.get(_LESSON) else None


def take_away(
    key: str,
    title: str,
    rows: Callable[[], str],
    picture: Callable[[], Picture],
    more: Callable[[], None] = lambda: None,
) -> None:
    """A small button that opens two others. What they give is made when it is pressed.

    key: of the picture. title: what is said above it in a handout. rows: its numbers, as CSV. more:
    draws what else there is.
    """
    if _ABOUT not in st.session_state:  # a page of a test
        return
    if (pictures := st.session_state.get(_PICTURES)) is not None:
        pictures[key] = title, picture
    box = _popover(LABEL, f"take_{key}")
    if not box.open:
        return
    about = _about()
    name = _file_name(f"{about.title} {key}")
    with box:
        more()
        _button("Numbers (CSV)", rows, f"{name}.csv", "text/csv", f"csv_{key}")
        _handout("Handout (HTML)", about, {key: (title, picture)}, name, f"handout_{key}")


def take_lesson() -> None:
    """The same for all that the page shows; course/main.py calls it once the page is drawn."""
    box = _popover(WHOLE, _LESSON)
    if not box.open:
        return
    pictures = st.session_state.get(_PICTURES) or {}
    about = _about()
    with box:
        if pictures:
            label = f"Handout (HTML): {counted(len(pictures), 'picture')}"
            _handout(label, about, pictures, _file_name(about.title), "handout_of_lesson")
        else:
            st.caption(NOTHING)


def _popover(label: str, key: str) -> PopoverContainer:
    return st.popover(
        label, key=key, icon=":material/ios_share:", type="tertiary", on_change="rerun"
    )


def _about() -> About:
    title, prompt, model = st.session_state[_ABOUT]()
    today = date.today().isoformat()
    return About(title, prompt, model, today, st.context.url or "", palette())


def _file_name(text: str) -> str:
    return re.sub(r"\W+", "-", text).strip("-").lower()[:80]


def _handout(
    label: str,
    about: About,
    pictures: Mapping[str, tuple[str, Callable[[], Picture]]],
    name: str,
    key: str,
) -> None:
    def make() -> str:
        return page_of(about, [(title, picture()) for title, picture in pictures.values()])

    _button(label, make, f"{name}.html", "text/html", key)


def _button(label: str, make: Callable[[], str], name: str, mime: str, key: str) -> None:
    st.download_button(
        label, make, file_name=name, mime=mime, key=key, on_click="ignore",
        icon=":material/download:", width="stretch",
    )  # fmt: skip
