"""A head is born: the snapshots of a training run, one slider through all of them."""

import streamlit as st

from gpt_core.interpret.head_roles import score_text
from gpt_core.interpret.snapshots import look, moved
from pages.head_born.film import PROBES, PROMPT, probe_of
from pages.head_born.panel import open_run, panel, waiting_runs
from ui.app import widgets
from ui.app.lesson import further_reading, try_this
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.services.study import Study


@about_prompt
def film(study: Study) -> None:
    kind = widgets.segmented_control(
        "The probe that every snapshot reads", PROBES, PROMPT, key="film_probe"
    )
    panel(study, open_run(study), probe_of(study, kind))


st.title("A head is born")
study = current_study()
st.markdown(
    "Nobody tells a head what to look at. All of them begin as **random numbers**, and training "
    "moves the numbers a little at every step. While a model trains, copies of its weights are put "
    "aside: **snapshots**. Each one is a whole model of that moment. Give all of them the same few "
    "words to read, the **probe**, and you can watch the heads find their places."
)
waiting_runs(study)
open_run(study)
film()
try_this(
    "Choose *random tokens, said twice*. After the first half everything can be copied. Does what "
    "the model writes go on with the repetition, at any step?",
    "Lock one head and hold the right arrow key on the slider. When does its picture settle?",
    "Watch the logit lens: at which step do early layers begin to guess what the last one does?",
    "Train a model of your own, press *Use this model in every lesson*, come back here while it "
    "trains, and let the film follow it.",
)
show_source(
    look,
    moved,
    score_text,
    label="The lines that ran: one snapshot, looked at",
)
further_reading(
    "Olsson et al. 2022, [In-context Learning and Induction Heads]"
    "(https://transformer-circuits.pub/2022/in-context-learning-and-induction-heads/index.html): "
    "induction heads appear all at once, early in training, and the loss curve shows it",
    "Nanda et al. 2023, [Progress Measures for Grokking via Mechanistic Interpretability]"
    "(https://arxiv.org/abs/2301.05217)",
    "Biderman et al. 2023, [Pythia](https://arxiv.org/abs/2304.01373): models published with all "
    "their snapshots",
)
