"""Data: the text that a model learns from, and how it is served in batches."""

import streamlit as st

from gpt_core.training.data import batch, split
from pages.data import words
from pages.data.choosing_text import text_picker
from pages.data.scraping_panel import scrape_a_show
from pages.data.text_tables import batch_html, guessing_bars, statistics_of, token_array
from ui.app import widgets
from ui.app.chosen_text import chosen_corpus
from ui.app.lesson import numbers_row, try_this
from ui.app.source import show_source
from ui.app.study_bar import current_study
from ui.show.names import as_text
from ui.show.plotly_json import count_bars, show
from ui.show.theme import palette
from ui.show.tokens import code, short

st.title("Data")
current_study()
st.markdown(words.INTRO)

text_picker()
corpus = chosen_corpus()
text = corpus.text
st.subheader(f"How “{as_text(corpus.name)}” begins")
st.code(text[:600], language=None, wrap_lines=True, height=220)

st.header("What is in it")
numbers = statistics_of(text)
numbers_row(
    {
        "characters": f"{numbers.characters:,}",
        "lines": f"{numbers.lines:,}",
        "different characters": f"{numbers.character_vocabulary:,}",
        "different words": f"{numbers.word_vocabulary:,}",
    }
)
left, right = st.columns(2)
with left:
    st.markdown("**Most frequent characters**")
    labels, counts = zip(*numbers.top_characters[:12], strict=True)
    bars = count_bars(list(map(short, labels)), counts, palette().query)
    show(bars, "characters", words.CHARACTERS_ALT)
with right:
    st.markdown("**Most frequent words**")
    if numbers.top_words:
        labels, counts = zip(*numbers.top_words[:12], strict=True)
        bars = count_bars(list(map(short, labels)), counts, palette().value)
        show(bars, "words", words.WORDS_ALT)
    else:
        st.caption(words.NO_WORDS)

st.header("How far does guessing get?")
st.markdown(words.GUESSING)
rows = guessing_bars(text)
st.dataframe(rows, hide_index=True)
st.markdown(words.counter(rows["bits, on unseen text"].min()))

st.header("The split: something to learn, something to be tested on")
tokenizer, tokens = token_array(text)
train, val = split(tokens)
st.markdown(words.split(len(train), len(val)))
st.progress(len(train) / len(tokens), text="◀ train 90% │ validation 10% ▶")
edge = len(train)
st.caption(words.CUT)
st.code(
    f"… {text[max(0, edge - 160) : edge]} ‖ {text[edge : edge + 160]} …",
    language=None,
    wrap_lines=True,
)

st.header("A batch: many small lessons at once")
st.markdown(words.BATCH)
one, two, three = st.columns(3)
size = widgets.slider("Pieces in a batch (B)", 1, 8, 3, key="batch", container=one)
length = widgets.slider("Tokens in a piece (T)", 4, 32, 16, key="piece", container=two)
seed = widgets.number_input("Seed", 0, 9999, 1337, key="batch_seed", container=three)
x, y = batch(train, 0, batch_size=size, block_size=length, seed=int(seed))
st.html(batch_html(x.tolist(), y.tolist(), tokenizer))
shown = code("".join(tokenizer.token_text(i) for i in x[0, : min(6, length)].tolist()))
answer = code(tokenizer.token_text(int(y[0, min(6, length) - 1])))
st.markdown(words.batch(size=size, length=length, after=shown, answer=answer))

st.header("Scrape a show")
st.markdown(words.SCRAPING)
scrape_a_show()

try_this(*words.TRY)
show_source(batch, split, label="The lines that ran: split and batch")
