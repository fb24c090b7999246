"""The residual stream times ten: on the loaded model, and on small ones that differ in the norm."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from pages.normalization import words
from pages.normalization.leak import held_out, small_model
from ui.app import widgets
from ui.app.lesson import numbers_row
from ui.app.study_bar import about_prompt
from ui.services.caches import PASSES, shared
from ui.services.study import Study
from ui.show.bars import probability_pairs, show_bars
from ui.show.curves import Line, curves, show
from ui.show.numbers import number, percent

if TYPE_CHECKING:
    from gpt_core.experiments.norm_surgery import Surgery
    from gpt_core.model.gpt import GPT
    from gpt_core.tokenizers import Tokenizer

LOADED = "loaded"
FACTORS = [0.1, 1.0, 2.0, 5.0, 10.0, 100.0]


@dataclass(frozen=True)
class Patient:
    """A model, and the tokens that it reads. key: what its results are kept under, see `shared`."""

    model: GPT
    tokenizer: Tokenizer
    ids: tuple[int, ...]
    key: Hashable


@shared(PASSES)
def _surgery(patient: Patient, layer: int, factor: float) -> Surgery:
    from gpt_core.experiments.norm_surgery import multiply_stream

    return multiply_stream(patient.model, patient.ids, layer, factor)


@about_prompt
def show_surgery(study: Study) -> None:
    """Choose a model, a depth and a factor; see what the branches still weigh, and the loss."""
    patient, layer, factor = _controls(study)
    done = _surgery(patient, layer, factor)
    after = done.after.probabilities
    if not (after.isfinite().all() and done.after.stream.isfinite().all()):
        st.warning(words.TOO_LARGE)
        return
    _metrics(done, layer)
    st.markdown(words.surgery_in_words(patient.model, layer, factor, done))
    _draw(study, patient, done, factor)


def _controls(study: Study) -> tuple[Patient, int, float]:
    left, middle, right = st.columns([3, 2, 2])
    names = {LOADED: "the loaded model"} | {n: f"small, {words.NAMES[n]}" for n in words.NAMES}
    which = widgets.selectbox(
        "Model", list(names), key="norms_patient", container=left, format_func=names.__getitem__
    )
    if which == LOADED:
        patient = Patient(study.model, study.tokenizer, study.ids, study.key)
    else:
        x, _, tokenizer = held_out()
        ids = tuple(x[0].tolist())
        patient = Patient(small_model(which), tokenizer, ids, f"small {which}")
    layers = patient.model.config.n_layer
    layer = widgets.select_slider(
        "Where it enters layer",
        range(layers),
        min(1, layers - 1),
        key=f"norms_layer_{layers}",
        container=middle,
    )
    factor = widgets.select_slider(
        "Multiply the stream by",
        FACTORS,
        10.0,
        key="norms_times",
        container=right,
        format_func=lambda value: f"×{value:g}",
    )
    return patient, layer, factor


def _metrics(done: Surgery, layer: int) -> None:
    from gpt_core.experiments.norm_surgery import added_share

    before, after = (added_share(trace, layer) for trace in (done.before, done.after))
    values = {
        "Attention, share of the stream": f"{percent(before[0])} → {percent(after[0])}",
        "MLP, share of the stream": f"{percent(before[1])} → {percent(after[1])}",
        "Loss on the text, bits per token": _bits(done.before.loss, done.after.loss),
        "Probability that moved": f"{100 * done.moved:.1f}%",
    }
    numbers_row(values)


def _bits(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "one token only"
    return f"{number(before / math.log(2))} → {number(after / math.log(2))}"


def _draw(study: Study, patient: Patient, done: Surgery, factor: float) -> None:
    left, right = st.columns(2)
    lines = [
        Line(name, range(len(trace.stream)), trace.stream.mean(dim=1).tolist(), i, markers=True)
        for i, (name, trace) in enumerate(
            (("as it is", done.before), (f"multiplied by {factor:g}", done.after))
        )
    ]
    with left:
        chart = curves(
            lines,
            x_title="branches passed (0: embedding)",
            y_title="mean length of the stream",
            height=340,
            log_y=all(min(line.y) > 0 for line in lines),
        )
        show(chart, "norms_stream", "Length of the residual stream by depth, before and after")
    with right:
        figure = probability_pairs(
            done.before.probabilities, done.after.probabilities, patient.tokenizer
        )
        show_bars(figure, "norms_next", "Probabilities of the likeliest next tokens")
    st.caption(words.surgery_caption(patient.model is study.model))
