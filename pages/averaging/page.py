"""From averaging to attention: four steps, Q, K and V, the division by √D, the causal mask."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from gpt_core.experiments import averaging
from gpt_core.experiments.averaging import (
    divided_softmax,
    losses_when_divided,
    random_scores,
    sharpness,
)
from pages.averaging import tables, words
from pages.averaging.mask_experiment import show_mask_experiment
from pages.averaging.results import Example, example_of, whole_prompt
from pages.averaging.scaling import MOST_TOKENS, show_scaling
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.lesson import further_reading, goal, self_test, try_this, you_can_now
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.services.study import Study

SHOWN = 8  # tokens in the small example, at most
SOURCES: dict[str, Callable[..., Any]] = {
    "loop": averaging.average_by_loop,
    "matrix": averaging.average_by_matrix,
    "softmax": averaging.average_by_softmax,
    "data": averaging.average_by_data,
}
Head = tuple[int, int]


def choose(study: Study) -> tuple[str, Study, int, Head]:
    """The step, the small example, the row that is read, and the head whose q and k are used."""
    config = study.model.config
    step = widgets.segmented_control("Step", words.STEPS, words.STEPS[0], key="step")
    one, two, three, four = st.columns(4)
    count = min(SHOWN, len(study.ids))
    if count > 2:
        count = widgets.slider("Tokens", 2, count, min(6, count), key="shown", container=one)
    row = widgets.select_slider("Row", range(count), count - 1, key="row", container=two)
    layer = head = 0
    if config.n_layer > 1:
        layer = widgets.selectbox(
            "Layer, for q and k", range(config.n_layer), key="of_layer", container=three
        )
    if config.n_head > 1:
        head = widgets.selectbox(
            "Head, for q and k", range(config.n_head), key="of_head", container=four
        )
    return words.STEP_NAMES[step], study.last(count), row, (layer, head)


def compare_steps(study: Study, example: Example) -> None:
    """Steps 1 to 3 must agree; step 4 must not."""
    C = study.model.config.n_embd
    large = whole_prompt(study)
    name = f"steps 1 and 2 on all {C} channels of {large.tokens} tokens"
    with st.expander(words.ROUNDING):
        tables.show_checks([*example.checks[:3], (name, large.difference), *example.checks[3:]])
        told = words.difference_in_words(("loop", "matrix"), large.difference, large.exact)
        st.markdown(f"{told}\n\n{words.WHY_ROUNDING}")
        st.caption(words.check(example.view.error, example.view.x.shape[0]))


def show_head(small: Study, example: Example, head: Head, row: int) -> None:
    """Q, K and V of one head on the small example."""
    config, view = small.model.config, example.view
    st.header("Queries, keys, values")
    prose(words.projections(config, len(small.ids), *head))
    tables.show_question(view, small.tokens, row, config.causal)
    st.markdown(words.question_in_words(view, row, small.tokens, config))


@about_prompt
def introduce(study: Study) -> None:
    prose(words.intro(study.tokens[-1], len(study.ids)))


@about_prompt
def walk(study: Study) -> None:
    """Steps 1 to 4, their comparison, and one head's Q, K and V."""
    name, small, row, head = choose(study)
    example = example_of(small, head)
    prose(words.TOLD[name])
    tables.show_step(example.steps[name], name, example.x.tolist(), small.tokens, row)
    st.markdown(words.sum_in_words(example.steps[name], example.x.tolist(), row, small.tokens))
    if name == "data" and not study.model.config.causal:
        st.info(words.UNMASKED)
    show_source(SOURCES[name])
    compare_steps(study, example)
    show_head(small, example, head, row)


@about_prompt
def scale(study: Study) -> None:
    """Divide by √D, by √C, or by nothing."""
    study = study.last(MOST_TOKENS)
    if len(study.ids) < 2:
        st.info(words.LONELY)
        return
    show_scaling(study)


st.title("From averaging to attention")
current_study()
goal(words.GOAL)
introduce()
walk()
show_source(averaging.view_head, averaging.project, averaging.meet)
st.header("Why hide the future?")
show_mask_experiment()
st.header("Why divide by √D?")
scale()
show_source(divided_softmax, sharpness, random_scores, losses_when_divided)
try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
further_reading(*words.READING)
