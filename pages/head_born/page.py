"""A head is born: the snapshots of a training run, one slider through all of them."""

import streamlit as st

from gpt_core.interpret.head_roles import score_text
from gpt_core.interpret.induction import repeat_test
from gpt_core.interpret.snapshots import look, moved
from pages.head_born import words
from pages.head_born.film import PROBES, PROBES_OF_LISTS, probe_of
from pages.head_born.panel import chosen_run, open_run, panel, waiting_runs
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.lesson import further_reading, goal, self_test, try_this, you_can_now
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.services.models import COPYING
from ui.services.study import Study


@about_prompt
def film(study: Study) -> None:
    left, right = st.columns([2, 3])
    with left:
        study = chosen_run(study)
    probes = PROBES_OF_LISTS if study.run_key == COPYING else PROBES
    key = "film_probe_of_lists" if study.run_key == COPYING else "film_probe"
    kind = widgets.segmented_control(
        "The probe: what every snapshot reads", probes, probes[0], key=key, container=right
    )
    panel(study, open_run(study), probe_of(study, kind))


st.title("A head is born")
study = current_study()
goal(words.GOAL)
waiting_runs(study)
open_run(study)
film()
prose(words.INTRO)
try_this(*words.TRY)
self_test(*words.SELF_TEST)
you_can_now(*words.CAN)
show_source(
    look,
    moved,
    score_text,
    repeat_test,
    label="The lines that ran: one snapshot, looked at",
)
further_reading(*words.READING)
