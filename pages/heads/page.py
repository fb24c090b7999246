"""Multi-head attention: why a layer has several heads, and how they become one vector."""

import streamlit as st

from gpt_core.interpret.output_projection import output_step
from pages.heads import panels, words
from ui.app.lesson import further_reading, goal, self_test, try_this, you_can_now
from ui.app.source import show_source
from ui.app.study_bar import current_study

st.title("Multi-head attention")
config = current_study().model.config
goal(words.GOAL)
panels.show_lesson()

try_this(*words.to_try(config))
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(output_step)
further_reading(*words.READING)
