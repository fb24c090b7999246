"""Positions: how a model is told where a token stands, and what follows when all tokens move."""

import streamlit as st
import torch
from torch import Tensor

from gpt_core.interpret.positions import at_positions, predict_at, score_by_distance
from gpt_core.model.gpt import GPT, SinusoidalPositions, rotary_angles, rotate
from pages.positions import words
from pages.positions.experiments import (
    show_experiment,
    show_likeness,
    show_rotation,
    show_swap,
)
from pages.positions.figures import table_map, table_of
from ui.app.glossary import prose
from ui.app.job_panel import job_panel, recorded_result
from ui.app.lesson import (
    further_reading,
    goal,
    say_what_is_cut,
    self_test,
    try_this,
    you_can_now,
)
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.components.chart import show
from ui.services.study import Study

MOST_TOKENS = 128
RECORDED, TRAINING = "learned_positions", {"steps": 400}


def looked_at(study: Study) -> Study:
    """The prompt's end: half of what the model reads, so that there is room to move positions."""
    return study.last(min(MOST_TOKENS, max(1, study.model.config.block_size // 2)))


@about_prompt
def experiment(study: Study) -> None:
    study = looked_at(study)
    say_what_is_cut(study)
    if study.model.config.position == "none":
        show_swap(study)
    else:
        show_experiment(study)


@about_prompt
def rotation(study: Study) -> None:
    show_rotation(looked_at(study))


def side_by_side(model: GPT) -> dict[str, Tensor]:
    """The three kinds of positions as pictures; the tables that they show."""
    config = model.config
    tables: dict[str, Tensor] = {}
    width = max(2, config.n_embd - config.n_embd % 2)
    for column, kind in zip(st.columns(3, gap="medium"), words.NAMES, strict=True):
        with column:
            mine = ":gray-badge[this model's]" if config.position == kind else ""
            st.markdown(f"### {words.NAMES[kind]} {mine}")
            prose(words.HOW[kind])
            if kind == "rope":
                angles = rotary_angles(config.block_size, max(2, config.head_dim // 2 * 2))
                tables[kind] = torch.cat(angles, dim=1)  # two rows' product is Σ cos(difference)
                show(table_map(angles[0], "pair"), "emb_rope", "Cosines of the angles")
            elif kind == "sinusoidal":
                tables[kind] = SinusoidalPositions(config.block_size, width).table
                show(table_map(tables[kind], "channel"), "emb_sin", "The sinusoidal table")
            elif config.position == "learned":
                tables[kind] = model.get_parameter("wpe.weight")
                show(table_map(tables[kind], "channel"), "emb_learned", "This model's own table")
            else:
                tables[kind] = table_of(recorded_result(RECORDED)["value"])
                learned_elsewhere()
    return tables


def learned_elsewhere() -> None:
    """A table of another, small model that was trained with learned positions."""

    def draw(value: dict, finished: bool) -> None:
        figure = table_map(table_of(value), "channel")
        show(figure, "emb_learned", "A small model's learned table")
        st.caption(f"{words.LEARNED_ELSEWHERE} {words.loss_elsewhere(value['loss'])}")

    # As high up as the tables beside it.
    job_panel(RECORDED, TRAINING, draw, label="Train it", recorded=RECORDED, result_first=True)


st.title("Positions")
model = current_study().model
config = model.config
goal(words.GOAL)
prose(words.where(config))
experiment()

st.header("Three ways to say where a token stands")
tables = side_by_side(model)
st.caption(words.HOW_TO_READ)
prose(words.LIKENESS)
show_likeness(tables)

st.header("Rotary: only the distance counts")
prose(words.rotation(config.position == "rope"))
rotation()

try_this(*words.to_try(config.position))
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(rotate, score_by_distance, at_positions, predict_at)
further_reading(*words.READING)
