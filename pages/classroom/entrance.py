"""Coming into a class, and what a pupil finds there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from pages.classroom import words
from ui.app import address
from ui.app.links import page_of
from ui.app.seat import Sitting, attempt, get_up, sit_down
from ui.services.classes.codes import LENGTH, LONGEST_NICKNAME, clean_code
from ui.services.classes.limits import ClassError
from ui.services.classes.service import CONSOLE, Seat, class_service
from ui.show.names import as_text, show_error

if TYPE_CHECKING:
    from ui.services.classes.file import Member


def show_entrance() -> None:
    """For who is in no class: join one, or open one."""
    st.markdown(words.INTRO)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(words.JOIN)
        _join()
    with right:
        st.subheader(words.OPEN)
        st.markdown(words.OPEN_HELP)
        if st.button(words.OPEN, key="open_class", icon=":material/groups:"):
            _sit(class_service().open)
        st.caption(words.limits(class_service().limits))
    st.markdown(words.PRIVACY)


def _join() -> None:
    code = address.text_of("code")[: 2 * LENGTH]
    with st.form("join_class", border=False):
        typed = st.text_input(words.CODE, clean_code(code), max_chars=2 * LENGTH)
        name = st.text_input(
            words.NICKNAME,
            max_chars=LONGEST_NICKNAME,
            help=words.NICKNAME_HELP,
            placeholder=words.NICKNAME_LEFT,
        )
        if st.form_submit_button(words.JOIN, type="primary", icon=":material/login:"):
            _sit(lambda: class_service().join(typed, name or ""))


def _sit(way: Callable[[], Seat]) -> None:
    try:
        seat = way()
    except ClassError as error:
        show_error(error)
        return
    sit_down(seat)
    st.switch_page(page_of(CONSOLE), query_params={})


def show_pupil(mine: Sitting, member: Member) -> None:
    """A member's own page: who they are, what is shown of them, the way out."""
    service = class_service()
    st.success(f"You are in as {as_text(member.nickname)}.", icon=":material/check:")
    st.markdown(words.IN_CLASS)
    with st.form("rename_myself", border=False):
        name = st.text_input(words.NICKNAME, member.nickname, max_chars=LONGEST_NICKNAME)
        if st.form_submit_button("Call me this"):
            attempt(lambda: service.call_oneself(mine.seat, name))
            st.rerun()
    shown = st.checkbox(words.SHOW_NAME, member.named, key="name_shown")
    if shown != member.named:
        attempt(lambda: service.show_name(mine.seat, shown))
    st.button(words.LEAVE, key="leave_class", help=words.LEAVE_HELP, on_click=_leave, args=(mine,))
    st.markdown(words.PRIVACY)


def _leave(mine: Sitting) -> None:
    attempt(lambda: class_service().leave(mine.seat))
    get_up()
