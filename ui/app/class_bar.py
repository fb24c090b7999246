"""The line above a lesson in a class: whose class it is, who follows whom, what to hand in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui.app import address
from ui.app.following import go_to_view
from ui.app.links import page_of
from ui.app.projector import presenting
from ui.app.seat import (
    HERE,
    Sitting,
    attempt,
    come_back,
    look_around,
    my_role,
    points,
    show_what_failed,
    sitting,
    watch_class,
)
from ui.app.visitor import visitor_id
from ui.app.voting import show_vote
from ui.app.widgets import texts_of_widgets
from ui.services.classes.codes import LENGTH, clean_code
from ui.services.classes.service import BOARD, CONSOLE, Shown, class_service
from ui.services.training import training_service
from ui.show.names import as_text
from ui.show.numbers import counted

if TYPE_CHECKING:
    from ui.services.classes.file import Member

RUNS = "training"  # the lesson at which a run is looked at
_LONGEST_TEXT = 4_000
_TICK = 1.0  # seconds between two looks at who is here, and at what is on the screen
_HAND_IN, _TEXT = "class_hand_in", "class_hand_in_text"


def class_bar() -> None:
    """Draw it, for who is in a class; course/main.py calls it once per rerun."""
    show_what_failed()
    mine, role = sitting(), my_role()
    if mine is None or role is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="class_bar", gap="small"):
        if role.member is None:
            _of_teacher(mine, role.code)
        else:
            _of_member(mine, role.code, role.member)
    if role.member:
        show_vote(mine)


def _of_teacher(mine: Sitting, code: str) -> None:
    service = class_service()
    led = "your page leads" if mine.leads else "your page leads nobody"

    def draw(now: tuple[int, Shown]) -> None:
        members, shown = now
        st.markdown(f":material/groups: Class **{code}** · {counted(members, 'pupil')}, {led}")
        known, mine.on_screen = mine.on_screen, shown.number
        if presenting() and known not in (None, shown.number):  # by the console, in another window
            mine.put_up = shown.number, shown.lesson
            go_to_view(shown.lesson, dict(shown.query))

    watch_class(
        lambda: (len(service.members(mine.seat)), service.shown(mine.seat)),
        draw,
        lambda _: _TICK,
        name="class_bar",
    )
    if st.session_state.get(HERE) != CONSOLE:
        st.page_link(page_of(CONSOLE), label="Console", icon=":material/tune:")
    # A link to the same page would leave in the address what of the board is shown.
    elif address.text_of(BOARD) and st.button(
        "Console", key="class_console", icon=":material/tune:", type="tertiary"
    ):
        go_to_view(CONSOLE, {})
    label, icon = ("Let them go", "explore") if mine.leads else ("Lead again", "near_me")
    st.button(label, key="class_lead", icon=f":material/{icon}:", on_click=_lead, args=(mine,))
    st.button(
        "Hide my pointer" if points(mine) else "Show my pointer",
        key="class_point",
        icon=":material/web_traffic:",
        on_click=_point,
        args=(mine,),
        help="Whoever follows you sees where your mouse is on the page.",
    )
    st.button(
        "Everybody here",
        key="class_call",
        icon=":material/campaign:",
        on_click=_call,
        args=(mine,),
        help="Whoever looks around alone follows you again.",
    )


def _point(mine: Sitting) -> None:
    mine.points = not points(mine)


def _lead(mine: Sitting) -> None:
    mine.leads = not mine.leads


def _call(mine: Sitting) -> None:
    mine.leads = True
    attempt(lambda: class_service().call(mine.seat))


def _of_member(mine: Sitting, code: str, member: Member) -> None:
    where = "you look around alone" if mine.free else "you follow your teacher"
    st.markdown(f":material/groups: Class **{code}** · {as_text(member.nickname)} · {where}")
    if mine.free:
        st.button(
            "Back to the class",
            key="class_back",
            type="primary",
            icon=":material/undo:",
            on_click=come_back,
        )
    else:
        st.button(
            "Look around on my own",
            key="class_free",
            icon=":material/explore:",
            on_click=look_around,
        )
    box = st.popover("Hand in", icon=":material/upload:", key=_HAND_IN, on_change="rerun")
    if box.open:
        with box:
            _hand_in(mine)


def _hand_in(mine: Sitting) -> None:
    lesson = st.session_state.get(HERE, "")
    view = "This view: the picture, the model and the prompt as I see them"

    def view_of_mine() -> None:
        _handed_in(mine, lesson, address.texts() | texts_of_widgets())

    # What these hand in is asked for at the press: by then another prompt may be under study.
    def prompt_of_mine() -> None:
        _handed_in(mine, lesson, {}, st.session_state["study_request"][1])

    def run_of_mine() -> None:
        if run_id := _newest_run():
            _handed_in(mine, RUNS, {"run": run_id})

    def text_of_mine() -> None:
        if (text := str(st.session_state.get(_TEXT) or "")).strip():
            _handed_in(mine, lesson, {}, text)

    st.button(view, key="hand_in_view", on_click=view_of_mine)
    st.button("The prompt alone", key="hand_in_prompt", on_click=prompt_of_mine)
    if _newest_run():
        st.button("My newest run, with its curves", key="hand_in_run", on_click=run_of_mine)
    with st.form("hand_in_form", clear_on_submit=True, border=False):
        st.text_area("A text: a sample, a prompt, an answer", max_chars=_LONGEST_TEXT, key=_TEXT)
        st.form_submit_button("Hand in the text", on_click=text_of_mine)


def _newest_run() -> str | None:
    return next(iter(training_service().names(visitor_id())), None)


def _handed_in(mine: Sitting, lesson: str, query: dict[str, str], text: str = "") -> None:
    """Put something on the board and close the box, which would hide what the teacher shows."""
    number = attempt(lambda: class_service().hand_in(mine.seat, lesson, query, text))
    if number is not None:
        st.session_state[_HAND_IN] = False
        st.toast("It is on your teacher's board.")


def join_box() -> None:
    """A small box for a class's code, for who is in none."""
    if sitting():
        return
    with st.container(horizontal=True, vertical_alignment="center", key="join_box", gap="small"):
        typed = st.text_input(
            "Code of the class",
            key="join_code",
            max_chars=2 * LENGTH,
            width=220,
            placeholder="In a class? Its code",
            label_visibility="collapsed",
        )
        if st.button("Join", key="join_class_button") or typed:
            go_to_view(CONSOLE, {"code": clean_code(typed or "")})
