"""What stands around each lesson: the menu, its place in the course, the way on."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from course.lessons import COURSE, FIRST, WITH_QUERIES, Lesson, around, group_of, number_of
from ui.app.glossary import STYLE
from ui.app.links import choose_lesson, page_of
from ui.app.projector import presenting
from ui.app.seat import sitting
from ui.components.bundle import read
from ui.components.component import SCROLLS
from ui.components.course_menu import Entry, Group, course_menu
from ui.components.page_frame import page_frame
from ui.show.sheet import STYLE as TABLES
from ui.show.theme import LEGEND, palette

VISITED = "visited"
_FILES = Path(__file__).parent
_STYLE = read(SCROLLS, TABLES, _FILES / "frame.css")
_PRESENT, _BARE = read(_FILES / "present.css"), read(_FILES / "bare.css")


def menu(here: Lesson) -> None:
    """The course in the sidebar: each heading folds, and the one that `here` stands under is open.

    A lesson that was opened has a tick.
    """
    visited = st.session_state.setdefault(VISITED, set())
    visited.add(here.name)
    groups = [
        Group(
            heading,
            [
                Entry(
                    lesson.name,
                    "" if lesson is FIRST else lesson.name,
                    _label(lesson),
                    lesson.icon,
                    lesson.name in visited,
                )
                for lesson in lessons
            ],
        )
        for heading, lessons in COURSE.items()
    ]
    with st.sidebar:
        course_menu(groups, here.name, choose_lesson)


def place(here: Lesson) -> None:
    """One small line above the title: which lesson this is, and how long it takes."""
    presents = presenting()
    background = f":root {{--background: {palette().background}}}"
    more = _PRESENT * presents + _BARE * (not here.studies)
    st.html(f"{STYLE}<style>{background}{_STYLE}{more}</style>")
    mine = sitting()
    put_up, lesson = mine.put_up if mine else (0, "")
    page_frame(here.name, presents, put_up if lesson == here.name else 0)
    number = number_of(here)
    if number is None:
        return
    last = max(number_of(lesson) or 0 for lessons in COURSE.values() for lesson in lessons)
    with st.container(key="place", horizontal=True):
        where = f"{group_of(here)} · lesson {number} of {last} · about {here.minutes} minutes"
        st.caption(where, width="content")
        if group_of(here) in WITH_QUERIES:
            with st.container(key="colours", width="content"):
                st.caption(LEGEND)


def way_on(here: Lesson) -> None:
    """Links to the lessons before and after."""
    before, after = around(here)
    left, right = st.columns(2)
    if before:
        left.page_link(
            page_of(before.name), label=f"Previous: {before.title}", icon=":material/arrow_back:"
        )
    if after:
        right.page_link(
            page_of(after.name), label=f"Next: {after.title}", icon=":material/arrow_forward:"
        )


def _label(lesson: Lesson) -> str:
    number = number_of(lesson)
    return lesson.title if number is None else f"{number} · {lesson.title}"
