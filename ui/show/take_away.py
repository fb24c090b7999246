"""“Take it with you” under a picture: its numbers as CSV, itself as a handout.

At the end of a lesson all of its pictures are one handout.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.show.handout import About, Picture, page_of
from ui.show.inside import inside
from ui.show.names import plain
from ui.show.page_url import page_url
from ui.show.theme import palette

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_popover_container import PopoverContainer

_ABOUT, _PICTURES, _LESSON = "about_page", "pictures_of_page", "take_lesson"
_LARGE = "offer_full_screen"
LABEL, WHOLE = "Take it with you", "Take the whole lesson with you"
NOTHING = "There is no picture on this page yet."


@dataclass(frozen=True)
class Subject:
    """What a picture is of. side: "A" or "B", and what is off in it, where two are compared."""

    prompt: str
    model: str
    side: str = ""


@dataclass(frozen=True)
class Taken:
    """A picture that the page shows. element: its key, as the browser knows it.

    subject: None where it is what the page is about. part: of the page that drew it. gone: whether
    that part was drawn again, without it.
    """

    element: str
    title: str
    picture: Callable[[], Picture]
    subject: Subject | None
    part: str
    gone: bool = False


_subject: ContextVar[Subject | None] = ContextVar("subject", default=None)
_part: ContextVar[str] = ContextVar("part", default="")


def pictures_of(subject: Subject) -> AbstractContextManager[None]:
    """What is drawn inside is of this and not, or not only, of what the page is about."""
    return inside(_subject, subject)


def pictures_in(part: str) -> AbstractContextManager[None]:
    """A part of the page is drawn, maybe again: what it showed before is gone."""
    pictures = st.session_state.get(_PICTURES) or {}
    for key, taken in list(pictures.items()):
        if taken.part == part:
            pictures[key] = replace(taken, gone=True)  # its place on the page stays
    return inside(_part, part)


def tell_about(
    about: Callable[[], tuple[str, str, str]], large: Callable[[str], None] = lambda key: None
) -> None:
    """Remember how to ask for the page's title, prompt and model; course/main.py calls it.

    large: draws the button that lets the element with a key fill the screen.
    """
    st.session_state[_ABOUT], st.session_state[_LARGE] = about, large
    # What is drawn is remembered only for who is about to take it along.
    st.session_state[_PICTURES] = {} if st.session_state.get(_LESSON) else None


def take_away(
    key: str,
    title: str,
    rows: Callable[[], str],
    picture: Callable[[], Picture],
    element: str = "",
) -> None:
    """A small button that opens others. What they give is made when it is pressed.

    key: of the picture. title: what is said above it in a handout. rows: its numbers, as CSV.
    element: the key of what is drawn, where that is another one.
    """
    if _ABOUT not in st.session_state:  # a page of a test
        return
    taken = Taken(element or key, title, picture, _subject.get(), _part.get())
    if (pictures := st.session_state.get(_PICTURES)) is not None:
        pictures[key] = taken
    box = _popover(LABEL, f"take_{key}")
    if not box.open:
        return
    about = _about()
    if taken.subject:
        about = replace(about, prompt=taken.subject.prompt, model=taken.subject.model)
    name = _file_name(f"{about.title} {key}")
    with box:
        st.session_state[_LARGE](taken.element)
        _button("Numbers (CSV)", rows, f"{name}.csv", "text/csv", f"csv_{key}")
        _handout("Handout (HTML)", about, {key: taken}, name, f"handout_{key}")


def take_lesson(words: Callable[[Sequence[str]], Any]) -> None:
    """The same for all that the page shows; course/main.py calls it once the page is drawn.

    words: what the page says around pictures of these keys, see `ui.show.prose`; None as long as
    that isn't known.
    """
    box = _popover(WHOLE, _LESSON)
    if not box.open:
        return
    pictures = st.session_state.get(_PICTURES) or {}
    about = _about()
    name = _file_name(about.title)
    with box:
        said = words([taken.element for taken in pictures.values()])
        if pictures or said:
            waits = said is None
            _handout("Handout (HTML)", about, pictures, name, "handout_of_lesson", said, waits)
        else:
            st.caption(NOTHING)


def _popover(label: str, key: str) -> PopoverContainer:
    return st.popover(
        label, key=key, icon=":material/ios_share:", type="tertiary", on_change="rerun"
    )


def _about() -> About:
    title, prompt, model = st.session_state[_ABOUT]()
    today = date.today().isoformat()
    return About(title, prompt, model, today, page_url(), palette())


def _file_name(text: str) -> str:
    return re.sub(r"\W+", "-", text).strip("-").lower()[:80]


def _handout(
    label: str,
    about: About,
    pictures: Mapping[str, Taken],
    name: str,
    key: str,
    said: Any = None,
    waits: bool = False,
) -> None:
    def make() -> str:
        shown = [taken for taken in list(pictures.values()) if not taken.gone]  # at the press
        drawn = {each.element: (heading(each, about), each.picture()) for each in shown}
        return page_of(about, drawn, said)

    _button(label, make, f"{name}.html", "text/html", key, waits)


def heading(taken: Taken, about: About) -> str:
    """What stands over a picture: its title, its side, and what it is of where that is another."""
    of = taken.subject
    if of is None:
        return taken.title
    title = f"{taken.title} · {of.side}" if of.side else taken.title
    # A prompt is read without the spaces at its end.
    same = of.model == about.model and of.prompt.rstrip(" ") == about.prompt.rstrip(" ")
    return title if same else f"{title} ({of.model}: “{plain(of.prompt)}”)"


def _button(
    label: str, make: Callable[[], str], name: str, mime: str, key: str, waits: bool = False
) -> None:
    st.download_button(
        label, make, file_name=name, mime=mime, key=key, on_click="ignore",
        icon=":material/download:", width="stretch", disabled=waits,
    )  # fmt: skip
