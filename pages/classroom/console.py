"""The teacher's console: the way in, who is there, what they answered, the board, the end."""

from __future__ import annotations

import csv
import html
import io
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.classroom import words
from ui.app.class_bar import RUNS
from ui.app.course import course_lessons
from ui.app.following import go_to_view
from ui.app.links import page_of
from ui.app.reach import is_this_computer, own_page, pages_in_network
from ui.app.seat import Sitting, announce, attempt, get_up, watch_class
from ui.app.together import answered_text, histogram
from ui.app.told import tell
from ui.services.classes.service import BOARD, CONSOLE, class_service
from ui.show.names import as_text, plain, unmarked
from ui.show.numbers import counted
from ui.show.qr import LARGE, show_qr

if TYPE_CHECKING:
    from ui.services.classes.file import Item, Member, Question, State
    from ui.services.classes.service import Role, Shown

_TICK = 1.0  # seconds between two looks at the class
_BOARD_SHOWN = 12
_EXCERPT = 160  # characters


def show_console(mine: Sitting, role: Role) -> None:
    """Draw it; what changes in the class redraws by itself."""
    with st.container(key="class_way_in"):  # on a telephone it comes last, see course/frame.css
        page = _way_in(role)
        st.caption(words.until(class_service().limits.hours - (time.time() - role.opened) / 3600))
    people, answers = st.columns([1, 2], gap="large")
    with people:
        st.subheader("Who is here")
        watch_class(
            lambda: class_service().members(mine.seat), _names, lambda _: _TICK, name="members"
        )
        _tend(mine)
    with answers, st.container(key="class_answers"):
        st.subheader("Answers")
        _lock(mine)
        watch_class(
            lambda: class_service().questions(mine.seat),
            lambda questions: _answers(mine, questions),
            lambda _: _TICK,
            name="answers",
        )
    st.subheader("The board")
    watch_class(
        lambda: class_service().items(mine.seat),
        lambda items: _board(mine, items),
        lambda _: 2 * _TICK,
        name="board",
    )
    st.subheader("One model for all")
    st.markdown(words.RUN)
    st.page_link(page_of("training"), label="Training", icon=":material/trending_down:")
    _own_link(mine, page)
    _end(mine)


def _way_in(role: Role) -> str:
    """The address and the code; the address at which others reach the app."""
    page = own_page()
    if is_this_computer(page):
        pages = pages_in_network(page)
        if not pages:
            st.warning(words.NO_NETWORK)
            pages = [page]
        elif len(pages) > 1:
            page = st.selectbox(words.WHICH_ADDRESS, pages, key="class_address")
        page = page if page in pages else pages[0]
        st.caption(words.firewall(len(pages)))
    left, right = st.columns([2, 1], vertical_alignment="center")
    short = page.partition("://")[2].rstrip("/")
    left.markdown(words.TYPE_ON_HOME)
    small, large = "clamp(1.6rem,3.4vw,3rem)", "clamp(3rem,9vw,8rem)"
    left.html(
        f"<div style='font-size:{small};overflow-wrap:anywhere'>{html.escape(short)}</div>"
        f"<div style='font-size:{large};font-weight:700;letter-spacing:.12em;line-height:1.1'>"
        f"{role.code}</div>"
    )
    with right:
        show_qr(f"{page}{CONSOLE}?code={role.code}", LARGE)
    return page


def _names(members: list[Member]) -> None:
    if not members:
        st.caption(words.NOBODY)
        return
    st.markdown(f"**{counted(len(members), 'pupil')}**")
    names = ("(hidden)" if member.hidden else as_text(member.nickname) for member in members)
    st.markdown(" · ".join(names))


def _tend(mine: Sitting) -> None:
    """Who may come in, and what the teacher does about somebody who has."""
    service = class_service()
    door = service.state(mine.seat).door
    _switch("The door is open", door, lambda on: service.set_door(mine.seat, on), "class_door")
    if not door:
        st.caption(words.CLOSED)
    with st.expander("Rename, hide or remove somebody", key="class_tend"):
        watch_class(
            lambda: service.members(mine.seat),
            lambda members: _tend_one(mine, {member.number: member for member in members}),
            lambda _: _TICK,
            name="tend",
        )


def _tend_one(mine: Sitting, members: dict[int, Member]) -> None:
    service = class_service()
    number = st.selectbox(
        "Who",
        list(members),
        None,  # after one is removed, the same press again removes nobody else
        format_func=lambda n: plain(members[n].nickname),
        key="class_who",
        placeholder=words.WHO if members else words.NOBODY,
    )
    if number not in members:
        return
    name = st.text_input("New nickname", members[number].nickname, key=f"rename_{number}")
    row = st.container(horizontal=True)
    if row.button("Rename", key="class_rename"):
        attempt(lambda: service.rename(mine.seat, number, name))
        st.rerun()
    hidden = members[number].hidden
    if row.button("Show" if hidden else "Hide", key="class_hide"):
        attempt(lambda: service.hide(mine.seat, number, not hidden))
        st.rerun()
    if row.button("Remove", key="class_remove"):
        attempt(lambda: service.remove(mine.seat, number))
        st.rerun()


def _lock(mine: Sitting) -> None:
    """What the class keeps closed: answers, the model and the prompt."""
    service = class_service()
    state = service.state(mine.seat)
    _switch(words.HOLD, state.held, lambda on: service.hold(mine.seat, on), "class_hold")
    _switch(
        words.FIX, state.fixed, lambda on: service.fix(mine.seat, on), "class_fix", words.FIX_HELP
    )


def _switch(
    label: str, on: bool, turn: Callable[[bool], None], key: str, help_text: str | None = None
) -> None:
    """A switch of the class. It shows what another window has set, and doesn't undo it."""
    if st.session_state.get(key, on) != on:
        tell(key, on)

    def pressed() -> None:
        attempt(partial(turn, bool(st.session_state[key])))

    st.toggle(label, on, key=key, help=help_text, on_change=pressed)


def _answers(mine: Sitting, questions: list[Question]) -> None:
    if not questions:
        st.caption(words.NO_ANSWERS)
        return
    known = {question.id: question for question in questions}
    titles = _titles()

    def label(one: str) -> str:
        lesson = known[one].lesson
        return unmarked(f"{titles.get(lesson, lesson)}: {known[one].text}")[:_EXCERPT]

    # Where the class is now; the newest of all, where nothing was asked yet.
    lesson = class_service().state(mine.seat).lesson or course_lessons()[0].name
    asked_here = [question.id for question in questions if question.lesson == lesson]
    chosen = st.selectbox(
        "Question",
        list(known),
        [*known].index(asked_here[0]) if asked_here else 0,
        format_func=label,
        key=f"class_question_{lesson if asked_here else ''}",
    )
    question = known.get(chosen, questions[0])
    st.markdown(question.text)
    st.caption(answered_text(question, len(class_service().members(mine.seat))))
    if question.revealed:
        st.caption(words.REVEALED)
    if question.revealed or st.toggle(words.SHOW_COUNTS, key="class_counts"):
        histogram(question)
        with st.expander("Single answers"):
            st.markdown("\n".join(_single(mine, question)))
    if not question.revealed and st.button(
        "Reveal to the class", key="class_reveal", icon=":material/visibility:", type="primary"
    ):
        attempt(lambda: class_service().reveal(mine.seat, question.id))
        st.rerun()


def _titles() -> dict[str, str]:
    """Of the lessons, by the names of their folders."""
    return {lesson.name: lesson.title for lesson in course_lessons()}


def _single(mine: Sitting, question: Question) -> list[str]:
    return [
        words.named(
            as_text(member.nickname) if member.named and not member.hidden else words.A_PUPIL,
            as_text(unmarked(question.options[choice])),
        )
        for member, choice in class_service().answers(mine.seat, question.id)
    ]


def _board(mine: Sitting, items: list[Item]) -> None:
    if not items:
        st.caption(words.EMPTY_BOARD)
        return
    members = {member.number: member for member in class_service().members(mine.seat)}
    titles = _titles()
    shown, state = class_service().shown(mine.seat), class_service().state(mine.seat)
    for item in items[:_BOARD_SHOWN]:
        owner = members.get(item.member)
        what = item.text or item.query.get("prompt", "")
        is_run = item.lesson == RUNS and "run" in item.query
        where = (
            "a text" if item.text else "a run" if is_run else titles.get(item.lesson, item.lesson)
        )
        name = "(hidden)" if owner is None or owner.hidden else owner.nickname
        row = st.container(horizontal=True, vertical_alignment="center")
        row.markdown(f"**{as_text(name)}** · {where} · {as_text(what, _EXCERPT) if what else ''}")
        if row.button("Show to all", key=f"show_{item.number}", icon=":material/present_to_all:"):
            _show(mine, item)
        if _is_on_screens(shown, state, item):
            row.markdown(words.ON_SCREENS)
            if row.button("See it here", key=f"see_{item.number}", icon=":material/visibility:"):
                go_to_view(*_view(item))
        if row.button("Take off", key=f"off_{item.number}", icon=":material/close:"):
            attempt(partial(class_service().take_off, mine.seat, item.number))
            st.rerun()


def _view(item: Item) -> tuple[str, dict[str, str]]:
    """Where something on the board is seen."""
    return (CONSOLE, {BOARD: str(item.number)}) if item.text else (item.lesson, dict(item.query))


def _show(mine: Sitting, item: Item) -> None:
    """Lead everybody there, and the projector in another window; a console stays a console."""
    attempt(lambda: class_service().show(mine.seat, *_view(item)))
    st.rerun()  # a console on the projector itself is led there by the class's bar


def _is_on_screens(shown: Shown, state: State, item: Item) -> bool:
    """Whether it was put up last, and nobody has led the class on since."""
    same_text = not item.text or state.query.get(BOARD) == str(item.number)
    return (shown.lesson, shown.query) == _view(item) and state.lesson == shown.lesson and same_text


def _own_link(mine: Sitting, page: str) -> None:
    with st.expander("Your own link, results"):
        st.markdown(words.LINK)
        if st.toggle("Show the link", key="class_own_link"):
            link = f"{page}{CONSOLE}#seat={mine.seat.text}"
            show_qr(link, LARGE)
            st.code(link, language=None, wrap_lines=True)
        if st.button(words.REISSUE, key="class_reissue"):
            seat = attempt(lambda: class_service().reissue(mine.seat))
            if seat:
                mine.seat = seat
                st.session_state["class_reissued"] = True
                st.rerun()
        if st.session_state.pop("class_reissued", False):
            st.caption(words.REISSUED)
        titles = _titles()  # what is made at the press has no session to ask
        st.download_button(
            "Results without names (CSV)",
            lambda: results(class_service().questions(mine.seat), titles),
            file_name="class.csv",
            mime="text/csv",
            key="class_csv",
            icon=":material/download:",
            on_click="ignore",
        )


def results(questions: list[Question], titles: Mapping[str, str]) -> str:
    """How many have chosen what, as CSV: a row for each answer, the first question first.

    titles: of lessons.
    """
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["lesson", "question", "answer", "pupils"])
    for question in reversed(questions):
        for option, count in zip(question.options, question.counts, strict=True):
            lesson = titles.get(question.lesson, question.lesson)
            texts = (lesson, unmarked(question.text), unmarked(option))
            writer.writerow([*map(_harmless, texts), count])
    return table.getvalue()


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: options may be tokens of a pupil's text."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _end(mine: Sitting) -> None:
    with st.popover(words.END, icon=":material/logout:"):
        st.markdown(words.END_SURE)
        st.button(words.END_NOW, key="end_class", type="primary", on_click=_end_now, args=(mine,))


def _end_now(mine: Sitting) -> None:
    def end() -> None:
        class_service().end(mine.seat)
        announce(words.ENDED)

    attempt(end)
    get_up()
