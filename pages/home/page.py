"""Home: the whole road of one prompt, from text to the next token's probabilities."""

import streamlit as st

from gpt_core.tokenizers import first_tokens
from pages.home import words
from pages.home.results import overview_of
from pages.home.road import show_road
from ui import PROJECT
from ui.app.lesson import say_what_is_cut, try_this
from ui.app.links import open_lesson, page_of
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.components.block_diagram import block_diagram
from ui.services.study import Study
from ui.show.plotly_json import probability_bars, show, signed_bars
from ui.show.theme import palette
from ui.show.tokens import code, short, show_chips


@about_prompt
def road(study: Study) -> None:
    config, probabilities = study.model.config, overview_of(study).probabilities
    best = int(probabilities.argmax())
    best_text = short(study.tokenizer.token_text(best))
    show_road(
        [
            ("Text", f"{len(study.prompt):,}", "characters in your prompt"),
            (
                "Tokens",
                f"{len(study.ids):,}",
                f"ids, each one of {config.vocab_size:,} that the model knows",
            ),
            (
                "Vectors",
                f"{len(study.ids)} × {config.n_embd}",
                f"every token becomes {config.n_embd} numbers",
            ),
            (
                "Blocks",
                f"{config.n_layer}",
                f"each: attention with {config.n_head} heads, then an MLP",
            ),
            (
                "Probabilities",
                f"{100 * probabilities[best]:.0f}%",
                f"for “{best_text}”, the likeliest of {config.vocab_size:,}",
            ),
        ]
    )
    say_what_is_cut(study)


@about_prompt
def tokens(study: Study) -> None:
    show_chips(study.tokens, limit=160)


@about_prompt
def last_vector(study: Study) -> None:
    config, story = study.model.config, overview_of(study)
    last = code(study.tokens[-1].text)
    st.markdown(words.row_of_last(config.n_embd, last))
    bars = signed_bars(story.embedding.tolist(), palette().output)
    show(bars, "embed", "The numbers of the last token's vector, as bars")
    if story.position is not None:
        st.markdown(words.position(len(study.ids) - 1, config.n_embd))
    elif config.position == "rope":
        st.markdown(words.ROTARY)


@about_prompt
def blocks(study: Study) -> None:
    story, last = overview_of(study), study.tokens[-1].text
    text, picture = st.columns([2, 3], gap="large")
    with picture:
        clicked = block_diagram(
            study.model.config,
            key="blocks",
            numbers=story.lengths,
            unit=f"length of what is added to the last token, “{short(last)}”",
        )
    added = {name: length for name, length in story.lengths.items() if name.endswith("_out")}
    enters = story.lengths["blocks.0.resid_pre"]
    most = max(added, key=added.__getitem__)
    _, layer, tensor = most.split(".")
    text.markdown(
        words.stream(
            token=last,
            entering=enters,
            part="MLP" if tensor == "mlp_out" else "attention",
            layer=layer,
            added=added[most],
            leaving=story.end,
        )
    )
    open_lesson(clicked)


@about_prompt
def prediction(study: Study) -> None:
    story, V = overview_of(study), study.model.config.vocab_size
    guess = st.text_input(
        "Before you look: which token comes next?",
        key="guess",
        max_chars=20,
        placeholder="your guess, then Enter",
    )
    if guess or st.toggle("Show me without guessing", key="reveal"):
        if guess:
            ids = first_tokens(guess, study.tokenizer)
            likeliest = max(ids, key=story.probabilities.__getitem__)
            share = float(story.probabilities[likeliest])
            rank = int((story.probabilities > share).sum()) + 1
            first = code(study.tokenizer.token_text(likeliest))
            st.success(words.guessed(first=first, share=100 * share, rank=rank, vocabulary=V))
        bars = probability_bars(story.probabilities, study.tokenizer)
        show(bars, "next", "Probabilities of the likeliest next tokens, as bars")
    if story.surprise is not None:
        st.markdown(words.surprise(story.surprise, V))


st.title("What a GPT does")
st.markdown(words.INTRO)

model = current_study().model
C, V = model.config.n_embd, model.config.vocab_size
road()

st.header("1. Text becomes tokens")
st.markdown(words.tokens(V))
tokens()
st.page_link(page_of("tokenization"), label="Tokenization: other ways to cut", icon="✂️")

st.header("2. Tokens become vectors")
last_vector()

st.header("3. Blocks add to the vectors")
st.markdown(words.BLOCKS)
blocks()

st.header("4. The last vector becomes probabilities")
st.markdown(words.probabilities(C, V))
prediction()
left, right = st.columns(2)
left.page_link(page_of("sample"), label="Sample: let it write", icon="💬")
right.page_link(page_of("training"), label="Training: watch one learn", icon="📉")

st.header("Where do all the numbers come from?")
st.markdown(words.training(model.num_parameters()))
left, right = st.columns(2)
left.page_link(page_of("data"), label="Data: what a model learns from", icon="📚")
right.page_link(page_of("sitcom"), label="Sitcom: a text that makes sense", icon="🎬")
try_this(*words.TRY)
st.subheader("Take it with you")
st.markdown(words.NOTEBOOKS)
notebooks = sorted((PROJECT / "notebooks").glob("*.ipynb"), reverse=True)
for column, file in zip(st.columns(2), notebooks, strict=True):
    column.download_button(
        file.name, file.read_bytes(), file.name, "application/x-ipynb+json", on_click="ignore"
    )
show_source(type(model).forward, label="The lines that ran: GPT.forward")
