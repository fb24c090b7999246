"""A vote of the class, as its pupils see it: above every lesson, until the run has begun."""

from __future__ import annotations

from functools import partial

import streamlit as st

from ui.app.seat import Sitting, attempt, show_what_failed
from ui.services.classes.file import Question
from ui.services.classes.service import class_service
from ui.show.names import as_text


def show_vote(mine: Sitting) -> None:
    """Draw what the class votes on, for a member; nothing where there is no vote."""
    service = class_service()
    found = attempt(lambda: (service.vote(mine.seat), service.vote_of(mine.seat)))
    vote, chosen = found or (None, None)
    if vote is None:
        return
    with st.container(border=True, key="class_vote"):
        st.markdown(f":material/how_to_vote: **{as_text(vote.text)}**")
        if vote.revealed:
            st.markdown(result_text(vote))
        elif chosen is not None:
            st.caption(cast_text(vote.options[chosen]))
        else:
            _ballot(mine, vote)


def cast_text(option: str) -> str:
    """What who has voted is told until the vote is closed."""
    return f"You chose **{as_text(option)}**. The result comes when your teacher closes the vote."


def _ballot(mine: Sitting, vote: Question) -> None:
    row = st.container(horizontal=True)
    for choice, option in enumerate(vote.options):
        if row.button(as_text(option), key=f"vote_{vote.id}_{choice}"):
            if attempt(partial(_cast, mine, choice)):
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
