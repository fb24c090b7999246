"""From averaging to attention: four steps, Q, K and V, the division by √D, the causal mask."""

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gpt_core.experiments import averaging
from gpt_core.experiments.averaging import (
    divided_softmax,
    losses_when_divided,
    random_scores,
    sharpness,
)
from gpt_core.model.config import GPTConfig
from pages.averaging import tables, words
from pages.averaging.mask_experiment import show_mask_experiment
from pages.averaging.results import Example, example_of, whole_prompt
from pages.averaging.scaling import MOST_TOKENS, show_scaling
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.lesson import further_reading, goal, self_test, try_this, you_can_now
from ui.app.projector import own_panel
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.services.study import Study

SHOWN = 8  # tokens in the small example, at most
SLIDER, BOX = 130, 80  # pixels: all in one line; on a telephone two beside each other
SOURCES: dict[str, Callable[..., Any]] = {
    "loop": averaging.average_by_loop,
    "matrix": averaging.average_by_matrix,
    "softmax": averaging.average_by_softmax,
    "data": averaging.average_by_data,
}
Head = tuple[int, int]


def choose(study: Study, line: DeltaGenerator) -> tuple[str, Study, int]:
    """The step, the small example, and the row that is read."""
    with line:
        step = widgets.segmented_control(
            "Step", words.STEPS, words.STEPS[0], key="step", width="content"
        )
        count = min(SHOWN, len(study.ids))
        if count > 2:
            count = widgets.slider("Tokens", 2, count, min(6, count), key="shown", width=SLIDER)
        row = widgets.select_slider("Row", range(count), count - 1, key="row", width=SLIDER)
    return words.STEP_NAMES[step], study.last(count), row


def choose_head(config: GPTConfig, line: DeltaGenerator) -> Head:
    """The head whose q and k step 4 uses, and whose Q, K and V are shown."""
    layer = head = 0
    with line:
        if config.n_layer > 1:
            layer = widgets.selectbox("Layer", range(config.n_layer), key="of_layer", width=BOX)
        if config.n_head > 1:
            head = widgets.selectbox("Head", range(config.n_head), key="of_head", width=BOX)
    return layer, head


def compare_steps(study: Study, example: Example) -> None:
    """Steps 1 to 3 must agree; step 4 must not."""
    C = study.model.config.n_embd
    large = whole_prompt(study)
    name = f"steps 1 and 2 on all {C} channels of {large.tokens} tokens"
    with st.expander(words.ROUNDING):
        tables.show_checks([*example.checks[:3], (name, large.difference), *example.checks[3:]])
        st.markdown(words.difference_in_words(("loop", "matrix"), large.difference, large.exact))
        st.caption(words.check(example.view.error, example.view.x.shape[0]))


def show_head(small: Study, example: Example, head: Head, row: int) -> None:
    """Q, K and V of one head on the small example."""
    config, view = small.model.config, example.view
    prose(words.projections(config, len(small.ids), *head))
    tables.show_question(view, small.tokens, row, config.causal)
    st.markdown(words.question_in_words(view, row, small.tokens, config))


@about_prompt
def introduce(study: Study) -> None:
    prose(words.intro(study.tokens[-1], len(study.ids)))


@about_prompt
def walk(study: Study) -> None:
    """Steps 1 to 4, their comparison, and one head's Q, K and V."""
    line = own_panel("averaging", horizontal=True, vertical_alignment="bottom")
    name, small, row = choose(study, line)
    above, below = st.container(), st.container()
    with below:
        st.header("Queries, keys, values")
        own_line = st.container(horizontal=True)
    # The head is chosen where that has an effect.
    head = choose_head(study.model.config, line if name == "data" else own_line)
    example = example_of(small, head)
    with above:
        show_steps(study, example, name, row)
    with below:
        show_head(small, example, head, row)


def show_steps(study: Study, example: Example, name: str, row: int) -> None:
    """One step on its numbers, and what becomes of all of them."""
    small = study.last(len(example.x))
    prose(words.TOLD[name])
    # Before the tables: on a small screen those of step 4 would push it out of view.
    st.markdown(words.sum_in_words(example.steps[name], example.x.tolist(), row, small.tokens))
    tables.show_step(example.steps[name], name, example.x.tolist(), small.tokens, row)
    if name == "data" and not study.model.config.causal:
        st.info(words.UNMASKED)
    show_source(SOURCES[name])
    compare_steps(study, example)


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
