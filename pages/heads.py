"""Multi-head attention: from heads to one vector, roles, values, healing, induction."""

import math

import streamlit as st

from gpt_core.head_values import losses_without
from gpt_core.induction import repeat_test
from gpt_core.lens import without_heads
from gpt_core.multihead import output_step
from gpt_core.roles import score_text, sharpest, shuffled
from ui import head_panels as panels
from ui import head_words as words
from ui.lesson import further_reading, predict, try_this
from ui.sidebar import current_study
from ui.source import show_source
from ui.traces import attention_of

MOST_CELLS = 4_000_000  # of all heads' pictures together

st.title("Multi-head attention")
study = current_study()
config = study.model.config
total = config.n_layer * config.n_head
study = study.last(math.isqrt(MOST_CELLS // total))
st.markdown(words.intro(config))
if study.left_out:
    st.info(f"Here you see {len(study.ids)} tokens; the prompt's first {study.left_out} are cut.")

st.header("From heads to one vector")
panels.show_step(study)

st.header("What each head looks at")
st.markdown(words.WHAT_ROLES)
panels.show_heads(study)

measured = total == 1
if total > 1:
    sharp, known = sharpest(attention_of(study).trace.pattern), panels.value_result(study)
    measured = predict(
        f"heads_guess_{study.run_key}_{sharp[0]}_{sharp[1]}",
        words.question(sharp, total),
        words.PLACES,
        lambda guess: words.answer(guess, sharp, known),
    )

st.header("What each head is worth")
if measured:
    panels.show_values(study)
else:
    st.markdown("Choose an answer first; then the values of all heads are shown here.")

st.header("Amputate and heal")
panels.show_healing(study)

st.header("Say it twice: induction")
st.markdown(words.WHY_TWICE)
panels.show_twice(study)

try_this(*words.TRY)
show_source(output_step, score_text, shuffled, without_heads, losses_without, repeat_test)
further_reading(*words.READING)
