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
from gpt_core.model.norms import LayerNorm, RMSNorm
from pages.layernorm import figures
from pages.layernorm.words import WHY, plain
from ui.app import widgets
from ui.app.lesson import Answer, ask, numbers_row
from ui.services.study import Study
from ui.show.numbers import tidy
from ui.show.plotly_json import probability_pairs, show

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
    """Ask for a prediction, then give out the slider. Only this part of the page runs again."""
    if not _predicted(place):
        st.info("Choose an answer first. Then you can try it.", icon=":material/lock:")
        return
    study, trace = place.study, place.trace
    factor, whole = _controls(place)
    again = rescale_input(study.model, study.ids, trace, place.name, factor)
    probabilities = again.probabilities
    if whole:
        probabilities = rescale_stream(study.model, study.ids, place.name, factor)
    if not (probabilities.isfinite().all() and again.output.isfinite().all()):
        st.warning("The numbers grew too large for 32 bits (overflow). Choose a smaller factor.")
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
    st.markdown(_verdict(place, factor, sizes[factor] / (sizes[1.0] or 1.0)))
    if whole:
        st.markdown(_stream_verdict(place.name, factor, moved))
    _draw(place, sizes, size_of_input, factor, probabilities)


def _predicted(place: Place) -> bool:
    """Ask, and compare the answer with what this norm does to this token."""

    def judge(guess: str) -> Answer:
        one, ten = size_at_scales(place.norm, place.x, [1.0, 10.0])
        ratio = max(ten, 1e-12) / max(one, 1e-12)
        closest = min(ANSWERS, key=lambda answer: abs(math.log(ratio / ANSWERS[answer])))
        told = "" if guess == closest else f"Closer is **{closest}**. "
        return Answer(
            guess == closest,
            f"{told}Token {place.position} comes out with size **{tidy(one)}** as it is, and with "
            f"size **{tidy(ten)}** when multiplied by 10. {WHY[place.study.model.config.norm]}",
        )

    return ask(
        "norm_guess",
        f"Suppose every number that `{place.name}` reads is multiplied by 10. What comes out?",
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
        right.caption("This norm stands in the stream: nothing else reads what is multiplied.")
        return factor, False
    if place.name == "norm_f":
        right.caption("Only this norm reads the stream here: multiplying either is the same.")
        return factor, False
    where = widgets.segmented_control(
        "What is multiplied",
        [ONLY_THE_NORM, WHOLE_STREAM],
        ONLY_THE_NORM,
        key="norm_where",
        container=right,
    )
    return factor, where == WHOLE_STREAM


def _verdict(place: Place, factor: float, ratio: float) -> str:
    """What the numbers say about the norm, and about ε."""
    norm, x = place.norm, place.x
    if not isinstance(norm, LayerNorm | RMSNorm):
        return f"At ×{factor:g}, what comes out is **{tidy(ratio)} times** as large as at ×1."
    centred = isinstance(norm, LayerNorm)
    variance = (x - x.mean() if centred else x).square().mean().item()
    epsilon = norm.eps
    share = epsilon / (factor**2 * variance + epsilon)
    under = "a²σ²" if centred else "a² · mean square"
    percent = f"{100 * share:.3g}%" if share >= 1e-6 else "less than 0.0001%"
    told = (
        f"At a = {factor:g}, {under} is {tidy(factor**2 * variance, 0)} and ε is {plain(epsilon)}: "
        f"ε makes up **{percent}** of what stands under the root. The normalised token has "
        f"**{tidy(100 * ratio)}%** of its size at ×1. "
    )
    if abs(ratio - 1) < 0.01:
        return told + "The norm hardly cares."
    return told + "Here **the norm does care**: ε is too large beside such a small input."


def _stream_verdict(name: str, factor: float, moved: float) -> str:
    weighs = "less" if factor > 1 else "more"
    after = "" if factor == 1 else f" What later branches add now weighs {weighs} beside it."
    return (
        f"`{name}` returned the same as when only its own input was multiplied. But the skip "
        f"connection carries the multiplied stream past it.{after} That moved "
        f"**{100 * moved:.2f}%** of the probability."
    )


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
        show(
            probability_pairs(before, probabilities, tokenizer, names=("at ×1", "multiplied")),
            "norm_probabilities",
            "Probabilities of the likeliest next tokens before and after",
        )
    st.caption(
        f"Left: token {place.position}. Size is the root mean square of its numbers, before "
        "anything learned comes in; the result is what the norm returns in the end. Every token "
        "is multiplied. Right: the token after the prompt. Probability that moved: all that some "
        "tokens lost and others gained."
    )
