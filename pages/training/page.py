"""Training: a model learns from a text while you watch."""

import streamlit as st

from gpt_core.training.optim import AdamW, Muon
from gpt_core.training.trainer import Trainer
from pages.training import words
from pages.training.compare import compare_runs
from pages.training.form import training_form
from pages.training.panel import choose_run, panel
from ui.app.lesson import try_this
from ui.app.source import show_source
from ui.app.study_bar import current_study

current_study()
st.title("Training")
st.markdown(words.INTRO)

form, live = st.columns([1, 2], gap="large")
with form:
    st.subheader("A run of your own")
    training_form()
with live:
    st.subheader("Watch it learn")
    panel(choose_run())

st.header("Reading the curves")
with st.expander(words.WHERE_IT_STARTS):
    st.markdown(words.START)
with st.expander(words.WHETHER_THEY_PART):
    st.markdown(words.PARTING)
one, two = st.columns(2)
one.markdown(words.BITS)
two.markdown(words.WARM_UP)
one.markdown(words.GRADIENT_NORM)
two.markdown(words.NOISE)

compare_runs()

try_this(*words.TRY)
show_source(Trainer.__next__, Trainer._gradients, label="The lines that ran: one step of training")
show_source(AdamW, Muon, label="The lines that ran: AdamW and Muon")
