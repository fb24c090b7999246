"""A head is born: the snapshots of a training run, one slider through all of them."""

import streamlit as st

from gpt_core.interpret.head_roles import score_text
from gpt_core.interpret.snapshots import look, moved
from pages.head_born import words
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
st.markdown(words.INTRO)
waiting_runs(study)
open_run(study)
film()
try_this(*words.TRY)
show_source(
    look,
    moved,
    score_text,
    label="The lines that ran: one snapshot, looked at",
)
further_reading(*words.READING)
