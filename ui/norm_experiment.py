"""The LayerNorm lesson's experiment: multiply what a norm reads and see who cares."""

from __future__ import annotations

import streamlit as st

from gpt_core.norm_statistics import (
    DepthTrace,
    find_norm,
    rescale_input,
    rescale_stream,
    size_at_scales,
)
from ui import norm_figures as figures
from ui.norm_figures import tidy
from ui.norm_words import WHY, plain
from ui.sidebar import Study

FACTORS = [float(f"{digit}e{power}") for power in range(-3, 3) for digit in (1, 2, 5)] + [1000.0]
ONLY_THE_NORM, WHOLE_STREAM = "only what the norm reads", "the whole stream"


@st.fragment
def show_experiment(study: Study, trace: DepthTrace, name: str, position: int) -> None:
    """Ask for a prediction, then give out the slider. Only this part of the page runs again."""
    if not _predicted(study, trace, name, position):
        st.info("Choose an answer first. Then you can try it.", icon=":material/lock:")
        return
    left, right = st.columns(2)
    with left:
        factor = st.select_slider(
            "Multiply by",
            FACTORS,
            1.0,
            format_func=lambda value: f"×{value:g}",
            key="norm_factor",
            bind="query-params",
        )
    with right:
        whole = _whole_stream(study, name)
    again = rescale_input(study.model, study.ids, trace, name, factor)
    probabilities = again.probabilities
    if whole:
        probabilities = rescale_stream(study.model, study.ids, name, factor)
    if not (probabilities.isfinite().all() and again.output.isfinite().all()):
        st.warning("The numbers grew too large for 32 bits (overflow). Choose a smaller factor.")
        return
    moved = (probabilities - trace.probabilities).abs().sum().item() / 2
    change = (again.output - trace.norms[name].after)[position].abs().max().item()

    x = trace.norms[name].before[position]
    sizes = size_at_scales(find_norm(study.model, name), x, FACTORS)
    size_of_input = x.square().mean().sqrt().item()
    size, one = sizes[FACTORS.index(factor)], sizes[FACTORS.index(1.0)]
    numbers = {
        "Size of the input": tidy(size_of_input * factor, 0),
        "Size, normalised": tidy(size, 0),
        "Largest change in the result": tidy(change),
        "Probability that moved": f"{100 * moved:.2f}%",
    }
    for column, (label, value) in zip(st.columns(4), numbers.items(), strict=True):
        column.metric(label, value)
    st.markdown(_verdict(study, trace, name, position, factor, size / one if one else 1.0))
    if whole:
        st.markdown(_stream_verdict(name, factor, moved))
    left, right = st.columns(2)
    with left:
        figures.show(
            figures.response_curve(FACTORS, sizes, size_of_input, factor),
            "norm_response",
            "Size of the normalised token against the factor on its input",
        )
    with right:
        figures.show(
            figures.probability_pairs(trace.probabilities, probabilities, study.tokenizer),
            "norm_probabilities",
            "Probabilities of the likeliest next tokens before and after",
        )
    st.caption(
        f"Left: token {position}. Size is the root mean square of its numbers, before anything "
        "learned comes in; the result is what the norm returns in the end. Every token is "
        "multiplied. Right: the token after the prompt. Probability that moved: all that some "
        "tokens lost and others gained."
    )


def _predicted(study: Study, trace: DepthTrace, name: str, position: int) -> bool:
    guess = st.radio(
        f"Suppose every number that `{name}` reads is multiplied by 10. What comes out?",
        ["ten times as much", "the same", "a tenth"],
        index=None,
        horizontal=True,
        key="norm_guess",
        bind="query-params",
    )
    if guess is None:
        return False
    x = trace.norms[name].before[position]
    one, ten = size_at_scales(find_norm(study.model, name), x, [1.0, 10.0])
    st.markdown(
        f"You said: {guess}. Token {position} is normalised to size **{tidy(one)}** as it is, and "
        f"to size **{tidy(ten)}** when multiplied by 10. {WHY[study.model.config.norm]}"
    )
    return True


def _whole_stream(study: Study, name: str) -> bool:
    """Whether to multiply the stream itself, where that is another thing."""
    if study.model.config.norm_position == "post":
        st.caption("This norm stands in the stream: nothing else reads what is multiplied.")
        return False
    if name == "norm_f":
        st.caption("Nothing but this norm reads the stream here: multiplying either is the same.")
        return False
    where = st.segmented_control(
        "What is multiplied",
        [ONLY_THE_NORM, WHOLE_STREAM],
        default=ONLY_THE_NORM,
        required=True,
        key="norm_where",
        bind="query-params",
    )
    return where == WHOLE_STREAM


def _verdict(
    study: Study, trace: DepthTrace, name: str, position: int, factor: float, ratio: float
) -> str:
    """What the numbers say about the norm, and about ε."""
    kind, x = study.model.config.norm, trace.norms[name].before[position]
    if kind in ("none", "batchnorm"):
        return f"At ×{factor:g}, what comes out is **{tidy(ratio)} times** as large as at ×1."
    variance = (x - x.mean() if kind == "layernorm" else x).square().mean().item()
    epsilon = find_norm(study.model, name).eps
    share = epsilon / (factor**2 * variance + epsilon)
    under = "a²σ²" if kind == "layernorm" else "a² · mean square"
    told = (
        f"At a = {factor:g}, {under} is {tidy(factor**2 * variance, 0)} and ε is {plain(epsilon)}: "
        f"ε makes up **{_percent(share)}** of what stands under the root. The normalised token has "
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


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%" if share >= 1e-6 else "less than 0.0001%"
