"""Surprise: −log₂ p, the loss, perplexity, what counting reaches, and a first GPT that learns."""

import hashlib
import math
from collections.abc import Sequence

import streamlit as st

from gpt_core.evaluation.surprise import token_bits
from gpt_core.experiments.bigram import Bigram, pair_entropy, train_bigram
from pages.surprise import words
from pages.surprise.compared import compare_surprises
from pages.surprise.figures import bits_by_probability
from pages.surprise.panels import per_token_or_character, predictors, table_of_pairs
from pages.surprise.questions import candidates
from pages.surprise.results import halves_of
from ui.app import widgets
from ui.app.chosen_text import text_of_lesson
from ui.app.compare import other_study
from ui.app.glossary import prose
from ui.app.lesson import (
    Answer,
    ask,
    further_reading,
    goal,
    say_what_is_cut,
    self_test,
    try_this,
    you_can_now,
)
from ui.app.locks import REVEAL, locked
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.components.chart import show
from ui.services.study import Study
from ui.services.surprises import surprises_of
from ui.show.numbers import number, percent, power
from ui.show.surprise_strip import Surprises, show_strip
from ui.show.tables import show_frame, show_table
from ui.show.tokens import code, short

MOST_TOKENS = 128


def looked_at(study: Study) -> tuple[Study, Surprises | None]:
    """The prompt's end and its surprises; None where there are none, which is said only once."""
    study = study.last(MOST_TOKENS)
    if len(study.ids) < 2:
        return study, None
    found = surprises_of(study)
    return study, found if math.isfinite(found.total) else None


@about_prompt
def text_in_colours(study: Study) -> None:
    study, found = looked_at(study)
    say_what_is_cut(study)
    if found is None:
        st.info(words.SHORT if len(study.ids) < 2 else words.BROKEN)
        return
    if not study.model.config.causal:
        st.warning(words.PEEKS)
    if (other := other_study()) and (beside := looked_at(other.study))[1]:
        compare_surprises((study, found), (beside[0], beside[1]))
        return
    texts = [token.text for token in study.tokens[1:]]
    picture, guessing = st.container(), math.log2(study.tokenizer.vocab_size)
    shown = guessed(texts, found)
    with picture:
        show_strip(study.tokens, found if shown else None, guessing, "surprise_strip")
    if shown:
        prose(words.strip_finding(texts, found, guessing))


def guessed(texts: Sequence[str], found: Surprises) -> bool:
    """Ask which token is the dearest. Whether the colours may be shown."""
    places = candidates(texts, found.bits)
    if len(places) < 2:
        return True
    options = {code(texts[place]): place for place in places}

    def judge(choice: str) -> Answer:
        return words.judged(texts, found, places, options[choice])

    above = st.container()
    if not locked(REVEAL) and widgets.toggle(words.WITHOUT_GUESSING, key="surprise_shown"):
        return True
    case = hashlib.sha256("".join(options).encode("utf-8", "replace")).hexdigest()[:12]
    with above:
        return ask(f"surprise_{case}", words.question(len(places)), list(options), judge)


@about_prompt
def from_probability_to_bits(study: Study) -> None:
    study, found = looked_at(study)
    left, right = st.columns([2, 3], gap="large")
    with left:
        prose(words.BITS)
        st.markdown(words.FORMULA)
        show_table(
            words.bits_table(study.tokenizer.vocab_size), "surprise_bits", "Probabilities and bits"
        )
    with right:
        tokens, bits = (study.tokens[1:], found.bits) if found else ((), ())
        show(bits_by_probability(tokens, bits), "surprise_curve", words.BITS_CURVE)
        if found:
            texts = [token.text for token in tokens]
            prose(words.above_picture(bits) + words.example(texts, bits))


@about_prompt
def mean_surprise(study: Study) -> None:
    study, found = looked_at(study)
    if found is None:
        return
    texts = [token.text for token in study.tokens[1:]]
    left, right = st.columns(2, gap="large")
    with left:
        rows = rows_of(texts, found)
        columns = {name: st.column_config.Column(alignment="right") for name in rows[0]}
        columns["token"] = st.column_config.Column(width=120)  # whole words
        show_frame(
            rows,
            "surprise_sum",
            "Each token's surprise, and their sum",
            height=380,
            column_config=columns,
        )
        st.caption(words.FIRST_TOKEN)
    with right:
        prose(words.loss(found))
        prose(words.perplexity(texts, found, study.tokenizer.vocab_size))
        st.caption(words.nats(found))


def rows_of(texts: Sequence[str], found: Surprises) -> list[dict[str, str]]:
    """Each token with its probability, its bits, and the sum so far."""
    rows, total = [], 0.0
    for text, bits in zip(texts, found.bits, strict=True):
        total += bits
        share = percent(1 / power(bits))
        rows.append({"token": short(text), "probability": share, "bits": number(bits)})
        rows[-1]["sum so far"] = number(total)
    return rows


st.title("Surprise")
study = current_study()
goal(words.GOAL)
prose(words.INTRO)
text_in_colours()

st.header("From a probability to bits")
from_probability_to_bits()

st.header("The loss: the mean surprise")
mean_surprise()

st.header("What is a good loss?")
prose(words.PREDICTORS)
halves = halves_of(text_of_lesson().text, study.loaded)
predictors(halves)

st.subheader("Per token, or per character?")
per_token_or_character(halves)

st.header("The first working GPT: a table of pairs")
prose(words.BIGRAM)
table_of_pairs(halves)

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(token_bits, Bigram, train_bigram, pair_entropy)
further_reading(*words.READING)
