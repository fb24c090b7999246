"""Home: the whole road of one prompt, from text to the next token's probabilities."""

import math

import streamlit as st

from ui.bars import STILL, probability_bars, signed_bars
from ui.pipeline import show_road
from ui.results import overview_of
from ui.sidebar import current_study
from ui.source import show_source
from ui.theme import palette
from ui.tokens import show_chips, visible

st.title("What a GPT does")
st.markdown(
    "A GPT does one thing: it reads some text and says, for every token that it knows, how likely "
    "that token is to come **next**. Everything else on these pages is how it gets there. "
    "Edit the prompt in the sidebar: every number below is computed again, by a real model, as "
    "you type."
)

study = current_study()
config = study.model.config
story = overview_of(study)
T, C, V = len(study.ids), config.n_embd, config.vocab_size
best = int(story.probabilities.argmax())
best_text = visible(study.tokenizer.token_text(best))

show_road(
    [
        ("Text", f"{len(study.prompt):,}", "characters in your prompt"),
        ("Tokens", f"{T:,}", f"ids, each one of {V:,} that the model knows"),
        ("Vectors", f"{T} × {C}", f"every token becomes {C} numbers"),
        ("Blocks", f"{config.n_layer}", f"each: attention with {config.n_head} heads, then an MLP"),
        (
            "Probabilities",
            f"{100 * story.probabilities[best]:.0f}%",
            f"for “{best_text}”, the likeliest of {V:,}",
        ),
    ]
)
if study.left_out:
    st.info(
        f"This model reads {config.block_size} tokens at a time. The first {study.left_out:,} of "
        "your prompt are left out."
    )

st.header("1. Text becomes tokens")
st.markdown(
    "The model never sees letters. A **tokenizer** cuts the text into pieces from a fixed list and "
    f"writes each piece's number. This model's list has {V:,} pieces. A dashed outline marks a "
    "piece that is not on the list."
)
show_chips(study.tokens, limit=160)
st.page_link("pages/tokenization.py", label="Tokenization: other ways to cut", icon="✂️")

st.header("2. Tokens become vectors")
last = visible(study.tokens[-1].text)
st.markdown(
    f"Each id picks a row of a learned table: **{C} numbers** that stand for that token. Here are "
    f"those of the last one, “{last}”. No single number means anything by itself; tokens that are "
    "used alike have rows that point the same way."
)
st.plotly_chart(signed_bars(story.embedding.tolist(), palette().output), config=STILL, key="embed")
if story.position is not None:
    st.markdown(
        f"A second table adds **where** the token stands: position {T - 1} has {C} numbers of its "
        "own, and the two rows are added."
    )
elif config.position == "rope":
    st.markdown(
        "This model doesn't add positions to the vectors. It turns queries and keys by an angle "
        "that depends on the position (RoPE), inside attention."
    )

st.header("3. Blocks add to the vectors")
st.markdown(
    "From here on each token carries its vector through the blocks: the **residual stream**. A "
    "block never replaces the vector. **Attention** looks at earlier tokens and *adds* what it "
    "found; the **MLP** works on the token alone and *adds* what it made of it. The table shows "
    "the length of the last token's vector, and of what was added to it. Blocks are counted from 0."
)
st.dataframe(
    {
        "block": [str(i) for i in range(config.n_layer)],
        "stream before": [f"{v:.2f}" for v in story.stream[:-1].tolist()],
        "attention adds": [f"{v:.2f}" for v in story.attention_added.tolist()],
        "MLP adds": [f"{v:.2f}" for v in story.mlp_added.tolist()],
        "stream after": [f"{v:.2f}" for v in story.stream[1:].tolist()],
    },
    hide_index=True,
)
left, right = st.columns(2)
left.page_link("pages/attention.py", label="Attention: who looks at whom", icon="🔦")
right.page_link("pages/layernorm.py", label="LayerNorm: keeping sizes in check", icon="⚖️")

st.header("4. The last vector becomes probabilities")
st.markdown(
    f"One more learned table turns the last token's {C} numbers into {V:,} scores, one for each "
    "token. Softmax makes them positive and lets them add up to 100%."
)
guess = st.text_input(
    "Before you look: which token comes next?",
    key="guess",
    max_chars=20,
    placeholder="your guess, then Enter",
)
if guess or st.toggle("Show me without guessing", key="reveal"):
    if guess:
        ids = study.tokenizer.encode(guess)
        share = float(story.probabilities[ids[0]])
        rank = int((story.probabilities > share).sum()) + 1
        first = visible(study.tokenizer.token_text(ids[0]))
        st.success(f"“{first}” has {100 * share:.2f}%: number {rank:,} of {V:,} on its list.")
    st.plotly_chart(
        probability_bars(story.probabilities, study.tokenizer), config=STILL, key="next"
    )
if story.surprise is not None:
    st.markdown(
        f"How well does it know *your* text? On average it needed **{story.surprise:.2f} bits** "
        f"for each of your tokens. Pure guessing among {V:,} would need {math.log2(V):.2f}."
    )
left, right = st.columns(2)
left.page_link("pages/sample.py", label="Sample: let it write", icon="💬")
right.page_link("pages/training.py", label="Training: watch one learn", icon="📉")

st.header("Where do all the numbers come from?")
st.markdown(
    f"From training. This model has **{study.model.num_parameters():,}** numbers, all random at "
    "the start. It read a text, guessed each next token, and was corrected, thousands of times. "
    "The **Data** lesson shows the text, the **Training** lesson the correcting."
)
st.subheader("Try this")
st.markdown(
    "- Type a name from the cast and a colon, `MABEL:`. What does the model expect after it?\n"
    "- Delete the last character of the prompt, then put another. Watch the last chart.\n"
    "- Write something that no sitcom would say. How many bits does it need now?"
)
show_source(type(study.model).forward, label="The lines that ran: GPT.forward")
