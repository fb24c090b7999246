"""The LayerNorm lesson's experiment: multiply what a norm reads and see who cares."""

from __future__ import annotations

import math
from dataclasses import dataclass

import streamlit as st
from torch import Tensor, nn

from gpt_core.interpret.norms import (
    DepthTrace,
    find_norm,
    rescale_input,
    rescale_stream,
    size_at_scales,
)
from pages.layernorm import figures, words
from ui.app import widgets
from ui.app.lesson import Answer, ask, numbers_row
from ui.components.chart import show
from ui.services.study import Study
from ui.show.bars import probability_pairs, show_bars
from ui.show.numbers import tidy

FACTORS = [float(f"{digit}e{power}") for power in range(-3, 3) for digit in (1, 2, 5)] + [1000.0]
ANSWERS = {"ten times as much": 10.0, "the same": 1.0, "a tenth": 0.1}
ONLY_THE_NORM, WHOLE_STREAM = "only what the norm reads", "the whole stream"


@dataclass(frozen=True)
class Place:
    """One token at one norm."""

    study: Study
    trace: DepthTrace
    name: str
    position: int

    @property
    def norm(self) -> nn.Module:
        """The norm."""
        return find_norm(self.study.model, self.name)

    @property
    def x(self) -> Tensor:
        """What the norm reads of this token, (C,)."""
        return self.trace.norms[self.name].before[self.position]


@st.fragment
def show_experiment(place: Place) -> None:
    """A token's numbers and a question; then the slider. Only this part of the page runs again."""
    study, trace = place.study, place.trace
    left, right = st.columns([3, 2], gap="large")
    with left:
        kinds = study.model.config.norm, getattr(place.norm, "bias", None) is not None
        bars = figures.vector_bars(trace.norms[place.name], place.position, words.stages(*kinds))
        show(bars, "norm_vector", words.BARS_ALT)
    with right:
        st.subheader("Does the norm care how large its input is?")
        if not _predicted(place):
            st.info(words.ANSWER_FIRST, icon=":material/lock:")
            return
    factor, whole = _controls(place)
    again = rescale_input(study.model, study.ids, trace, place.name, factor)
    probabilities = again.probabilities
    if whole:
        probabilities = rescale_stream(study.model, study.ids, place.name, factor)
    if not (probabilities.isfinite().all() and again.output.isfinite().all()):
        st.warning(words.TOO_LARGE)
        return
    moved = (probabilities - trace.probabilities).abs().sum().item() / 2
    change = (again.output - trace.norms[place.name].after)[place.position].abs().max().item()
    sizes = dict(zip(FACTORS, size_at_scales(place.norm, place.x, FACTORS), strict=True))
    size_of_input = place.x.square().mean().sqrt().item()
    row = {
        "Size going in": tidy(size_of_input * factor, 0),
        "Size coming out": tidy(sizes[factor], 0),
        "Largest change in the result": tidy(change, 0),
        "Probability that moved": f"{100 * moved:.2f}%",
    }
    numbers_row(row)
    st.markdown(words.verdict(place.norm, place.x, factor, sizes[factor] / (sizes[1.0] or 1.0)))
    if whole:
        st.markdown(words.stream_verdict(place.name, factor, moved))
    _draw(place, sizes, size_of_input, factor, probabilities)


def _predicted(place: Place) -> bool:
    """Ask, and compare the answer with what this norm does to this token."""

    def judge(guess: str) -> Answer:
        one, ten = size_at_scales(place.norm, place.x, [1.0, 10.0])
        ratio = max(ten, 1e-12) / max(one, 1e-12)
        closest = min(ANSWERS, key=lambda answer: abs(math.log(ratio / ANSWERS[answer])))
        kind = place.study.model.config.norm
        return words.answer(guess, closest, place.position, (one, ten), kind)

    return ask(
        "norm_guess",
        words.question(place.name),
        list(ANSWERS),
        judge,
    )


def _controls(place: Place) -> tuple[float, bool]:
    """The factor, and whether it multiplies the stream itself, where that is another thing."""
    left, right = st.columns(2)
    factor = widgets.select_slider(
        "Multiply by",
        FACTORS,
        1.0,
        key="norm_factor",
        container=left,
        format_func=lambda value: f"×{value:g}",
    )
    if place.study.model.config.norm_position == "post":
        right.caption(words.IN_THE_STREAM)
        return factor, False
    if place.name == "norm_f":
        right.caption(words.LAST_NORM)
        return factor, False
    where = widgets.segmented_control(
        "What is multiplied",
        [ONLY_THE_NORM, WHOLE_STREAM],
        ONLY_THE_NORM,
        key="norm_where",
        container=right,
    )
    return factor, where == WHOLE_STREAM


def _draw(
    place: Place,
    sizes: dict[float, float],
    size_of_input: float,
    factor: float,
    probabilities: Tensor,
) -> None:
    left, right = st.columns(2)
    with left:
        show(
            figures.response_curve(sizes, size_of_input, factor),
            "norm_response",
            "Size of the normalised token against the factor on its input",
        )
    with right:
        before, tokenizer = place.trace.probabilities, place.study.tokenizer
        show_bars(
            probability_pairs(before, probabilities, tokenizer, names=("at ×1", "multiplied")),
            "norm_probabilities",
            "Probabilities of the likeliest next tokens before and after",
        )
    st.caption(words.outcome(place.position))
