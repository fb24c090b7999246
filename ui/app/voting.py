"""A vote of the class, as its pupils see it: above every lesson, until the run has begun."""

from __future__ import annotations

from functools import partial

import streamlit as st

from ui.app.seat import Sitting, attempt, show_what_failed
from ui.services.classes.file import Question
from ui.services.classes.service import class_service
from ui.show.names import as_text

_CAST = "votes_cast"
CAST = "Your vote is in. The result comes when your teacher closes the vote."


def show_vote(mine: Sitting) -> None:
    """Draw what the class votes on, for a member; nothing where there is no vote."""
    vote = attempt(lambda: class_service().vote(mine.seat))
    if vote is None:
        return
    with st.container(border=True, key="class_vote"):
        st.markdown(f":material/how_to_vote: **{as_text(vote.text)}**")
        cast = st.session_state.setdefault(_CAST, set())
        if vote.revealed:
            st.markdown(result_text(vote))
        elif vote.id in cast:
            st.caption(CAST)
        else:
            _ballot(mine, vote, cast)


def _ballot(mine: Sitting, vote: Question, cast: set[str]) -> None:
    row = st.container(horizontal=True)
    for choice, option in enumerate(vote.options):
        if row.button(as_text(option), key=f"vote_{vote.id}_{choice}"):
            if attempt(partial(_cast, mine, choice)):
                cast.add(vote.id)
                st.rerun()
            show_what_failed()


def _cast(mine: Sitting, choice: int) -> bool:
    class_service().cast(mine.seat, choice)
    return True


def winner_of(vote: Question) -> int | None:
    """The option that most have chosen, of equals the first; None where nobody has voted."""
    most = max(vote.counts, default=0)
    return vote.counts.index(most) if most else None


def result_text(vote: Question) -> str:
    """How the class has voted."""
    winner = winner_of(vote)
    if winner is None:
        return "Nobody has voted."
    counts = zip(vote.options, vote.counts, strict=True)
    listed = ", ".join(f"{as_text(option)}: {count}" for option, count in counts)
    ahead = as_text(vote.options[winner])
    if vote.counts.count(vote.counts[winner]) > 1:
        return f"It is a tie; of those in front the first is taken: **{ahead}** ({listed})."
    return f"The class chose **{ahead}** ({listed})."
