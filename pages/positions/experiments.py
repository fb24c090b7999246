"""The Positions lesson's experiments: positions shifted or removed, and rotation by hand."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st
from torch import Tensor

from gpt_core.interpret.positions import (
    Moved,
    predict_at,
    score_by_distance,
    shifted,
    stretched,
    turn,
)
from gpt_core.model.recording import run
from pages.positions import figures, words
from ui.app import widgets
from ui.app.lesson import ask, case_of, numbers_row
from ui.components.chart import show
from ui.services.caches import shared
from ui.services.study import Study
from ui.services.traces import attention_of
from ui.show.bars import probability_pairs, show_bars
from ui.show.curves import show as show_chart
from ui.show.numbers import tidy
from ui.show.tables import show_markup, show_table
from ui.show.tokens import short

FURTHER, APART, REMOVED = "all further on", "farther apart", "removed"
MOST_SHIFT = 200


@shared()
def moved_by(study: Study, how: str, by: int = 0) -> Moved:
    """Two forward passes, with the positions as they are and moved."""
    positions = {FURTHER: shifted, APART: stretched}.get(how)
    return predict_at(study.model, study.ids, positions and positions(len(study.ids), by))


def _place(study: Study, place: int) -> str:
    return f"{place}: {short(study.tokens[place].text)}"


def show_rotation(study: Study) -> None:
    """q and k of two tokens, turned to where they stand and further on; their product."""
    config, T = study.model.config, len(study.ids)
    if config.head_dim % 2:
        st.info(words.odd_heads(config.head_dim))
        return
    places = [_place(study, i) for i in range(T)]
    one, two, three, four = st.columns(4)
    layer = widgets.selectbox("Layer", range(config.n_layer), key="emb_layer", container=one)
    head = widgets.selectbox("Head", range(config.n_head), key="emb_head", container=two)
    asks = widgets.selectbox("Token of the query", places, T - 1, key="emb_query", container=three)
    asked = widgets.selectbox(
        "Token of the key", places, max(0, T - 4), key="emb_key", container=four
    )
    i, j = places.index(asks), places.index(asked)
    shift = widgets.slider("Both moved on by", 0, 500, 10, key="emb_both")
    trace = attention_of(study).trace
    q, k = trace.q[layer, head, i], trace.k[layer, head, j]
    if config.position == "rope":
        q, k = turn(q, -i), turn(k, -j)
    table = figures.rotation_table(q, k, (i, j), shift)
    show_table(
        pd.DataFrame(table, index=pd.Index(figures.rotation_rows(len(q)), name="channels")),
        "emb_rotations",
        "Rotations of q and k",
    )
    here, there = ((turn(q, i + by) @ turn(k, j + by)).item() for by in (0, shift))
    st.markdown(words.products(here=here, there=there, i=i, j=j, shift=shift))
    if config.causal and i < j:
        st.caption(words.LATER)
    longest = max(min(config.block_size - 1, 512), abs(i - j))
    show(
        figures.distance_curve(q, k, i - j, config.causal and i >= j, longest),
        "emb_distance",
        words.DISTANCE_ALT,
    )
    near, far = score_by_distance(q, k, [0, longest]).tolist()
    st.caption(words.elsewhere(head_dim=config.head_dim, near=near, longest=longest, far=far))


@dataclass(frozen=True)
class Swapped:
    """The next token's probabilities as two neighbours stand, and when they change places."""

    at: int
    before: Tensor
    after: Tensor

    @property
    def share(self) -> float:
        """How much of the probability moved."""
        return (self.after - self.before).abs().sum().item() / 2


@shared()
def swapped(study: Study) -> Swapped | None:
    """Swap the first neighbours that differ, none of them the last token; None without such."""
    ids = list(study.ids)
    at = next((i for i in range(len(ids) - 2) if ids[i] != ids[i + 1]), None)
    if at is None:
        return None
    other = [*ids[:at], ids[at + 1], ids[at], *ids[at + 2 :]]
    before, after = (run(study.model, each).logits[-1].softmax(dim=-1) for each in (ids, other))
    return Swapped(at, before, after)


def show_swap(study: Study) -> None:
    """A model without positions has none to move: ask what it knows of the order."""
    found = swapped(study)
    if found is None:
        st.info(words.NO_SWAP)
        return
    one, two = (study.tokens[place].text for place in (found.at, found.at + 1))
    if not ask(
        f"emb_guess_none_{case_of(study.ids)}",
        words.swap_question(one, two, found.at),
        [words.SAME, words.OTHER],
        lambda guess: words.swap_answer(guess, found.share, study.model.config),
    ):
        return
    names = ("as they are", words.SWAPPED)
    show_bars(
        probability_pairs(found.before, found.after, study.tokenizer, names=names),
        "emb_probabilities",
        words.OUTCOME_ALT,
    )


def show_experiment(study: Study) -> None:
    """A question about shifting; then shift, stretch or remove, and see the prediction."""
    kind, T = study.model.config.position, len(study.ids)
    room = min(study.model.config.block_size - T, MOST_SHIFT)
    if room < 1:
        st.info(words.no_room(study.model.config.block_size))
        return
    by = min(10, room)
    show_markup(
        figures.two_places(study.tokens, by),
        "emb_places",
        words.TWO_PLACES,
        lambda: [
            ("token", "position", "moved to"),
            *((short(token.text), i, i + by) for i, token in enumerate(study.tokens)),
        ],
    )
    if not ask(
        f"emb_guess_{kind}",
        words.question(by),
        [words.SAME, words.OTHER],
        lambda guess: words.answer(guess, moved_by(study, FURTHER, by), kind),
    ):
        return
    left, right = st.columns(2)
    how = widgets.segmented_control(
        "The positions are", [FURTHER, APART, REMOVED], FURTHER, key="emb_how", container=left
    )
    number = 0
    if how == FURTHER:
        number = widgets.slider("by", 1, room, by, key="emb_by", container=right)
        st.caption(words.further(number))
    elif how == APART:
        st.caption(words.DOUBLED)
        number = 2
    else:
        st.caption(words.REMOVED[kind])
    _show_outcome(study, how, number)


def _show_outcome(study: Study, how: str, number: int) -> None:
    moved = moved_by(study, how, number)
    before, after = moved.effect.loss_before, moved.effect.loss_after
    numbers = {"Probability that moved": f"{100 * words.moved_share(moved):.2f}%"}
    numbers["Largest change of a logit"] = tidy(moved.logits, 0)
    if before is not None and after is not None:
        numbers["Loss before, bits per token"] = words.shown_bits(before)
        numbers["Loss after"] = words.shown_bits(after)
    numbers_row(numbers)
    st.markdown(words.loss_in_words(moved, study.model.config.vocab_size))
    if how == REMOVED and study.model.config.causal:
        st.markdown(words.MASK)
    names = ("as they are", how)
    show_bars(
        probability_pairs(moved.effect.before, moved.effect.after, study.tokenizer, names=names),
        "emb_probabilities",
        words.OUTCOME_ALT,
    )


@st.fragment
def show_likeness(tables: dict) -> None:
    """Curves of how alike positions are, for each kind of table, around a chosen place."""
    place = widgets.slider("Position", 0, figures.MOST_POSITIONS - 1, 20, key="emb_place")
    named = {words.NAMES[kind]: table for kind, table in tables.items()}
    show_chart(
        figures.likeness_curves(figures.likeness(named, place), place),
        "emb_likeness",
        words.LIKENESS_ALT,
    )
