"""Norms compared: LayerNorm, RMSNorm, BatchNorm and none, in the same GPT."""

import streamlit as st
from torch import Tensor

from gpt_core.experiments.norm_axes import averaged_with, stream_block
from gpt_core.experiments.norm_leak import moved_by
from gpt_core.experiments.norm_race import Lane, make_trainer
from gpt_core.experiments.norm_surgery import multiply_stream
from gpt_core.model import norms
from pages.normalization import words
from pages.normalization.axes import choose_norm, show_icons, show_sheets
from pages.normalization.leak import (
    leaks,
    show_leak,
    show_modes,
    show_question,
    small_in_words,
)
from pages.normalization.race import show_race
from pages.normalization.recorded import show_learned, show_pre_against_post
from pages.normalization.surgery import show_surgery
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.lesson import ask, further_reading, goal, self_test, try_this, you_can_now
from ui.app.links import page_of
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.services.caches import PASSES, shared
from ui.services.models import LoadedModel
from ui.services.study import Study
from ui.show.tokens import short

SEQUENCES, TOKENS = 2, 4


@shared(PASSES)
def block_of(loaded: LoadedModel, ids: tuple[int, ...]) -> tuple[Tensor, list]:
    """A few numbers of the stream, from a forward pass shared by all who look at the same."""
    return stream_block(loaded.model, ids, SEQUENCES, TOKENS)


def one_of(label: str, count: int, start: int, key: str) -> int:
    """A slider over 0 … count - 1."""
    return widgets.select_slider(label, range(count), start, key=f"{key}_{count}")


@about_prompt
def show_axes(study: Study) -> None:
    # What comes after the first tokens doesn't change the block.
    block, rows = block_of(study.loaded, study.ids[: SEQUENCES * TOKENS])
    B, T, C = block.shape
    norm = choose_norm(list(words.NAMES), "layernorm", key="norms_axes")
    columns = st.columns(3)
    with columns[0]:
        b = one_of("Sequence", B, 0, "norms_b")
    with columns[1]:
        t = one_of("Token", T, T // 2, "norms_t")
    with columns[2]:
        c = one_of("Channel", C, min(2, C - 1), "norms_c")
    texts = [[short(study.tokenizer.token_text(i)) for i in row] for row in rows]
    together = averaged_with(norm, block, (b, t, c)).together
    show_sheets(block, texts, together, (b, t, c))
    st.markdown(
        f"{words.NAMES[norm]} of the framed number:\n\n{words.arithmetic(norm, block, (b, t, c))}"
    )
    show_icons((B, T, C), (b, t, c))
    st.caption(words.block(B=B, T=T, C=C, channels=study.model.config.n_embd))


st.title("Norms compared")
config = current_study().model.config
goal(words.GOAL)
show_question()
reveal = ask(
    "norms_guess",
    words.LEAK_QUESTION,
    words.OPTIONS,
    lambda choice: words.predicted_words(choice, leaks()),
)
if reveal:
    st.header("BatchNorm's leak")
    show_leak()
    with st.expander(words.MODES):
        show_modes()
        st.caption(small_in_words())

st.header("Which numbers are averaged together")
prose(words.axes(config.norm, config.norm_position))
show_axes()

st.header("Four norms, one race")
prose(words.RACE)
show_race()

st.header("Pre against post")
show_pre_against_post()

with st.expander("γ and β: free or frozen"):
    show_learned()

st.header("The residual stream times ten")
prose(words.SURGERY)
show_surgery()

try_this(*words.TRY)
self_test(*words.SELF_TEST)
you_can_now(*words.CAN)
st.page_link(page_of("layernorm"), label="LayerNorm, number by number", icon=":material/equalizer:")
show_source(norms.LayerNorm, norms.RMSNorm, norms.BatchNorm, label="The three norms")
show_source(
    averaged_with,
    make_trainer,
    Lane.step,
    norms.freeze_gain_and_bias,
    moved_by,
    multiply_stream,
)
further_reading(*words.READING)
