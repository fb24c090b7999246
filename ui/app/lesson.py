"""What every lesson has: its goal, a question before the reveal, things to try, a self-test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from re import sub
from typing import TYPE_CHECKING

import streamlit as st

from ui.app.in_view import bring_into_view
from ui.app.locks import REVEAL, locked
from ui.app.together import Right, asked_in_class, show_together, waits

if TYPE_CHECKING:
    from ui.services.study import Study

_GUESSES = "guesses"
_NEW = "guessed now"  # the key of the question that this run of the page comes from
ANSWER_HIDDEN = ":material/lock: This answer is locked: talk about it first."
NONE_RIGHT = "None of the answers is right here."
GAME_HIDDEN = "This game tells answers, and answers are locked now."


@dataclass(frozen=True)
class Answer:
    """What is said of a guess. right: None where it is neither right nor wrong.

    why: the numbers that decide, in a sentence or more.
    """

    right: bool | None
    why: str

    @property
    def text(self) -> str:
        """As it is read. The mark says it, too, to who can't tell green from orange."""
        mark = {True: "✓ **Right.** ", False: "✗ **Not quite.** ", None: ""}[self.right]
        return mark + self.why


def goal(text: str) -> None:
    """One line under the title: what a reader will know after the lesson."""
    st.container(key="goal").markdown(f":material/flag: **Goal:** {text}")


def predict(
    key: str, question: str, options: Sequence[str], judge: Callable[[str], Answer]
) -> bool:
    """The question of a lesson, under a heading; see `ask`. Whether the reader has chosen."""
    st.header("Predict first")
    return ask(key, question, options, judge)


def case_of(*of: object) -> str:
    """A short name of what a question is about, for its key: the same in every process."""
    return sha256(repr(of).encode()).hexdigest()[:12]


def ask(
    key: str,
    question: str,
    options: Sequence[str],
    judge: Callable[[str], Answer],
    picture: str = "",
) -> bool:
    """Ask; once the reader has chosen, say what `judge` finds. Whether they have chosen.

    The first guess is kept as long as the session lasts, and is never in the address. In a class it
    is handed in, and may have to wait there until the teacher reveals what is right. key: another
    case (another head, another prompt) is another question, so it belongs into the key. What
    belongs to the answer is drawn by the page if True. picture: a selector of what it shows, where
    that stands above the question: both are brought into view.
    """
    guesses: dict[str, str] = st.session_state.setdefault(_GUESSES, {})
    first = guesses.get(key)
    if first in options:  # what is disabled, or was left for another page, loses its value
        st.session_state[key] = first
    st.markdown(question)
    choice = st.radio(
        question,
        options,
        index=None,
        key=key,
        disabled=first in options,
        label_visibility="collapsed",
        on_change=_keep,
        args=(key,),
    )
    guess = first if first in options else choice
    new = st.session_state.get(_NEW) == key
    if new:
        del st.session_state[_NEW]
    box = f".st-key-{sub('[^a-zA-Z0-9_-]', '-', key)}"
    together = asked_in_class(key, question, options, guess)
    if guess is None or waits(together):
        show_together(together, box, lambda: right_of(options, judge))
        return False
    answer = judge(guess)
    draw = {True: st.success, False: st.warning, None: st.info}[answer.right]
    draw(answer.text)
    with st.empty():  # always there, so that nothing below it moves on
        if new:
            verdict = f"{box} ~ * [data-testid=stAlert]"
            bring_into_view([picture] * bool(picture) + [verdict], key)
    show_together(together, box, lambda: right_of(options, judge, told=True))
    return True


def right_of(options: Sequence[str], judge: Callable[[str], Answer], told: bool = False) -> Right:
    """What is right, for who reveals it to a class. told: whether they have been told why."""
    judged = [judge(option) for option in options]
    places = tuple(place for place, answer in enumerate(judged) if answer.right)
    if places:
        which = " · ".join(options[place] for place in places) + "."
        why = "" if told else judged[places[0]].why
        says_it = why.startswith(which[:-1])
        return Right(places, f"**Right:** {why if says_it else f'{which} {why}'.rstrip()}")
    none_is = all(answer.right is False for answer in judged)
    return Right((), NONE_RIGHT if none_is else "")


def guessed(key: str) -> bool:
    """Whether the reader has answered this question already."""
    return key in st.session_state.get(_GUESSES, {})


def _keep(key: str) -> None:
    if (guess := st.session_state.get(key)) is not None:
        st.session_state[_GUESSES].setdefault(key, guess)
        st.session_state[_NEW] = key


def say_what_is_cut(study: Study, whose: str = "prompt") -> None:
    """A sentence, where the prompt is longer than the model reads or the lesson shows.

    whose: what was typed, where that is not the prompt.
    """
    T, cut = len(study.ids), study.left_out
    whole = study.model.config.block_size == T
    limit = f"The model reads {T} tokens at a time" if whole else f"Here you see {T} tokens"
    if cut:
        first = "first one is" if cut == 1 else f"first {cut:,} are"
        st.info(f"{limit}; the {whose}'s {first} cut.")


def numbers_row(numbers: Mapping[str, str]) -> None:
    """Large numbers side by side, by their labels."""
    for column, (label, value) in zip(st.columns(len(numbers)), numbers.items(), strict=True):
        column.metric(label, value)


def try_this(*suggestions: str) -> None:
    """What a reader can do now."""
    st.header("Try this")
    st.markdown("\n".join(f"- {suggestion}" for suggestion in suggestions))


def self_test(*questions: tuple[str, str]) -> None:
    """Questions whose answers open by a press, unless the answers are locked."""
    st.header("Test yourself")
    hidden = locked(REVEAL)
    for question, answer in questions:
        with st.expander(question):
            st.markdown(ANSWER_HIDDEN if hidden else answer)


def you_can_now(*abilities: str) -> None:
    """What a reader can do after the lesson; each completes "You can now …"."""
    st.markdown("**You can now** " + "; ".join(abilities) + ".")


def further_reading(*entries: str) -> None:
    """Papers and books, as Markdown, behind an expander."""
    with st.expander("Further reading", icon=":material/menu_book:"):
        st.markdown("\n".join(f"- {entry}" for entry in entries))
