"""Home: a model writes; then the road of one prompt, from text to the next token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.home import words
from pages.home.likelihood import show_likelihood
from pages.home.machine import machine_panel
from pages.home.results import overview_of, probabilities_after, written_by
from pages.home.steps import last_vector, layers, road, tokens
from pages.home.writing import show_writing
from ui import PROJECT
from ui.app.class_bar import join_box
from ui.app.compare import comparing, in_two
from ui.app.glossary import prose
from ui.app.lesson import (
    Answer,
    ask,
    case_of,
    goal,
    self_test,
    try_this,
    you_can_now,
)
from ui.app.links import page_of
from ui.app.locks import REVEAL, locked
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.services.study import Study
from ui.show.bars import probability_bars, show_bars
from ui.show.names import show_error

if TYPE_CHECKING:
    from gpt_core.generate.sample import SampleConfig

SEED, FIRST_SEED = "home_seed", 1


def write_again() -> None:
    st.session_state[SEED] = st.session_state.get(SEED, FIRST_SEED) + 1


@about_prompt
def machine(study: Study) -> None:
    machine_panel(study, drawing)


@about_prompt
def writing(study: Study) -> None:
    """What the model writes."""
    in_two(study, lambda each, _: write(each), "written")
    st.button(
        words.AGAIN, icon=":material/casino:", on_click=write_again, key="again", width="stretch"
    )
    if not comparing():  # right below its effect stands what is pressed
        say_who_wrote(study)


def write(study: Study) -> None:
    written = written_by(study, st.session_state.get(SEED, FIRST_SEED))
    show_writing(study.prompt, [study.tokenizer.token_text(token) for token in written.ids])
    if written.problem:
        show_error(written.problem)
    if comparing():
        say_who_wrote(study)


def say_who_wrote(study: Study) -> None:
    written = written_by(study, st.session_state.get(SEED, FIRST_SEED))
    text = None if study.loaded.imported else study.loaded.run.corpus["name"]
    st.caption(words.just_written(text, len(written.ids), study.loaded.run.start))


@about_prompt
def second_token(study: Study) -> None:
    """How sure the model is once the first token that it wrote belongs to the text."""
    seed = st.session_state.get(SEED, FIRST_SEED)
    written = written_by(study, seed).ids
    if not written:
        return  # it is said above why
    shown = how_sure(study, written[0], seed)
    if not (shown or (not locked(REVEAL) and st.toggle(words.WITHOUT_GUESSING, key="reveal"))):
        return
    st.markdown(words.after(study.tokenizer.token_text(written[0])))
    bars = probability_bars(probabilities_after(study, written[0]), study.tokenizer)
    show_bars(bars, "next", words.BARS)


def how_sure(study: Study, first: int, seed: int) -> bool:
    """Ask how likely the best token after the first one is. Whether the bars may be shown."""
    text = study.tokenizer.token_text

    def judge(guess: str) -> Answer:
        probabilities = probabilities_after(study, first)
        share, best = probabilities.max(dim=-1)
        before = float(overview_of(study).probabilities.max())
        return words.judged(guess, text(first), text(int(best)), float(share), before)

    case = case_of(study.fingerprint, study.ids, seed)  # another text asks anew
    return ask(f"home_sure_{case}", words.question(text(first)), list(words.SHARES), judge)


@about_prompt
def likelihood(study: Study) -> None:
    show_likelihood(study)


def how_to_draw() -> SampleConfig:
    """How the machine draws its next token: by the settings of the Sample lesson."""
    # It brings PyTorch, which the first words needn't wait for.
    from ui.app.sample_settings import sample_settings

    with st.popover("Next token: settings", icon=":material/tune:"):
        return sample_settings(None)


def from_parts_to_size() -> None:
    # It brings PyTorch, which the first words needn't wait for.
    from pages.home.scale.panel import show_bridge, show_ladder, show_parameters

    show_ladder()
    show_parameters(study)
    show_bridge(study)


st.title(words.TITLE)
if comparing():  # two machines need the whole width, and the height of a projector
    picture, text = st.container(), st.container()
else:
    prose(words.INTRO)
    text, picture = st.columns([2, 7], gap="medium")
with picture:
    above, settings_below = st.container(), st.container()
study = current_study()
model = study.model
with settings_below:
    drawing = how_to_draw()
with above:  # before what is written, which takes longer
    machine()
with text:
    writing()
    join_box()

st.header("How does it do that?")
goal(words.GOAL)
second_token()
road()

st.header("1. Text becomes tokens")
prose(words.tokens(model.config.vocab_size))
tokens()
st.page_link(
    page_of("tokenization"), label="Tokenization: other ways to cut", icon=":material/data_array:"
)

st.header("2. Tokens become vectors")
last_vector()

st.header("3. Layers add to the vectors")
prose(words.layers(model.config))
layers()

st.header("4. The last vector becomes probabilities")
prose(words.probabilities(model.config))
likelihood()
left, right = st.columns(2)
left.page_link(page_of("sample"), label="Sample: let it write", icon=":material/chat:")
right.page_link(
    page_of("training"), label="Training: watch one learn", icon=":material/trending_down:"
)

st.header("Where do all the numbers come from?")
prose(words.training(model.num_parameters(), model.config, study.loaded.imported))
left, right = st.columns(2)
left.page_link(
    page_of("data"), label="Data: what a model learns from", icon=":material/library_books:"
)
right.page_link(
    page_of("sitcom"), label="Sitcom: a text that makes sense", icon=":material/theater_comedy:"
)
from_parts_to_size()
try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
st.subheader("Take it with you")
st.markdown(words.NOTEBOOKS)
notebooks = sorted((PROJECT / "notebooks").glob("*.ipynb"), reverse=True)
for column, file in zip(st.columns(2), notebooks, strict=True):
    column.download_button(
        file.name, file.read_bytes(), file.name, "application/x-ipynb+json", on_click="ignore"
    )
show_source(type(model).forward, label="The lines that ran: GPT.forward")
