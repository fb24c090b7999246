"""Evaluation: how good a model is, and how one would know."""

import streamlit as st

from gpt_core.evaluation.calibration import best_temperature, reliability
from gpt_core.evaluation.copying import CopyFinder
from gpt_core.evaluation.guessing import bounds
from gpt_core.evaluation.reading import read
from gpt_core.evaluation.samples import look
from gpt_core.evaluation.surprise import token_bits
from pages.evaluation import words
from pages.evaluation.blind import show_blind
from pages.evaluation.coloured import show_kinds, show_own_text
from pages.evaluation.copied import show_copied
from pages.evaluation.looks import show_looks
from pages.evaluation.measures import show_calibration, show_clothes, show_positions
from pages.evaluation.race import show_race
from pages.evaluation.results import measured
from pages.evaluation.shannon import show_game
from ui.app.glossary import prose
from ui.app.lesson import further_reading, goal, self_test, try_this, you_can_now
from ui.app.source import show_source
from ui.app.study_bar import current_study, model_names
from ui.services.study import Study
from ui.show.names import show_error


def on_held_out_text(study: Study) -> None:
    """All that takes text of the kind that the model learned from."""
    loaded = study.loaded
    if loaded.imported:
        st.info(words.IMPORTED)
    show_kinds()
    st.header("One number, four clothes")
    prose(words.CLOTHES)
    show_clothes(loaded)
    st.subheader("And a person?")
    prose(words.GAME)
    show_game(loaded)
    st.header("Loss by position")
    prose(words.POSITIONS)
    show_positions(loaded, model_names().get(study.run_key, study.run_key))
    st.header("Calibrated?")
    prose(words.CALIBRATION)
    show_calibration(loaded)
    st.header("Did it copy?")
    if loaded.imported:
        st.info(words.NOT_ITS_TEXT)
    else:
        prose(words.COPY)
        show_copied(study)
    st.header("Samples side by side")
    prose(words.LOOKS)
    show_looks()
    st.subheader("Blind test")
    prose(words.BLIND)
    show_blind(loaded)


st.title("Evaluation")
study = current_study()
goal(words.GOAL)
prose(words.INTRO)
show_own_text()

if isinstance(problem := measured(study.loaded), str):
    if problem:
        show_error(problem)
    else:
        st.info(words.NO_TEXT)
else:
    on_held_out_text(study)

st.header("A race of tokenizers")
prose(words.RACE)
show_race()

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(token_bits, read, reliability, best_temperature, bounds, look, CopyFinder)
further_reading(*words.READING)
