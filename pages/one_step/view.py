"""What the lesson on one step shows of a report: gradients, moves, losses, what is predicted."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from gpt_core.experiments.one_step import FACTORS, Outcome, Part, Report
from gpt_core.training.config import TrainConfig
from pages.one_step import figures, words
from ui.app import widgets
from ui.app.glossary import prose
from ui.components.attention_map import attention_grid
from ui.components.chart import show
from ui.services.study import Study
from ui.show.bars import probability_pairs, show_bars
from ui.show.curves import show as show_chart
from ui.show.numbers import tidy
from ui.show.tokens import short


@st.fragment
def show_gradients(study: Study, report: Report) -> None:
    """The length of each part's gradient, as it is or for its size."""
    st.header("Backward: how much each weight affects the loss")
    prose(words.BACKWARD)
    measure = widgets.segmented_control(
        "Show", ["length", "length ÷ weights"], "length", key="step_measure"
    )
    relative = measure != "length"

    def value(part: Part) -> float:
        return part.gradient / (part.weight or math.inf) if relative else part.gradient

    title = "‖gradient‖ ÷ ‖weights‖" if relative else "‖gradient‖"
    alt = "Length of the gradient of each kind of weights in each layer"
    show(figures.part_bars(report.parts, value, title), "step_gradients", alt)
    st.caption(words.outside(report.parts))
    st.markdown(words.gradients(report.parts, study.model.config.tie_weights))


def show_moves(study: Study, report: Report, config: TrainConfig, own: bool) -> None:
    """The optimizer's rule, and how far it moves each part. own: it is the run's own recipe."""
    st.header("The step: from gradients to moves")
    prose(words.rule(config, study.model.config))
    st.latex(words.FORMULAS[config.optimizer])
    st.markdown(words.rate_used(config, study.model.config, own))
    alt = words.RATIOS_ALT
    show(figures.ratio_bars(report.parts, 1.0), "step_ratios", alt)
    st.markdown(words.moves(report.parts, config.optimizer))


def show_losses(study: Study, report: Report, config: TrainConfig) -> tuple[Outcome, Outcome]:
    """A slider of learning rates and what each does to both losses; before, and after the step."""
    factor = widgets.select_slider(
        "Learning rate", FACTORS, 1.0, key="step_factor", format_func=lambda f: f"×{f:g}"
    )
    before, after = report.at(0.0), report.at(factor)
    st.caption(f"×{factor:g}: {words.rates(config, study.model.config, factor)}")
    row = st.columns(4)
    row[0].metric(
        "This sentence",
        tidy(after.loss),
        help=words.METRIC_HELP,
        **_change(before.loss, after.loss),
    )
    row[1].metric("Forecast change", tidy(factor * report.slope))
    row[2].metric("Real change", tidy(after.loss - before.loss, 0))
    row[3].metric(
        "The other text", tidy(after.elsewhere), **_change(before.elsewhere, after.elsewhere)
    )
    guessing = math.log2(study.model.config.vocab_size)
    alt = words.LOSSES_ALT
    show_chart(figures.loss_over_rates(report, factor, guessing), "step_losses", alt)
    st.markdown(words.forecast(report, after))
    st.markdown(words.elsewhere(before, after))
    return before, after


def _change(before: float, after: float) -> dict[str, Any]:
    """What a metric says of a change: with a real minus sign Streamlit takes it for a rise."""
    if after == before:
        return {"delta": "0", "delta_color": "off", "delta_arrow": "off"}
    fell = after < before
    color, arrow = ("normal", "down") if fell else ("inverse", "up")
    return {"delta": tidy(after - before, 0), "delta_color": color, "delta_arrow": arrow}


def show_predictions(study: Study, report: Report, before: Outcome, after: Outcome) -> None:
    """The probability of each right token, and the candidates where it was most surprised."""
    st.subheader("What it predicts, before and after")
    alt = words.RIGHT_ALT
    show(figures.right_bars(study.tokens, before, after), "step_right", alt)
    st.caption(words.surprise(study.tokens, report.place))
    pairs = probability_pairs(before.candidates, after.candidates.nan_to_num(), study.tokenizer)
    alt = words.CANDIDATES_ALT
    show_bars(pairs, "step_candidates", alt)


def show_attention(study: Study, report: Report, before: Outcome, after: Outcome) -> None:
    """Every head before and after the step, or the difference."""
    st.subheader("Attention, before and after")
    view = widgets.segmented_control(
        "Show attention",
        ["before", "after", "difference"],
        "difference",
        key="step_view",
        label_visibility="collapsed",
    )
    moved = report.only_head or report.moved_most()
    change = after.pattern.float() - before.pattern.float()
    shown = {"before": before.pattern, "after": after.pattern, "difference": change}[view]
    attention_grid(
        shown.float().nan_to_num().numpy(),
        [short(token.text) for token in study.tokens[:-1]],
        key="step_attention",
        causal=study.model.config.causal,
        head=(0, 0) if report.only_head else moved,
        signed=view == "difference",
    )
    st.markdown(words.attention(before, after, moved))
