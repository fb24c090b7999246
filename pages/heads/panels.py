"""The parts of the Multi-head lesson, on one layer and one token of the prompt."""

from __future__ import annotations

import math

import streamlit as st

from gpt_core.interpret.output_projection import KEPT, OutputStep, output_step
from pages.heads import figures, words
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.lesson import predict, say_what_is_cut
from ui.app.study_bar import about_prompt
from ui.components.chart import show
from ui.services.study import Study
from ui.services.traces import attention_of, recorded
from ui.show.tables import show_table

MOST_CELLS = 4_000_000  # of all heads' weights together


@about_prompt
def show_lesson(study: Study) -> None:
    """All that depends on the prompt: z, the question, and the way to one vector."""
    config = study.model.config
    study = study.last(math.isqrt(MOST_CELLS // (config.n_layer * config.n_head)))
    say_what_is_cut(study)
    left, right = st.columns(2)
    layer = widgets.select_slider(
        "Layer", range(config.n_layer), 0, key="heads_layer", container=left
    )
    T = len(study.ids)
    position = widgets.select_slider("Token", range(T), T - 1, key="heads_token", container=right)
    step = output_step(study.model, recorded(study.loaded, study.ids, *KEPT), layer, position)
    prose(words.step(config, layer, position, study.tokens[position].text))
    show(figures.side_by_side(step), "heads_z", words.Z_ALT)
    if config.n_head > 1:
        prose(words.TASK)
    key = f"heads_weights_{config.n_embd}_{config.n_head}"
    options = (words.FEWER, words.SAME, words.MORE)
    if predict(key, words.question(config), options, lambda guess: words.answer(guess, config)):
        _one_set_each(study, layer, position)
    _to_one_vector(study, step)


def _one_set_each(study: Study, layer: int, position: int) -> None:
    """Where each head of the layer gives most, for the chosen token."""
    shares, places = attention_of(study).trace.pattern[layer, :, position].max(dim=-1)
    most = [
        words.Most(place, study.tokens[place].text, share)
        for place, share in zip(places.tolist(), shares.tolist(), strict=True)
    ]
    visible = position + 1 if study.model.config.causal else len(study.ids)
    st.markdown(words.one_set_each(study.tokens[position].text, most, visible, len(study.ids) > 1))


def _to_one_vector(study: Study, step: OutputStep) -> None:
    """The output projection: its picture, its sum over heads, one number of it by hand."""
    st.header("From heads to one vector")
    prose(words.AGAIN)
    st.latex(words.formula(study.model.config))
    show(figures.written(step), "heads_out", words.OUT_ALT)
    prose(words.WHY_SUM)
    prose(words.who_writes(step))
    with st.expander(words.BY_HAND, icon=":material/calculate:"):
        channel = int(step.attn_out.abs().argmax())
        st.markdown(words.by_hand(channel))
        show_table(
            words.one_number(step, channel), "heads_number", "One number, as a sum over heads"
        )
        st.caption(words.check(step))
