"""The main script: the lesson that the address names, and the bar that all of them share."""

from __future__ import annotations

from functools import partial

import streamlit as st

from course.frame import menu, place, way_on
from course.lessons import FIRST, LESSONS, Lesson
from ui.app.class_bar import class_bar
from ui.app.compare import compare_bar
from ui.app.course import tell_course
from ui.app.door import wait_for_class
from ui.app.following import follow, steered, take_seat
from ui.app.glossary import forget_terms
from ui.app.going import still_going
from ui.app.links import follow_link, page_of
from ui.app.locks import take_locks
from ui.app.standing import standing
from ui.app.startup import prepare_process
from ui.app.study_bar import about_study, page_begins, study_bar, study_notes
from ui.app.visitor import mount_visitor
from ui.components.full_screen import full_screen
from ui.components.page_prose import page_prose
from ui.show.take_away import take_lesson, tell_about

st.set_page_config(page_title="GPT from scratch, live", page_icon="🧺", layout="wide")


def page_in_navigation(lesson: Lesson) -> st.Page:
    """A lesson as Streamlit wants it."""
    return st.Page(
        page_of(lesson.name),
        title=lesson.title,
        icon=f":material/{lesson.icon}:",
        url_path=lesson.name,
        default=lesson is FIRST,
    )


prepare_process()
pages = [page_in_navigation(lesson) for lesson in LESSONS]
page = st.navigation(pages, position="hidden")
here = LESSONS[pages.index(page)]
tell_course(LESSONS, here)
mount_visitor()
page_begins()
follow(here.name, [lesson.name for lesson in LESSONS])
take_seat()
wait_for_class()
with steered():
    take_locks()
    menu(here)
    study_bar()
    follow_link()
    still_going()
    tell_about(partial(about_study, here.title), full_screen)
    forget_terms()
    class_bar()
    place(here)
    compare_bar(here.compares)  # reads the prompt, without which the page ends
    with standing():
        page.run()
    if here.minutes:  # a lesson, and no tool
        take_lesson(partial(page_prose, about=st.session_state["study_request"]))
    way_on(here)
    if here.studies:
        study_notes()
