"""Lens and patching: what each layer would answer, which state carries the answer, and a push."""

import streamlit as st

from gpt_core.interpret.logit_lens import logit_lens, scale_matters
from gpt_core.interpret.patching import patch, patch_each
from gpt_core.interpret.steering import steer
from gpt_core.interpret.variants import run_variants
from pages.patching import words
from pages.patching.compared import POSITION, compare_lenses
from pages.patching.panel import patching, room
from pages.patching.results import lens_of, stream_of
from ui.app import widgets
from ui.app.compare import other_study
from ui.app.glossary import prose
from ui.app.lesson import (
    ask,
    further_reading,
    goal,
    say_what_is_cut,
    self_test,
    try_this,
    you_can_now,
)
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.components.stream_grids import chosen_column, lens_grid
from ui.services.study import Study
from ui.show.tokens import token_in_words

LENS = "logit_lens"


@about_prompt
def lens(study: Study) -> None:
    """Ask where the answer appears, then show every layer's."""
    study = study.last(room(study))
    say_what_is_cut(study)
    if other := other_study():
        above = st.container()
        position = choose_position(study)
        with above:
            compare_lenses(study, other.study.last(room(other.study)), position, LENS)
        return
    found = lens_of(study, False)
    token = study.tokenizer.token_text(int(found.top[-1, -1, 0]))
    if ask(
        "lens_guess",
        words.lens_question(token, float(found.share[-1, -1])),
        words.lens_guesses(study.model.config.n_layer),
        lambda guess: words.lens_reveal(guess, found, token),
    ):
        show_lens(study)
        st.markdown(words.misleads(found, study.ids, study.model.config.tie_weights))


def choose_position(study: Study) -> int:
    position = widgets.select_slider(
        "Which token", range(len(study.ids)), len(study.ids) - 1, key=POSITION
    )
    st.markdown(token_in_words(study.tokens, position))
    return position


def show_lens(study: Study) -> None:
    position = choose_position(study)
    matters = scale_matters(study.model)
    reuse = matters and widgets.toggle("Reuse the last layer's scale instead", key="lens_reuse")
    ends = stream_of(study).stream[[0, -1], position].norm(dim=-1).tolist()
    found = lens_of(study, reuse)

    def choose_column() -> None:
        column = chosen_column(LENS, len(study.ids))
        if column is not None:
            st.session_state[POSITION] = column

    name = f"{study.fingerprint} {study.ids} {reuse}"
    lens_grid(found, study.tokens, study.tokenizer, position, LENS, name, choose_column)
    if reuse:
        st.markdown(words.reused(lens_of(study, False), found, position))
    st.caption(words.lens_note(study.model.config, ends, matters))


st.title("Lens and patching")
config = current_study().model.config
goal(words.GOAL)
prose(words.about_lens(config))
lens()

st.header("Which state carries the answer?")
prose(words.PATCHING)
patching()

try_this(*words.to_try(config.n_layer))
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(logit_lens, patch, patch_each, steer, run_variants)
further_reading(*words.READING)
