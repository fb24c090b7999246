"""Lean models: quantization, pruning, distillation, the KV cache, and what a larger one needs."""

import streamlit as st

from gpt_core.compression.distillation import distillation_loss
from gpt_core.compression.gptq import gptq
from gpt_core.compression.layers import QuantizedLinear
from gpt_core.compression.pruning import kept
from gpt_core.compression.rounding import nearest, to_codes
from gpt_core.experiments.training_memory import checkpointed, in_parts
from pages.lean import panels, words
from ui.app.glossary import prose
from ui.app.lesson import further_reading, goal, self_test, try_this, you_can_now
from ui.app.source import show_source
from ui.app.study_bar import current_study

st.title("Lean models")
study = current_study()
goal(words.GOAL)
prose(words.INTRO)
st.markdown(words.TASK)
panels.show_grid(study)

st.header("Fewer bits, other clothes")
if panels.ask_about_bits(study):
    panels.show_switches(study)

st.header("Fewer weights: pruning")
panels.show_pruning(study)

st.header("A smaller model, taught: distillation")
panels.show_distillation(study)

st.header("Never compute twice: the KV cache")
panels.show_cache(study)

st.header("The same step in less memory or time")
found = panels.show_training(study)
st.subheader("Compile it")
panels.show_compile(study)

st.header("A thousand times the size")
panels.show_scale(study, found)

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(nearest, to_codes, gptq, QuantizedLinear)
show_source(kept, distillation_loss, in_parts, checkpointed, label="Pruning, teaching, training")
further_reading(*words.READING)
