"""Norms compared: LayerNorm, RMSNorm, BatchNorm and none, in the same GPT."""

import streamlit as st
from torch import Tensor

from gpt_core.experiments.norm_axes import averaged_with, stream_block
from gpt_core.experiments.norm_leak import moved_by
from gpt_core.experiments.norm_race import Lane, make_trainer
from gpt_core.experiments.norm_surgery import multiply_stream
from gpt_core.model import norms
from pages.normalization.axes import NAMES, arithmetic, choose_norm, show_icons, show_sheets
from pages.normalization.leak import (
    OPTIONS,
    leaks,
    predicted_words,
    show_leak,
    show_modes,
    small_in_words,
)
from pages.normalization.race import show_race
from pages.normalization.recorded import show_learned, show_pre_against_post
from pages.normalization.surgery import show_surgery
from ui.app import widgets
from ui.app.lesson import further_reading, predict, try_this
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
    norm = choose_norm(list(NAMES), "layernorm", key="norms_axes")
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
    st.markdown(f"{NAMES[norm]} of the framed number:\n\n{arithmetic(norm, block, (b, t, c))}")
    show_icons((B, T, C), (b, t, c))
    st.caption(
        f"The numbers are the loaded model's: its residual stream at the middle layer, of your "
        f"prompt's first {B * T} tokens as a batch of B = {B} sequences of T = {T}. Of "
        f"{study.model.config.n_embd} channels the first C = {C} are shown, and the calculation is "
        f"done on these {B} × {T} × {C} alone. A model's norm goes over all channels."
    )


st.title("Norms compared")
config = current_study().model.config
st.markdown(
    "Every norm does the same to a number: subtract a **mean**, divide by a typical **size**. They "
    "differ above all in *which other numbers* that mean and size are taken from, which decides "
    f"what a token's result depends on. The loaded model has **{NAMES[config.norm]}** "
    f"({config.norm_position}-norm)."
)

st.header("Which numbers are averaged together")
show_axes()

st.header("Four norms, one race")
st.markdown(
    "Four small GPTs, 64 wide, with the same weights to begin with and the same batches of the "
    "bundled text, one character a token. They take turns, step by step. Only the norm differs. No "
    "gradient is clipped and nothing decays, because each of those does part of a norm's work."
)
show_race()

st.header("Pre against post")
st.markdown(
    "A **pre-norm** stands before a branch, beside the stream. A **post-norm** stands in the "
    "stream, so on the way back every gradient must pass through all of them. Look at the first "
    "step, when nothing has been learned yet, and then at the last look that was kept."
)
show_pre_against_post()

st.header("γ and β: free or frozen")
st.markdown(
    "After normalising, each channel is multiplied by its own γ (gamma) and gets its own β (beta). "
    "They begin at 1 and 0 and are learned. What if they may not move? Pre-norm, 4 layers, three "
    "seeds with γ and β free and three with them frozen."
)
show_learned()

reveal = predict(
    "norms_guess",
    "A small GPT in training mode reads 3 sequences. You change **one token near the end** of the "
    "first. Attention hides it from everything before it. With which norm does the prediction in "
    "the *middle* of that sequence move all the same?",
    OPTIONS,
    lambda choice: predicted_words(choice, leaks()),
)
if reveal:
    st.header("BatchNorm's leak")
    st.markdown(small_in_words())
    show_leak()
    st.subheader("Training against eval")
    show_modes()

st.header("The residual stream times ten")
st.markdown(
    "An operation on a living model: multiply the residual stream by ten somewhere in the middle, "
    "and let it run on. What do the branches after that still weigh, and what does the prediction "
    "say to it?"
)
show_surgery()

try_this(
    "Look at the race *post, no warm-up* after *post*. Which norms needed the warm-up?",
    "Choose *my own settings* and look for the largest learning rate that the model without a norm "
    "survives. Does a larger depth change it?",
    "In the leak, watch how far the prediction moves with 1, 2 and 3 sequences. Why?",
    "Multiply the stream by 10 in the loaded model, then in the small one without a norm.",
)
st.page_link(page_of("layernorm"), label="LayerNorm, number by number", icon="📊")
show_source(norms.LayerNorm, norms.RMSNorm, norms.BatchNorm, label="The three norms")
show_source(
    averaged_with,
    make_trainer,
    Lane.step,
    norms.freeze_gain_and_bias,
    moved_by,
    multiply_stream,
)
further_reading(
    "Ioffe & Szegedy 2015, [Batch Normalization](https://arxiv.org/abs/1502.03167)",
    "Ba, Kiros & Hinton 2016, [Layer Normalization](https://arxiv.org/abs/1607.06450)",
    "Zhang & Sennrich 2019, [Root Mean Square Layer Normalization]"
    "(https://arxiv.org/abs/1910.07467)",
    "Xiong et al. 2020, [On Layer Normalization in the Transformer Architecture]"
    "(https://arxiv.org/abs/2002.04745): pre against post, gradients by layer, and warm-up",
    "Shen et al. 2020, [PowerNorm: Rethinking Batch Normalization in Transformers]"
    "(https://arxiv.org/abs/2003.07845)",
    "Wu & He 2018, [Group Normalization](https://arxiv.org/abs/1803.08494): the picture of what is "
    "averaged, for images",
)
