"""A blind test: two texts begin alike; one of them was written by the model."""

from __future__ import annotations

import html
from random import Random

import streamlit as st

from gpt_core.evaluation.continuations import Continuation, continuations
from gpt_core.evaluation.held_out import held_out
from gpt_core.generate.sample import SampleConfig, SampleError
from pages.evaluation import words
from ui.app.glossary import prose
from ui.app.locks import REVEAL, locked
from ui.services.caches import shared
from ui.services.models import LoadedModel, own_copy

ROUNDS, GIVEN, WRITTEN = 10, 24, 56  # tokens
LARGE, FEW_ROUNDS = 10_000_000, 3  # of a model with more parameters nobody waits for ten
_STATE = "eval_blind"
_STYLE = """<style>
.blind {white-space:pre-wrap; overflow-wrap:anywhere; font-family:monospace; line-height:1.45;
  min-height:9rem; padding:.6rem .8rem; border-radius:.5rem;
  border:1px solid color-mix(in srgb, currentColor 22%, transparent)}
.blind .given {opacity:.65}
</style>"""


@shared(wait="The model goes on with held-out beginnings …")
def rounds_of(loaded: LoadedModel) -> list[Continuation]:
    """The texts of the test; fewer where there is less text."""
    longest = min(GIVEN + WRITTEN, loaded.model.config.block_size)
    rounds = FEW_ROUNDS if loaded.model.num_parameters() > LARGE else ROUNDS
    pieces = held_out(loaded.run, rounds, longest).pieces
    given, config = min(GIVEN, longest // 2), SampleConfig(temperature=0.8, min_p=0.02, seed=11)
    try:
        found = continuations(own_copy(loaded), loaded.tokenizer, pieces, given, config)
        return [pair for pair in found if pair.real != pair.written]
    except SampleError:
        return []


@st.fragment
def show_blind(loaded: LoadedModel) -> None:
    """Round after round; then the score."""
    rounds = rounds_of(loaded)
    if not rounds:
        st.info(words.NO_BLIND)
        return
    answers: list[bool] = st.session_state.setdefault(_STATE, {}).setdefault(loaded.fingerprint, [])
    if answers and locked(REVEAL):
        st.info(words.blind_kept(len(answers)), icon=":material/lock:")
    elif answers:
        prose(words.blind_score(answers, len(rounds)))
    if len(answers) == len(rounds):
        return
    number = len(answers)
    pair, first = rounds[number], model_is_first(loaded, number)
    texts = (pair.written, pair.real) if first else (pair.real, pair.written)
    st.markdown(words.blind_round(number + 1, len(rounds)))
    columns = st.columns(2, gap="medium")
    for side, (column, text) in enumerate(zip(columns, texts, strict=True)):
        given = html.escape(pair.beginning.lstrip())
        column.html(
            f'{_STYLE}<div class="blind"><span class="given">{given}</span>'
            f"{html.escape(text)}</div>"
        )
        column.button(
            words.THE_MODEL[side],
            key=f"eval_blind_{side}",
            on_click=answers.append,
            args=((side == 0) == first,),
            width="stretch",
        )


def model_is_first(loaded: LoadedModel, number: int) -> bool:
    """Which of two sides is the model's: a coin that falls the same way for everybody."""
    return Random(f"{loaded.fingerprint} {number}").random() < 0.5
