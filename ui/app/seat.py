"""A visitor's seat in a class: who they are there, and whether their page follows the teacher's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from ui.app import address
from ui.app.links import page_of
from ui.app.widgets import STEERED
from ui.components.class_link import Link, class_link
from ui.services.classes.file import State
from ui.services.classes.limits import ClassError
from ui.services.classes.service import Role, Seat, class_service
from ui.services.training import training_service
from ui.show.names import plain, show_error

T = TypeVar("T")

_SEAT, _ERROR, _BLOCKED, HERE = "class_seat", "class_error", "class_storage_blocked", "class_here"
_GO_TO = "class_go_to"
CONSOLE = "classroom"
_OWN = ("present",)  # what an address keeps when a page follows another


@dataclass
class Sitting:
    """A seat as this page has it.

    version, marks, calls: the class's counters when the page was drawn. shown: the lesson and the
    address that it followed last. free: it follows nobody. leads: for a teacher, whether the class
    follows.
    """

    seat: Seat
    version: int = 0
    marks: int = 0
    calls: int = 0
    shown: tuple[str, dict[str, str]] | None = None
    free: bool = False
    leads: bool = True


def sitting() -> Sitting | None:
    """The visitor's seat; None for who is in no class."""
    return st.session_state.get(_SEAT)


def my_role() -> Role | None:
    """What the seat stands for; None without one, or when the class has ended."""
    mine = sitting()
    return class_service().role(mine.seat) if mine else None


def sit_down(seat: Seat) -> None:
    """The visitor has come into a class, or has opened one."""
    st.session_state[_SEAT] = Sitting(seat)
    st.session_state["class_forget"] = ""


def get_up() -> None:
    """The visitor has left, or the class is over."""
    if mine := st.session_state.pop(_SEAT, None):
        st.session_state["class_forget"] = mine.seat.text


def storage_is_blocked() -> bool:
    """Whether this browser keeps nothing, so that a reload would lose the seat."""
    return bool(st.session_state.get(_BLOCKED))


def attempt(action: Callable[[], T]) -> T | None:
    """Do something in a class; what can't be done is said on the page."""
    try:
        return action()
    except ClassError as error:
        st.session_state[_ERROR] = str(error)
        return None


def show_what_failed() -> None:
    """The sentence of what could not be done, once."""
    if said := st.session_state.pop(_ERROR, None):
        show_error(said)


def take_seat() -> None:
    """Tie the page to its class; course/main.py calls it once per rerun."""
    mine, role = sitting(), my_role()
    if mine and role is None:
        get_up()
        mine = None
        st.session_state[_ERROR] = (
            "You are in no class any more: it has ended, or you were removed."
        )
    link = Link(forget=st.session_state.get("class_forget", ""))
    if mine and role:
        link = Link(
            seat=mine.seat.text,
            forget=link.forget,
            version=0 if role.teacher else mine.version,
            marks=mine.marks,
            free=mine.free,
            leads=role.teacher and mine.leads,
        )
    told, blocked = class_link(link)
    st.session_state[_BLOCKED] = blocked
    seat = Seat.read(told)
    if seat is None or (mine and seat == mine.seat) or seat.text == link.forget:
        return
    if st.session_state.get("class_told") == seat.text:
        return  # the browser says it once; the seat has been exchanged for another since
    st.session_state["class_told"] = seat.text
    if class_service().role(seat):
        sit_down(seat)
    else:
        st.session_state["class_forget"] = seat.text
    st.rerun()


def follow(here: str, lessons: Sequence[str]) -> None:
    """Bring a member's page to where the teacher's is; before any widget of the page is drawn.

    here: the lesson that was asked for. lessons: all there are; the first is the one without name.
    """
    st.session_state[HERE] = here
    if view := st.session_state.pop(_GO_TO, None):
        lesson, query = view
        if (lesson or lessons[0]) in lessons:
            show_view(here, lesson or lessons[0], query)
        return
    mine, role = sitting(), my_role()
    if mine is None or role is None or role.teacher:
        return
    state = class_service().state(mine.seat)
    target = state.lesson or lessons[0]
    if state.calls != mine.calls:
        mine.free = False
    elif mine.shown and here != mine.shown[0] and state.version == mine.version:
        mine.free = True  # somebody who opens another lesson looks around alone
    _note(mine, state)
    view = (target, dict(state.query))
    nowhere_yet = target == CONSOLE and not state.query
    if mine.free or nowhere_yet or target not in lessons or view == mine.shown:
        return
    mine.shown = view
    show_view(here, *view)


def go_to_view(lesson: str, query: dict[str, str]) -> None:
    """Show a view of a lesson from anywhere on a page. lesson: its name in the address."""
    st.session_state[_GO_TO] = lesson, query
    st.rerun()


def show_view(here: str, lesson: str, query: dict[str, str]) -> None:
    """Show a view of a lesson in place of whatever the page shows; before any widget is drawn."""
    said = query | {name: text for name in _OWN if (text := address.text_of(name))}
    for name in {*address.texts(), *query} - {*_OWN}:
        if name in st.session_state and _is_of_view(name):
            del st.session_state[name]
    st.session_state[STEERED] = query
    address.replace(said)
    if lesson != here:
        st.switch_page(page_of(lesson), query_params=said)


def _is_of_view(name: str) -> bool:
    """Whether what a session keeps under a name is what a widget shows, and not who somebody is."""
    simple = isinstance(st.session_state[name], str | int | float | list | None)
    return simple and name != "visitor_id" and not name.startswith("class_")


@contextmanager
def steered() -> Iterator[None]:
    """The page is drawn inside; what it was made to show it then keeps by itself."""
    try:
        yield
    except StopException:
        st.session_state.pop(STEERED, None)
        raise
    st.session_state.pop(STEERED, None)


def place_in_class() -> tuple[str, int] | None:
    """The class's id and the visitor's number in it, 0 for the teacher; None for no class."""
    role = my_role()
    return (role.class_id, role.member.number if role.member else 0) if role else None


def class_models() -> dict[str, str]:
    """Names by key of the models that this visitor's class has trained together."""
    mine = sitting()
    if mine is None or my_role() is None:
        return {}
    names = training_service().names_of_class(mine.seat.class_id)
    return {run_id: f"Class: {plain(name)}" for run_id, name in names.items()}


def come_back() -> None:
    """Follow the teacher again."""
    if mine := sitting():
        mine.free, mine.shown = False, None


def look_around() -> None:
    """Follow nobody until one comes back, or is called."""
    if mine := sitting():
        mine.free = True


def _note(mine: Sitting, state: State) -> None:
    mine.version, mine.marks, mine.calls = state.version, state.marks, state.calls
