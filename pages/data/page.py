"""Data: the text that a model learns from, and how it is served in batches."""

import streamlit as st

from gpt_core.training.data import batch, split
from pages.data.choosing_text import text_picker
from pages.data.scraping_panel import scrape_a_show
from pages.data.text_tables import batch_html, guessing_bars, statistics_of, token_array
from ui.app import widgets
from ui.app.chosen_text import chosen_corpus
from ui.app.lesson import numbers_row, try_this
from ui.app.source import show_source
from ui.app.study_bar import current_study
from ui.show.bars import count_bars
from ui.show.names import as_text
from ui.show.plotly_json import show
from ui.show.theme import palette
from ui.show.tokens import code, short

st.title("Data")
current_study()
st.markdown(
    "A GPT knows nothing but the text that it was trained on. So look at the text first: how long "
    "it is, what is in it, and how predictable it is without any model at all."
)

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
    show(bars, "characters", "How often each of the most frequent characters occurs, as bars")
with right:
    st.markdown("**Most frequent words**")
    if numbers.top_words:
        labels, counts = zip(*numbers.top_words[:12], strict=True)
        bars = count_bars(list(map(short, labels)), counts, palette().value)
        show(bars, "words", "How often each of the most frequent words occurs, as bars")
    else:
        st.caption("This text has no words: no letters or digits stand together.")

st.header("How far does guessing get?")
st.markdown(
    "Before a model is worth anything it must beat a mere **counter**. Count which character "
    "follows which, and guess by that. How surprised is the counter by the next character, on "
    "average? That is **entropy**, in bits: 1 bit is a coin toss, 2 bits one of four equally "
    "likely characters, 0 bits no doubt at all."
)
rows = guessing_bars(text)
st.dataframe(rows, hide_index=True)
st.markdown(
    "The last column is the honest one: the counter learned from the first 90% of the text and "
    "guesses the last 10%, which it never saw. The column before it looks better than it is, "
    "because there the counter is asked about the very text that it counted. A model that stays "
    f"above **{rows['bits, on unseen text'].min():.2f} bits per character** on unseen text has "
    "learned less than a counter could. These bars are drawn into the loss curves of the Training "
    "lesson."
)

st.header("The split: something to learn, something to be tested on")
tokenizer, tokens = token_array(text)
train, val = split(tokens)
st.markdown(
    f"The text is cut once, **by position**: the first {len(train):,} tokens are for learning "
    f"(90%), the last {len(val):,} for testing (10%). Here a token is one character. Cutting at "
    "random places would put pieces of the same scene on both sides, and the test would be easier "
    "than it should be."
)
st.progress(len(train) / len(tokens), text="◀ train 90% │ validation 10% ▶")
edge = len(train)
st.caption("Where the cut falls, between the end of training and the start of testing: ‖")
st.code(
    f"… {text[max(0, edge - 160) : edge]} ‖ {text[edge : edge + 160]} …",
    language=None,
    wrap_lines=True,
)

st.header("A batch: many small lessons at once")
st.markdown(
    "A training step looks at a few short pieces, taken from random places. **x** is what the "
    "model reads. **y** is what it should have said: the same piece, **shifted by one**. Each "
    "column is one exercise: after all the x up to here, say y."
)
one, two, three = st.columns(3)
size = widgets.slider("Pieces in a batch (B)", 1, 8, 3, key="batch", container=one)
length = widgets.slider("Tokens in a piece (T)", 4, 32, 16, key="piece", container=two)
seed = widgets.number_input("Seed", 0, 9999, 1337, key="batch_seed", container=three)
x, y = batch(train, 0, batch_size=size, block_size=length, seed=int(seed))
st.html(batch_html(x.tolist(), y.tolist(), tokenizer))
shown = code("".join(tokenizer.token_text(i) for i in x[0, : min(6, length)].tolist()))
answer = code(tokenizer.token_text(int(y[0, min(6, length) - 1])))
st.markdown(
    f"The batch is a table of shape **({size}, {length})** of ids: {size * length} exercises in "
    f"one step. For example, in the first piece: after {shown} comes {answer}. The same seed "
    "always gives the same batch, so that an experiment can be repeated."
)

st.header("Scrape a show")
st.markdown(
    "Where do large texts come from? Mostly from the web, and they come dirty: "
    "advertisements between the words, letters that were decoded wrongly, sentences cut in two. "
    "Fetch a few episodes of a sitcom, and look at what it takes to make them fit to learn from."
)
scrape_a_show()

try_this(
    "What is y at the last column of a piece? Say it before you look at where x stops.",
    "Choose a text in another language. Do its entropies go up or down? Why?",
    "Paste the same sentence fifty times. What happens to the entropy with two characters known?",
)
show_source(batch, split, label="The lines that ran: split and batch")
