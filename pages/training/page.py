"""Training: a model learns from a text while you watch."""

import streamlit as st

from gpt_core.training.optim import AdamW, Muon
from gpt_core.training.trainer import Trainer
from pages.training.compare import compare_runs
from pages.training.form import training_form
from pages.training.panel import choose_run, panel
from ui.app.lesson import try_this
from ui.app.source import show_source
from ui.app.study_bar import current_study

current_study()
st.title("Training")
st.markdown(
    "A new model knows nothing: its weights are random numbers. **One step** of training is this: "
    "take a batch of pieces of the text, let the model guess every next token, measure how "
    "surprised it is by the right one (the **loss**), ask which way each weight should move to be "
    "less surprised (the **gradient**), and move all of them a little. Then again, a few hundred "
    "times."
)

form, live = st.columns([1, 2], gap="large")
with form:
    st.subheader("A run of your own")
    training_form()
with live:
    st.subheader("Watch it learn")
    panel(choose_run())

st.header("Reading the curves")
with st.expander("Predict first: where does the loss start, and why there?"):
    st.markdown(
        "At **ln V**, where V is the number of different tokens. A model that knows nothing gives "
        "each token the same probability, 1/V, and its surprise is −ln(1/V) = ln V. A curve that "
        "starts far above it was badly initialised. Then look at the dotted lines: the first "
        "thing a model learns is how often each character comes at all (it meets *counting "
        "characters* within a few steps); then which follows which."
    )
with st.expander("Predict first: will the two curves part, and on which text soonest?"):
    st.markdown(
        "The training curve is measured on text that the model practises on, the validation curve "
        "on text that it never sees. As long as both fall, it learns the language. When the "
        "training curve goes on falling and the validation curve **turns up**, the model has begun "
        "to learn the text by heart: **overfitting**. A short text and a large model get there "
        "first. More text, a smaller model, dropout, or simply stopping earlier all help."
    )
one, two = st.columns(2)
one.markdown(
    "**Loss in bits.** The loss is the average surprise, −ln p, of the right token, in *nats*. "
    "Divide by ln 2 ≈ 0.693 and it is in **bits**: a loss of 1 bit is the surprise of a coin toss. "
    "A token of a byte-pair tokenizer holds several characters, so its loss is larger and means no "
    "harm. Divide by the characters per token, and **bits per character** can be compared between "
    "any two tokenizers, and with the counters of the Data lesson."
)
two.markdown(
    "**Warm-up.** In the first steps every gradient is large and points somewhere else, and Adam "
    "has seen too few of them to know their usual size. Starting with small steps avoids a stumble "
    "that takes long to mend. Towards the end the learning rate falls, so that the weights settle "
    "instead of jumping around the bottom."
)
one.markdown(
    "**Gradient norm.** The length of the gradient, all weights together: how steep the ground is "
    "here. It should settle early and then wander. A sudden spike is a batch that surprised the "
    "model; if spikes grow, the learning rate is too high and the run may **diverge**. Clipping "
    "shortens a gradient that is longer than a limit, so that one odd batch can't ruin the run."
)
two.markdown(
    "**The grey noise.** Each batch is another sample of the text, some harder than others, so the "
    "loss of one batch says little. The marked points are averages over many batches, always the "
    "same ones. Ctrl and the wheel zoom into a figure; a double click brings it back."
)

compare_runs()

try_this(
    "Train twice with the same seed. Are the curves the same? Now change only the seed: the "
    "distance between two seeds is how much of a difference you may believe in.",
    "Multiply the learning rate by 30. Watch the gradient norm just before it goes wrong.",
    "Paste a text of two pages on the Data page and train 1,000 steps. At which step does the "
    "validation curve turn up?",
    "Train *classic* and *modern* for 300 steps each and compare them over **seconds** above.",
    "Press *Use this model in every lesson* while a run is still going, open Attention, and look "
    "again a minute later.",
)
show_source(Trainer.__next__, Trainer._gradients, label="The lines that ran: one step of training")
show_source(AdamW, Muon, label="The lines that ran: AdamW and Muon")
