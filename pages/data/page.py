"""Data: the text that a model learns from, and how it is served in batches."""

import hashlib
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from corpus import Corpus, TextStatistics, ngram_cross_entropy
from gpt_core.training.data import batch, split
from pages.data import words
from pages.data.choosing_text import text_picker
from pages.data.text_tables import batch_html, batch_rows, guessing_bars, statistics_of, token_array
from ui.app import widgets
from ui.app.chosen_text import chosen_corpus
from ui.app.glossary import prose
from ui.app.lesson import (
    Answer,
    ask,
    further_reading,
    goal,
    numbers_row,
    predict,
    self_test,
    try_this,
    you_can_now,
)
from ui.app.links import page_of
from ui.app.source import show_source
from ui.app.study_bar import current_study
from ui.show.bars import amount_bars, show_bars
from ui.show.names import as_text
from ui.show.numbers import number
from ui.show.tables import show_markup, show_table
from ui.show.theme import series_color
from ui.show.tokens import code, short

ASKED = 4  # of the most frequent characters
CASE = 12  # characters of a text's sha256, which tell its questions from those of others


def chosen_text() -> Corpus:
    """The text that this lesson is about, and how it begins."""
    text_picker()
    st.page_link(
        page_of("scrape"),
        label="Scrape a show: a text from the web",
        icon=":material/travel_explore:",
    )
    corpus = chosen_corpus()
    st.subheader(f"How “{as_text(corpus.name)}” begins")
    st.code(corpus.text[:600], language=None, wrap_lines=True, height=220)
    return corpus


def most_frequent(numbers: TextStatistics) -> bool:
    """Ask for the most frequent character. Whether the bars may be shown."""
    counts = {code(text): count for text, count in numbers.top_characters[:ASKED]}
    if len(counts) < 2:
        st.info(words.ONE_CHARACTER)
        return True

    def judge(guess: str) -> Answer:
        return words.most_frequent(counts, guess, numbers.characters)

    return predict(f"data_most_{case}", words.MOST_FREQUENT, sorted(counts), judge)


def what_is_in_it(numbers: TextStatistics) -> None:
    left, right = st.columns(2)
    with left:
        st.markdown("**Most frequent characters**")
        show_counts(numbers.top_characters, 0, "characters", words.CHARACTERS_ALT)
    with right:
        st.markdown("**Most frequent words**")
        if numbers.top_words:
            show_counts(numbers.top_words, 1, "words", words.WORDS_ALT)
        else:
            st.caption(words.NO_WORDS)


def show_counts(counted: Sequence[tuple[str, int]], hue: int, key: str, alt: str) -> None:
    names, counts = zip(*counted[:12], strict=True)
    show_bars(
        amount_bars([*map(short, names)], counts, series_color(hue), ",d", tokens=True), key, alt
    )


def own_or_unseen(rows: pd.DataFrame) -> bool:
    """Ask on which text the counter does better. Whether the table may be shown."""
    own, unseen = rows.iloc[-1, 1:]
    options = [words.OWN, words.UNSEEN, words.SAME]
    return ask(f"data_easier_{case}", words.EASIER, options, lambda g: words.easier(own, unseen, g))


st.title("Data")
current_study()
goal(words.GOAL)
prose(words.INTRO)
corpus = chosen_text()
text = corpus.text
case = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:CASE]
counts = statistics_of(text)
numbers_row(
    {
        "characters": f"{counts.characters:,}",
        "lines": f"{counts.lines:,}",
        "different characters": f"{counts.character_vocabulary:,}",
        "different words": f"{counts.word_vocabulary:,}",
    }
)
if most_frequent(counts):
    what_is_in_it(counts)

st.header("How far does counting get?")
prose(words.GUESSING)
rows = guessing_bars(text)
if own_or_unseen(rows):
    numbers_of = {name: [number(bits, ".3f") for bits in rows[name]] for name in rows.columns[1:]}
    known = {rows.columns[0]: list(rows.iloc[:, 0])}
    show_table(known | numbers_of, "data_counter", "How far counting gets")
    unseen = rows["bits, on unseen text"]
    odd = unseen[0] < rows["bits, on the text it counted"][0]
    prose(words.counter(unseen.min(), int(unseen.argmin()), bool(odd)))

st.header("The split: training text and validation text")
tokenizer, tokens = token_array(text)
train, val = split(tokens)
prose(words.split(len(train), len(val)))
st.progress(len(train) / len(tokens), text="◀ training 90% │ validation 10% ▶")
edge = len(train)
st.caption(words.CUT)
st.code(
    f"… {text[max(0, edge - 160) : edge]} ‖ {text[edge : edge + 160]} …",
    language=None,
    wrap_lines=True,
)

st.header("A batch: many small exercises at once")
prose(words.BATCH)
one, two, three = st.columns(3)
size = widgets.slider("Pieces in a batch (B)", 1, 8, 3, key="batch", container=one)
length = widgets.slider("Tokens in a piece (T)", 4, 32, 16, key="piece", container=two)
seed = widgets.number_input("Seed", 0, 9999, 1337, key="batch_seed", container=three)
x, y = batch(train, 0, batch_size=size, block_size=length, seed=int(seed))
pieces = (x.tolist(), y.tolist(), tokenizer)
show_markup(batch_html(*pieces), "data_batch", words.BATCH_TITLE, lambda: batch_rows(*pieces))
shown = code("".join(tokenizer.token_text(i) for i in x[0, : min(6, length)].tolist()))
answer = code(tokenizer.token_text(int(y[0, min(6, length) - 1])))
prose(words.batch(size=size, length=length, after=shown, answer=answer))

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
further_reading(*words.READING)
show_source(batch, split, ngram_cross_entropy, label="The lines that ran: split, batch, counter")
