"""The class votes on its run: the teacher asks, and the form takes over what won."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import streamlit as st

import corpus
from corpus import MIN_CHARACTERS
from pages.training import words
from ui.app.chosen_text import choose_corpus
from ui.app.seat import Sitting, attempt, my_role, sitting, watch_class
from ui.app.together import answered_text, histogram
from ui.app.voting import result_text, winner_of
from ui.services.classes.file import Question
from ui.services.classes.service import class_service
from ui.show.tokens import short

FOR_CLASS = "run_for_class"
NEW = "new weights"  # what a run starts from
_TICK = 1.0  # seconds
_KEYS = {words.RATE: "train_rate", words.WIDTH: "width"}
_MOST_TEXTS = 5
_LABEL = 60  # characters of a text, as an option


def let_vote(preset: Mapping[str, Any]) -> None:
    """Draw it, for a class's teacher. preset: the form's usual values by key."""
    mine, role = sitting(), my_role()
    if mine is None or role is None or not role.teacher:
        return
    vote = attempt(lambda: class_service().vote(mine.seat))
    icon = ":material/how_to_vote:"
    with st.expander(words.VOTE, expanded=vote is not None, icon=icon):
        if vote is None:
            _ask(mine, preset)
        elif vote.revealed:
            st.markdown(result_text(vote))
            histogram(vote)
            st.button(words.NO_VOTE, key="vote_away", on_click=forget_vote)
        else:
            _count(mine, vote)


def forget_vote() -> None:
    """The run has begun, or the teacher puts the vote away."""
    mine, role = sitting(), my_role()
    if mine and role and role.teacher and class_service().state(mine.seat).vote:
        attempt(lambda: class_service().forget_vote(mine.seat))


def _ask(mine: Sitting, preset: Mapping[str, Any]) -> None:
    topics = list(words.QUESTIONS_OF_VOTE)
    topic = st.selectbox(words.VOTE_ON, topics, key="vote_topic")
    options = _options(mine, topic, preset)
    if len(options) < 2:
        st.caption(words.NO_TEXTS.format(MIN_CHARACTERS))
        return
    st.caption(words.choices_of_vote(options))
    if st.button(words.ASK_CLASS, key="vote_ask"):
        text = words.QUESTIONS_OF_VOTE[topic]
        attempt(lambda: class_service().ask_vote(mine.seat, text, options))
        st.rerun()


def _options(mine: Sitting, topic: str, preset: Mapping[str, Any]) -> list[str]:
    if topic == words.TEXT:
        return [words.TEXT_OF_APP, *_texts(mine, _MOST_TEXTS)]
    usual = preset[_KEYS[topic]]
    factors = (1 / 3, 1, 3) if topic == words.RATE else (1 / 2, 1, 2)
    return [
        f"{usual * factor:.2g}" if topic == words.RATE else f"{usual * factor:.0f}"
        for factor in factors
    ]


def _texts(mine: Sitting, most: float = math.inf) -> dict[str, corpus.Corpus]:
    """The newest texts on the board that a model can learn from, by how they begin."""
    found: dict[str, corpus.Corpus] = {}
    for item in class_service().items(mine.seat):
        if len(item.text) >= MIN_CHARACTERS and len(found) < most:
            with suppress(corpus.CorpusError):
                found[f"{item.number}: {short(item.text, _LABEL)}"] = corpus.from_paste(item.text)
    return found


def _count(mine: Sitting, vote: Question) -> None:
    st.markdown(f"**{vote.text}**")
    service = class_service()
    watch_class(
        lambda: (service.vote(mine.seat), len(service.members(mine.seat))),
        _say_how_many,
        lambda _: _TICK,
        name=f"vote_{vote.id}",
    )
    st.button(words.TAKE_WINNER, key="vote_take", type="primary", on_click=_take, args=(mine,))


def _say_how_many(now: tuple[Question | None, int]) -> None:
    st.caption(answered_text(*now, done=words.VOTED))


def _take(mine: Sitting) -> None:
    """Before the form is drawn: it has what won."""
    vote = attempt(lambda: class_service().decide_vote(mine.seat))
    winner = winner_of(vote) if vote else None
    if vote is None or winner is None:
        return
    topics = {text: topic for topic, text in words.QUESTIONS_OF_VOTE.items()}
    topic, option = topics[vote.text], vote.options[winner]
    if topic == words.TEXT:
        text = _texts(mine).get(option)
        if text or option == words.TEXT_OF_APP:  # the teacher may have taken it off the board
            choose_corpus(text)
    else:
        value = float(option) if topic == words.RATE else int(option)
        st.session_state[_KEYS[topic]] = value
    st.session_state["train_from"] = NEW
    st.session_state[FOR_CLASS] = True
