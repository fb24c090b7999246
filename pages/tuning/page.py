"""Tuning: which settings, how to find them, and when a difference may be believed."""

import streamlit as st

from gpt_core.experiments.effects import variance_shares
from gpt_core.experiments.range_test import RangeTest, range_test
from gpt_core.experiments.scaling_law import fit
from gpt_core.experiments.search import search
from gpt_core.experiments.stack import Stack, scales
from pages.tuning import words
from pages.tuning.known import show_known
from pages.tuning.panels import (
    show_maps,
    show_noise,
    show_range_test,
    show_rate_and_width,
    show_shares,
)
from pages.tuning.scaling import show_scaling
from pages.tuning.searching import show_search, show_search_on_text
from ui.app.glossary import prose
from ui.app.lesson import further_reading, goal, self_test, try_this, you_can_now
from ui.app.source import show_source
from ui.app.study_bar import current_study

current_study()
st.title("Tuning")
goal(words.GOAL)
st.header("The range test")
prose(words.RANGE)
show_range_test()
prose(words.INTRO)
st.caption(words.SETTING)

st.header("When the model grows")
show_rate_and_width()

st.header("The landscape")
show_maps()
st.subheader("What matters most")
prose(words.SHARES)
show_shares()

st.header("Which difference may be believed?")
prose(words.NOISE_INTRO)
show_noise()

st.header("Four ways to search")
prose(words.SEARCH)
prose(words.LOOKUP)
show_search()
st.subheader("On your own text")
prose(words.OWN_TEXT)
show_search_on_text()

show_scaling()

st.header("Known to be bad")
prose(words.KNOWN)
show_known()

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(Stack.take_step, scales, label="The lines that ran: many models in one step")
show_source(range_test, RangeTest.add, search, variance_shares, fit)
further_reading(*words.READING)
