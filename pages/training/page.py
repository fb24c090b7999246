"""Training: a model learns from a text while you watch."""

import streamlit as st

from gpt_core.training.optim import AdamW, Muon
from gpt_core.training.trainer import Trainer
from pages.training import words
from pages.training.compare import compare_runs
from pages.training.form import training_form
from pages.training.panel import CURVE, bars_of, choose_run, other_number, panel, samples, view_of
from ui.app.glossary import prose
from ui.app.in_view import bring_into_view
from ui.app.lesson import ANSWER_HIDDEN, further_reading, goal, self_test, try_this, you_can_now
from ui.app.locks import REVEAL, locked
from ui.app.seat import followed
from ui.app.source import show_source
from ui.app.study_bar import current_study
from ui.services.models import BUNDLED
from ui.services.runs import RunView


def reading_the_curves(view: RunView | None, hidden: bool) -> None:
    """What curves tell in general, and of the run shown. hidden: not where the loss begins."""
    st.header("Reading the curves")
    prose(words.INTRO)
    setup = view.setup if view else None
    one, two = st.columns(2, gap="large")
    with one:
        prose(ANSWER_HIDDEN if hidden else words.START)
        prose(words.PARTING)
        if view and not hidden:
            prose(words.run_shown(view, bars_of(view)))
        if view and not hidden and view.run_id == BUNDLED:
            prose(other_number(view))
        prose(words.DROPOUT)
        prose(words.BITS)
    with two:
        prose(words.WARM_UP)
        prose(words.GRADIENT_NORM)
        if setup and setup.train and setup.model:
            prose(words.recipe(setup.train))
            prose(words.noise(setup.train, setup.model.block_size))
        prose(words.SEEDS)
    if setup and setup.train and setup.model and not hidden:
        st.subheader("What was built in")
        prose(words.built_in(setup.model, setup.train, setup.start))


current_study()
st.title("Training")
goal(words.GOAL)

form, live = st.columns([2, 3], gap="large")
with form:
    st.subheader("A run of your own")
    started = training_form()
with live:
    st.subheader("Watch it learn")
    chosen = choose_run()
    panel(chosen)
    watched = chosen != BUNDLED and (followed() or {}).get("run") == chosen
    if run := started or (chosen if watched else None):  # on a phone the curve is below the form
        bring_into_view([CURVE], run)

samples(chosen)
# The question is asked of the bundled run alone.
reading_the_curves(view_of(chosen), chosen == BUNDLED and locked(REVEAL))
compare_runs()
prose(words.TAKE_ALONG)

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(Trainer.__next__, Trainer._gradients, label="The lines that ran: one step of training")
show_source(AdamW, Muon, label="The lines that ran: AdamW and Muon")
further_reading(*words.READING)
