"""Home: the whole road of one prompt, from text to the next token's probabilities."""

import math

import streamlit as st

from gpt_core.tokenizers import first_tokens
from pages.home.results import overview_of
from pages.home.road import show_road
from ui import PROJECT
from ui.app.lesson import say_what_is_cut, try_this
from ui.app.links import open_lesson, page_of
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.components.block_diagram import block_diagram
from ui.services.study import Study
from ui.show.bars import probability_bars, signed_bars
from ui.show.plotly_json import show
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
    st.markdown(
        f"Each id picks a row of a learned table: **{config.n_embd} numbers** that stand for that "
        f"token. Here are those of the last one, {last}. No single number means anything by "
        "itself; tokens that are used alike have rows that point the same way."
    )
    bars = signed_bars(story.embedding.tolist(), palette().output)
    show(bars, "embed", "The numbers of the last token's vector, as bars")
    if story.position is not None:
        st.markdown(
            f"A second table adds **where** the token stands: position {len(study.ids) - 1} has "
            f"{config.n_embd} numbers of its own, and the two rows are added."
        )
    elif config.position == "rope":
        st.markdown(
            "This model doesn't add positions to the vectors. It turns queries and keys by an "
            "angle that depends on the position (RoPE), inside attention."
        )


@about_prompt
def blocks(study: Study) -> None:
    story, last = overview_of(study), study.tokens[-1].text
    words, picture = st.columns([2, 3], gap="large")
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
    words.markdown(
        "Read it from the bottom up. The grey line is the stream. Each branch **reads** it (●) and "
        "**adds** (⊕) a vector of its own; the thicker the way back, the longer that vector.\n\n"
        f"For {code(last)} the vector enters layer 0 with length {enters:.2f}. The most "
        f"is added by the {'MLP' if tensor == 'mlp_out' else 'attention'} of layer {layer}: "
        f"{added[most]:.2f}. After the last layer its length is {story.end:.2f}. Layers are "
        "counted from 0.\n\n"
        "**Every part is a link** to the lesson that takes it apart."
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
            st.success(f"{first} has {100 * share:.2f}%: number {rank:,} of {V:,} on its list.")
        bars = probability_bars(story.probabilities, study.tokenizer)
        show(bars, "next", "Probabilities of the likeliest next tokens, as bars")
    if story.surprise is not None:
        st.markdown(
            "How well does it know *your* text? On average it needed "
            f"**{story.surprise:.2f} bits** for each of your tokens. Pure guessing among {V:,} "
            f"would need {math.log2(V):.2f}."
        )


st.title("What a GPT does")
st.markdown(
    "A GPT does one thing: it reads some text and says, for every token that it knows, how likely "
    "that token is to come **next**. Everything else on these pages is how it gets there. "
    "Edit the prompt in the sidebar: every number below is computed again, by a real model, as "
    "you type."
)

model = current_study().model
C, V = model.config.n_embd, model.config.vocab_size
road()

st.header("1. Text becomes tokens")
st.markdown(
    "The model never sees letters. A **tokenizer** cuts the text into pieces from a fixed list and "
    f"writes each piece's number. This model's list has {V:,} pieces. A dashed outline marks a "
    "piece that is not on the list."
)
tokens()
st.page_link(page_of("tokenization"), label="Tokenization: other ways to cut", icon="✂️")

st.header("2. Tokens become vectors")
last_vector()

st.header("3. Blocks add to the vectors")
st.markdown(
    "From here on each token carries its vector through the blocks: the **residual stream**. A "
    "block never replaces the vector. **Attention** looks at earlier tokens and *adds* what it "
    "found; the **MLP** works on the token alone and *adds* what it made of it."
)
blocks()

st.header("4. The last vector becomes probabilities")
st.markdown(
    f"One more learned table turns the last token's {C} numbers into {V:,} scores, one for each "
    "token. Softmax makes them positive and lets them add up to 100%."
)
prediction()
left, right = st.columns(2)
left.page_link(page_of("sample"), label="Sample: let it write", icon="💬")
right.page_link(page_of("training"), label="Training: watch one learn", icon="📉")

st.header("Where do all the numbers come from?")
st.markdown(
    f"From training. This model has **{model.num_parameters():,}** numbers, all random at "
    "the start. It read a text, guessed each next token, and was corrected, thousands of times. "
    "The **Training** lesson shows the correcting. The text comes first:"
)
left, right = st.columns(2)
left.page_link(page_of("data"), label="Data: what a model learns from", icon="📚")
right.page_link(page_of("sitcom"), label="Sitcom: a text that makes sense", icon="🎬")
try_this(
    "Type a name from the cast and a colon, `MABEL:`. What does the model expect after it?",
    "Delete the last character of the prompt, then put another. Watch the last chart.",
    "Write something that no sitcom would say. How many bits does it need now?",
)
st.subheader("Take it with you")
st.markdown(
    "Two notebooks for Jupyter hold the same in code: the whole model line by line, and each "
    "concept on numbers that you can check. They run beside the project's folders, on a laptop."
)
notebooks = sorted((PROJECT / "notebooks").glob("*.ipynb"), reverse=True)
for column, file in zip(st.columns(2), notebooks, strict=True):
    column.download_button(
        file.name, file.read_bytes(), file.name, "application/x-ipynb+json", on_click="ignore"
    )
show_source(type(model).forward, label="The lines that ran: GPT.forward")
