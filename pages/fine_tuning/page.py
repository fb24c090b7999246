"""Fine-tuning: a trained model learns another text, and what that costs it on the old one."""

import streamlit as st

from gpt_core.adapters.lora import LoRALinear, add_lora
from gpt_core.adapters.ways import prepare
from gpt_core.interpret.weight_change import weight_changes
from pages.fine_tuning import words
from pages.fine_tuning.parts import show_own, show_rank, show_tuning
from ui.app.glossary import prose
from ui.app.lesson import further_reading, goal, self_test, try_this, you_can_now
from ui.app.source import show_source
from ui.app.study_bar import current_study

st.title("Fine-tuning")
study = current_study()
goal(words.GOAL)
prose(words.INTRO)
show_tuning(study)

st.header("LoRA: two thin matrices")
prose(words.FORMULA)
show_rank(study)

st.header(words.OWN)
show_own(study)

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(LoRALinear, add_lora, prepare, weight_changes)
further_reading(*words.READING)
