"""Scrape a show: what it takes to make a text of pages from the web, and to ask for them."""

import streamlit as st

from corpus.cleaning import visible
from corpus.scraper.transcript import STEPS, stages
from pages.scrape import words
from pages.scrape.panel import scrape_a_show, show_steps
from ui.app.glossary import prose
from ui.app.lesson import (
    Answer,
    further_reading,
    goal,
    predict,
    self_test,
    try_this,
    you_can_now,
)
from ui.app.source import show_source
from ui.app.study_bar import current_study


@st.fragment
def clean_the_page() -> None:
    cleaned = list(stages(words.PAGE))

    def judge(guess: str) -> Answer:
        return words.judged(guess, len(words.PAGE), len(cleaned[-1].after))

    if predict("scrape_share", words.question(len(STEPS)), list(words.SHARES), judge):
        prose(words.STEPS)
        show_steps(cleaned, "page_step")


st.title("Scrape a show")
current_study()
goal(words.GOAL)
prose(words.INTRO)
st.code(visible(words.PAGE), language=None, wrap_lines=True)
clean_the_page()

st.header("Fetch a show")
prose(words.FETCHING)
scrape_a_show()

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
further_reading(*words.READING)
show_source(stages, *(step.function for step in STEPS))
