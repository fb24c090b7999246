"""Head importance: what heads look at, what each is worth, and what happens when one is removed."""

import streamlit as st

from gpt_core.interpret.attention import without_heads
from gpt_core.interpret.head_importance import losses_without
from gpt_core.interpret.head_roles import fading, score_text, shuffled
from gpt_core.interpret.induction import repeat_test
from pages.head_importance import panels, words
from ui.app.glossary import prose
from ui.app.lesson import further_reading, goal, self_test, try_this, you_can_now
from ui.app.source import show_source
from ui.app.study_bar import current_study

st.title("Head importance")
study = current_study()
goal(words.GOAL)
prose(words.intro(study.loaded.imported))
panels.show_heads()
panels.ask_and_show_values()

st.header("Repeated text: induction heads")
prose(words.WHY_TWICE)
panels.show_twice(study)

st.header("Remove a head and train on")
panels.show_healing(study)

try_this(*words.to_try(study.model.config))
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(score_text, shuffled, fading, repeat_test, without_heads, losses_without)
further_reading(*words.READING)
