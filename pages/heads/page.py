"""Multi-head attention: from heads to one vector, roles, values, healing, induction."""

import streamlit as st

from gpt_core.interpret.attention import without_heads
from gpt_core.interpret.head_importance import losses_without
from gpt_core.interpret.head_roles import score_text, shuffled
from gpt_core.interpret.induction import repeat_test
from gpt_core.interpret.output_projection import output_step
from pages.heads import panels, words
from ui.app.lesson import further_reading, try_this
from ui.app.source import show_source
from ui.app.study_bar import current_study

st.title("Multi-head attention")
study = current_study()
st.markdown(words.intro(study.model.config))
panels.note_cut()

st.header("From heads to one vector")
panels.show_step()

st.header("What each head looks at")
st.markdown(words.WHAT_ROLES)
panels.show_heads()
panels.ask_and_show_values()

st.header("Amputate and heal")
panels.show_healing(study)

st.header("Say it twice: induction")
st.markdown(words.WHY_TWICE)
panels.show_twice(study)

try_this(*words.TRY)
show_source(output_step, score_text, shuffled, without_heads, losses_without, repeat_test)
further_reading(*words.READING)
