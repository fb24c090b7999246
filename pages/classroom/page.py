"""The class: a teacher opens it and has a console; pupils join it."""

import streamlit as st

from pages.classroom import words
from pages.classroom.console import show_console
from pages.classroom.entrance import show_entrance, show_pupil
from pages.classroom.on_screen import shown_item
from ui.app.reach import own_page
from ui.app.seat import my_role, show_what_failed, sitting
from ui.app.study_bar import current_study
from ui.app.visitor import storage_is_blocked
from ui.services.classes.service import CONSOLE

st.title("Classroom")
current_study()
show_what_failed()
mine, role = sitting(), my_role()
if storage_is_blocked():
    teacher = role is not None and role.teacher
    st.warning(words.blocked(f"{own_page()}{CONSOLE}", teacher), icon=":material/warning:")
if mine is None or role is None:
    show_entrance()
elif not shown_item(mine, role.teacher):
    if role.member is None:
        show_console(mine, role)
    else:
        show_pupil(mine, role.member)
