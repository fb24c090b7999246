"""A page that follows the teacher's: what it is made to show, and which of its parts show that.

A member's browser waits for changes of the class and reports each. Most are of the prompt, a head
or a slider; then only those parts of the page are drawn again that read what has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException

from ui.app import address
from ui.app.links import page_of
from ui.app.locks import LOCK, study_of_class
from ui.app.readers import only_parts_run, readers_of
from ui.app.seat import (
    FORGET,
    HERE,
    Sitting,
    announce,
    attempt,
    get_up,
    my_role,
    points,
    say_later,
    sit_down,
    sitting,
)
from ui.app.study_bar import (
    DEFAULT_PROMPT,
    LONGEST_PROMPT,
    in_order,
    parts_about,
    rerun_parts,
)
from ui.app.told import HEARD, begin_telling, has_heard, say_as_of
from ui.app.widgets import STEERED, Steering, forget
from ui.components.class_link import Link, class_link
from ui.services.classes.file import State
from ui.services.classes.service import BOARD, CONSOLE, Seat, class_service

View = tuple[str, dict[str, str]]  # a lesson's name in the address, and what the address says

NO_CLASS_ANY_MORE = "You are in no class any more: it has ended, or you were removed."
_GO_TO = "class_go_to"
_OWN = ("present", LOCK)  # what an address keeps when a page follows another
_TIE = "class_tie"
_PROMPT = "prompt"


# ---- The whole page ----


def take_seat() -> None:
    """Tie the page to its class; course/main.py calls it once per rerun."""
    mine = sitting()
    if mine and my_role() is None:
        get_up()
        say_later(NO_CLASS_ANY_MORE)
        announce(NO_CLASS_ANY_MORE)  # whoever has scrolled down doesn't see the top
    _tie()


def follow(here: str, lessons: Sequence[str]) -> None:
    """Bring a member's page to where the teacher's is; before any widget of the page is drawn.

    here: the lesson that was asked for. lessons: all there are; the first is the one without name.
    """
    st.session_state[HERE] = here
    steering: Steering | None = st.session_state.get(STEERED)
    if steering and steering.lesson != here:
        del st.session_state[STEERED]
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
        if mine.led and here == mine.led[0] and not has_heard(mine.led[1]):
            mine.shown = None  # what was pressed there, before the browser was led away, gives way
        else:
            mine.free = True  # somebody who opens another lesson looks around alone
    _note(mine, state)
    shown = (target, dict(state.query))
    nowhere_yet = target == CONSOLE and BOARD not in state.query  # whatever prompt is there
    if mine.free or nowhere_yet or target not in lessons or shown == mine.shown:
        return
    mine.shown = shown
    if here != target:
        mine.led = here, begin_telling()
    show_view(here, *shown)


def go_to_view(lesson: str, query: dict[str, str]) -> None:
    """Show a view of a lesson from anywhere on a page. lesson: its name in the address."""
    st.session_state[_GO_TO] = lesson, query
    st.rerun()


def show_view(here: str, lesson: str, query: dict[str, str]) -> None:
    """Show a view of a lesson in place of whatever the page shows; before any widget is drawn."""
    own = {name: text for name in _OWN if (text := address.text_of(name))}
    said = {name: text for name, text in query.items() if name not in _OWN} | own
    forget({*address.texts(), *query} - {*_OWN})
    st.session_state[STEERED] = Steering(lesson, query)
    address.replace(said)
    if lesson != here:
        st.switch_page(page_of(lesson), query_params=said)


@contextmanager
def steered() -> Iterator[None]:
    """The page is drawn inside; what it was made to show it then keeps by itself.

    What is interrupted goes on when the page runs again, as on the lesson that it has to switch to.
    """
    try:
        yield
    except RerunException:
        raise
    except BaseException:
        _is_whole()
        raise
    _is_whole()


def _is_whole() -> None:
    st.session_state.pop(STEERED, None)
    say_as_of()


# ---- Parts of it ----


@st.fragment(key=_TIE)
def _tie() -> None:
    """What ties the browser to the class; the last part to be drawn where only some are."""
    if only_parts_run():
        st.session_state.pop(STEERED, None)
    mine, role = sitting(), my_role()
    link = Link(forget=st.session_state.get(FORGET, ""))
    if mine and role:
        link = Link(
            seat=mine.seat.text,
            forget=link.forget,
            version=0 if role.teacher else mine.version,
            marks=mine.marks,
            free=mine.free,
            fixed=role.member is not None and mine.study is not None,
            ticket=mine.seat.ticket,
            leads=role.teacher and mine.leads,
            points=role.teacher and points(mine),
        )
    seat = Seat.read(class_link(link, _follow_change))
    if seat is None or (mine and seat == mine.seat) or seat.text == link.forget:
        return
    if st.session_state.get("class_told") == seat.text:
        return  # the browser says it once; the seat has been exchanged for another since
    st.session_state["class_told"] = seat.text
    if class_service().role(seat):
        sit_down(seat)
    else:
        st.session_state[FORGET] = seat.text
    st.rerun()


def _follow_change() -> None:
    """The class has changed: draw what that concerns."""
    rerun_parts(_concerned())


def _concerned() -> list[str] | None:
    """The parts of the page that show it; None for all of them. They are made to show it."""
    mine, role = sitting(), my_role()
    if mine is None or role is None or role.teacher:
        return None
    state = attempt(partial(class_service().state, mine.seat))
    if state is None or (state.marks, state.calls) != (mine.marks, mine.calls):
        return None
    if mine.free and study_of_class(state) == mine.study:
        _note(mine, state)
        return [_TIE]  # the teacher has gone elsewhere with the model and the prompt that it has
    if mine.free or mine.shown is None:
        return None
    if not state.lesson == mine.shown[0] == st.session_state.get(HERE):
        return None
    changed = _differences(address.texts(), state.query)
    parts = readers_of(changed)
    if parts is not None and _PROMPT in changed:
        about = parts_about((changed[_PROMPT] or DEFAULT_PROMPT)[:LONGEST_PROMPT])
        parts = None if about is None else {*parts, *about}
    if parts is None:
        return None
    _note(mine, state)
    mine.shown = state.lesson, dict(state.query)
    forget(changed)
    st.session_state[STEERED] = Steering(state.lesson, dict(state.query))
    address.change(changed)
    return [*in_order(parts), _TIE, HEARD]


def _differences(now: Mapping[str, str], then: Mapping[str, str]) -> dict[str, str | None]:
    """What an address has to say in order to say something else; None: nothing of it any more."""
    names = {*now, *then} - {*_OWN}
    return {name: then.get(name) for name in sorted(names) if now.get(name) != then.get(name)}


def _note(mine: Sitting, state: State) -> None:
    mine.version, mine.marks, mine.calls = state.version, state.marks, state.calls
    mine.study = study_of_class(state)
