"""A visitor's seat in a class: who they are there, and whether their page follows the teacher's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import TypeVar

import streamlit as st

from ui.app.projector import presenting
from ui.app.watch import watch
from ui.services.classes.limits import ClassError
from ui.services.classes.service import Role, Seat, class_service
from ui.services.training import training_service
from ui.show.names import plain, show_error

T = TypeVar("T")

_SEAT, _ERROR, HERE = "class_seat", "class_error", "class_here"
FORGET = "class_forget"  # a seat that is worth nothing any more, for the browser


@dataclass
class Sitting:
    """A seat as this page has it.

    version, marks, calls: the class's counters when the page was drawn. shown: the lesson and the
    address that it followed last. led: the lesson that it was led away from then, and the number
    of the telling (see told.py). free: it follows nobody. leads: for a teacher, whether the class
    follows. points: for a teacher, whether the class sees their pointer; None while they have said
    nothing. study: the model and the prompt that the class kept then, None where it kept none.
    on_screen: the number of what was put on the screen last, as far as a teacher's page knows.
    put_up: the same of what this page, a projector's, was sent to, and the lesson that it is of.
    """

    seat: Seat
    version: int = 0
    marks: int = 0
    calls: int = 0
    shown: tuple[str, dict[str, str]] | None = None
    led: tuple[str, int] | None = None
    free: bool = False
    leads: bool = True
    points: bool | None = None
    study: tuple[str, str] | None = None
    on_screen: int | None = None
    put_up: tuple[int, str] = (0, "")


def sitting() -> Sitting | None:
    """The visitor's seat; None for who is in no class."""
    return st.session_state.get(_SEAT)


def points(mine: Sitting) -> bool:
    """Whether the class sees this teacher's pointer: as they have said, else on a projector."""
    return presenting() if mine.points is None else mine.points


def followed() -> dict[str, str] | None:
    """What the address of a teacher's page says that this page follows; None if it follows none."""
    mine = sitting()
    return mine.shown[1] if mine and mine.shown and not mine.free else None


def my_role() -> Role | None:
    """What the seat stands for; None without one, or when the class has ended."""
    mine = sitting()
    return class_service().role(mine.seat) if mine else None


def sit_down(seat: Seat) -> None:
    """The visitor has come into a class, or has opened one."""
    st.session_state[_SEAT] = Sitting(seat)
    st.session_state[FORGET] = ""


def get_up() -> None:
    """The visitor has left, or the class is over."""
    if mine := st.session_state.pop(_SEAT, None):
        st.session_state[FORGET] = mine.seat.text


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


def say_later(sentence: str) -> None:
    """Say it when the page is drawn next, see `show_what_failed`."""
    st.session_state[_ERROR] = sentence


def announce(sentence: str) -> None:
    """Say it where it is seen, however far the page was scrolled."""
    st.toast(sentence, icon=":material/groups:", duration="long")


def watch_class(
    task: Callable[[], T], draw: Callable[[T], None], every: Callable[[T], float | None], name: str
) -> None:
    """Watch something of the class, see `watch`; when the class is over, the page runs again."""

    @wraps(draw)
    def shown(now: T | None) -> None:
        if now is None:
            show_what_failed()
        else:
            draw(now)

    watch(partial(attempt, task), shown, lambda now: None if now is None else every(now), name=name)


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
