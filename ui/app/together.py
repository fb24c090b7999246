"""A class predicts together: its answers to the question of a lesson, counted and shown."""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import streamlit as st

from ui.app.in_view import bring_into_view
from ui.app.locks import REVEAL, locked
from ui.app.seat import HERE, Sitting, attempt, my_role, sitting, watch_class
from ui.services.classes.file import Question
from ui.services.classes.limits import ClassError
from ui.services.classes.service import asked, class_service
from ui.show.names import show_error, unmarked
from ui.show.numbers import counted
from ui.show.tables import show_markup
from ui.show.theme import series_color

_HANDED_IN, _HIDDEN = "answers_handed_in", "answers_hidden"
_TICK = 1.0  # seconds between two looks of the teacher's page at how many have answered
CHOSEN = "How many of the class chose each answer"
_STYLE = """<style>
.class-answers {display:grid; grid-template-columns:minmax(4rem, max-content) minmax(45%, 1fr);
  gap:.45rem .9rem; align-items:center; max-width:60rem}
.class-answers span {overflow-wrap:anywhere; max-width:24rem}
.class-answers .right {font-weight:700}
.class-answers div {display:flex; align-items:center; gap:.5rem}
.class-answers i {background:var(--bar); height:1.5rem; border-radius:2px}
</style>"""
HIDDEN = "Your answer stays as it is. In this link, what is right is hidden."
WAITING = "Your answer is in. You see what is right when your teacher reveals it."


@dataclass(frozen=True)
class Right:
    """Which of a question's options are right, by their places, and what is said of that."""

    places: tuple[int, ...]
    said: str


@dataclass(frozen=True)
class Together:
    """A question that is asked in a class. sitting: of who sees it. id: of the question there."""

    sitting: Sitting
    teacher: bool
    id: str

    def known(self) -> Question | None:
        """The question with its counts, as far as this visitor may see them."""
        return class_service().question(self.sitting.seat, self.id)


def asked_in_class(
    key: str, question: str, options: Sequence[str], guess: str | None
) -> Together | None:
    """Hand in a member's first guess; None where there is no class. See `ui.app.lesson.ask`."""
    mine, role = sitting(), my_role()
    if mine is None or role is None:
        return None
    lesson = st.session_state.get(HERE, "")
    identity = asked(lesson, key, question, options).id
    try:
        if guess is not None and not role.teacher and identity not in _handed_in(mine):
            choice = [*options].index(guess)
            class_service().answer(mine.seat, lesson, key, question, options, choice)
            _handed_in(mine).add(identity)
    except ClassError as error:
        show_error(error)
        return None
    return Together(mine, role.teacher, identity)


def _handed_in(mine: Sitting) -> set[str]:
    """The questions that were answered from this seat."""
    by_seat = st.session_state.setdefault(_HANDED_IN, {})
    return by_seat.setdefault(mine.seat.text, set())


def waits(together: Together | None) -> bool:
    """Whether an answer isn't judged, or not yet; then that is said."""
    if not locked(REVEAL) or (together and together.known()):
        return False
    st.info(WAITING if sitting() else HIDDEN, icon=":material/hourglass_empty:")
    return True


def show_together(together: Together | None, box: str, find_right: Callable[[], Right]) -> None:
    """For the teacher how many have answered, and the button; the histogram once it is revealed.

    box: a selector of what is chosen from; who sees it is shown what is revealed. find_right: for
    the teacher, who needn't have answered; members are told of their own answers alone.
    """
    if together is None:
        return
    if not together.teacher:
        question = together.known()
        if question:
            histogram(question)
        _bring_up(together.id, question is not None, box)
        return

    def draw(now: tuple[Question | None, int]) -> None:
        question, members = now
        st.caption(answered_text(question, members))
        if question and question.revealed:
            right = find_right()
            if right.said:
                st.info(right.said, icon=":material/check:")
            histogram(question, right.places)
        elif question and st.button(
            "Reveal to the class", key=f"reveal_{question.id}", icon=":material/visibility:"
        ):
            attempt(lambda: class_service().reveal(together.sitting.seat, question.id))
            st.rerun()
        _bring_up(together.id, bool(question and question.revealed), box)

    watch_class(
        lambda: (together.known(), len(class_service().members(together.sitting.seat))),
        draw,
        lambda now: None if now[0] and now[0].revealed else _TICK,
        name=f"together_{together.id}",
    )


def _bring_up(identity: str, revealed: bool, box: str) -> None:
    """What was revealed since the page was drawn before comes into view."""
    hidden: set[str] = st.session_state.setdefault(_HIDDEN, set())
    with st.empty():  # always there, so that nothing below it moves on
        if not revealed:
            hidden.add(identity)
        elif identity in hidden:
            hidden.discard(identity)
            bring_into_view([f".st-key-picture_class_answers_{identity}"], identity, box)


def answered_text(question: Question | None, members: int, done: str = "Answered") -> str:
    """How many have answered: all that a projector shows before the teacher reveals it."""
    number = question.answered if question else 0
    return f":material/groups: {done}: {number} of {counted(members, 'pupil')}."


def histogram(question: Question, right: Collection[int] = ()) -> None:
    """How many chose what. right: the places of the options that are marked as right."""
    options = [
        f"✓ {unmarked(option)}" if place in right else unmarked(option)
        for place, option in enumerate(question.options)
    ]
    counts = [*zip(options, question.counts, strict=True)]
    most = max(1, *question.counts)
    bars = "".join(
        f"<span{' class=right' * (place in right)}>{html.escape(option)}</span>"
        f'<div><i style="width:{90 * count / most:.1f}%"></i><b>{count}</b></div>'
        for place, (option, count) in enumerate(counts)
    )
    show_markup(
        f'{_STYLE}<div class="class-answers" role="figure" aria-label="{CHOSEN}" '
        f'style="--bar:{series_color(1)}">{bars}</div>',
        f"class_answers_{question.id}",
        CHOSEN,
        lambda: [("answer", "pupils"), *counts],
    )
