"""Embeddings: tokens as vectors, and who lies near whom."""

import streamlit as st

from gpt_core.interpret.embeddings import nearest, project
from gpt_core.model.ngrams import places_of
from pages.embeddings import words
from pages.embeddings.map import (
    NEIGHBOURS,
    choose,
    first_numbers,
    longest_first,
    say_who_is_near,
    show_map,
    show_neighbours,
)
from pages.embeddings.question import guessed
from pages.embeddings.runs import cost, in_a_minute, runs_view
from ui.app.glossary import prose
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
from ui.services.study import Study

MOST_TOKENS = 128


@about_prompt
def token_view(study: Study) -> None:
    study = study.last(MOST_TOKENS)
    say_what_is_cut(study)
    token, which = choose(study)
    if token is None:
        return
    table = study.model.wte.weight
    left, right = st.columns([5, 3], gap="medium")
    with right:
        asked = longest_first(study)
        known = token != asked[0] or guessed(study, asked)
        if known:
            show_neighbours(study, token)
    with left:
        near = [i for i, _ in nearest(table, token, NEIGHBOURS)] if known else []
        show_map(study, token, near, which)
    if known:
        say_who_is_near(study, token)
    st.markdown(
        words.row_of(
            token=study.tokenizer.token_text(token),
            row=token,
            numbers=first_numbers(table[token]),
            width=table.shape[1],
            length=table[token].norm(),
        )
    )


@about_prompt
def runs_of_prompt(study: Study) -> None:
    study = study.last(MOST_TOKENS)
    if study.ids:
        runs_view(study)


st.title("Embeddings")
config = current_study().model.config
goal(words.GOAL)
prose(words.intro(config))
token_view()

st.header("A table of rows")
prose(words.lookup(config))

st.header("Vectors for runs of tokens")
prose(words.runs_intro(config))
runs_of_prompt()
prose(cost(config))
prose(words.runs_bring(*in_a_minute()))

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(project, nearest, places_of)
further_reading(*words.READING)
