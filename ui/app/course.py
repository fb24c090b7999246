"""The course as pages know it: its lessons with their minutes, and the one that is open.

Pages don't import the course, which imports them; course/main.py tells them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import streamlit as st


class LessonLike(Protocol):
    """What is told of a lesson; see `course.lessons.Lesson`."""

    @property
    def name(self) -> str:
        """Its folder in pages/."""

    @property
    def title(self) -> str:
        """As menus say it."""

    @property
    def minutes(self) -> int:
        """To read it; 0 for a tool."""

    @property
    def compares(self) -> bool:
        """Whether it can draw two studies beside each other."""


def tell_course(lessons: Sequence[LessonLike], here: LessonLike) -> None:
    """Remember the course and the open lesson; course/main.py calls it once per rerun."""
    st.session_state["course"] = lessons, here


def course_lessons() -> Sequence[LessonLike]:
    """The lessons of the course in their order, without its tools."""
    lessons, _ = st.session_state["course"]
    return [lesson for lesson in lessons if lesson.minutes]


def lesson_here() -> LessonLike:
    """The lesson, or the tool, that is open."""
    _, here = st.session_state["course"]
    return here
