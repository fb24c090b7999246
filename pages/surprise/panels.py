"""What the lesson shows of one text: predictors, two cuts, and a table of pairs that learns."""

from collections.abc import Sequence

import streamlit as st

from pages.surprise import words
from pages.surprise.figures import training_curve
from pages.surprise.results import (
    Halves,
    Trained,
    at_home,
    by_tokenizer,
    counted,
    model_cost,
    trained,
)
from ui.app import widgets
from ui.app.chosen_text import text_of_lesson
from ui.app.glossary import prose
from ui.app.study_bar import current_study
from ui.services.caches import Aside
from ui.show.bars import amount_bars, show_bars
from ui.show.numbers import number
from ui.show.tables import show_table
from ui.show.theme import palette, series_color

MOST_SEED = 9999


def predictors(halves: Halves) -> None:
    """Guessing, two counters and the loaded model on the same unseen text."""
    loaded = current_study().loaded
    numbers, cost = counted(halves), model_cost(loaded, halves.unseen)
    bars = {"guessing": numbers.guessing, "counting characters": numbers.letters}
    bars["counting pairs"] = numbers.pairs
    colors = [palette().muted] * 3
    if cost:
        bars["the loaded model"] = cost.per_character
        colors.append(series_color(1))
    drawn = amount_bars(list(bars), list(bars.values()), colors, ".2f")
    show_bars(drawn, "surprise_bars", "Bits per character on unseen text, a bar for each predictor")
    st.caption(words.unseen_text(text_of_lesson().name, len(halves.unseen)))
    prose(words.counters(numbers))
    home = at_home(loaded) if cost and not loaded.imported else None
    learned = None if loaded.imported else loaded.run.corpus["name"]
    vocabulary = loaded.tokenizer.vocab_size
    start = loaded.run.start
    prose(words.loaded_model(cost, numbers, learned, home, vocabulary, start))
    st.subheader("Entropy and cross-entropy")
    prose(words.entropy(numbers))


def per_token_or_character(halves: Halves) -> None:
    """The same counter on the same text, cut in two ways."""
    costs = by_tokenizer(halves)
    rows = [
        {
            "cut into": name,
            "tokens": f"{cost.tokens:,}",
            "bits per token": number(cost.per_token),
            "bits per character": number(cost.per_character),
        }
        for name, cost in costs.items()
    ]
    if rows:
        show_table(rows, "surprise_units", "The counter's bits, by how the text is cut")
    prose(words.units(costs))


@st.fragment
def table_of_pairs(halves: Halves) -> None:
    """Train it on a click; who comes back to the same text and seed finds it trained."""
    numbers = counted(halves)
    prose(words.table(numbers))
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    seed = int(widgets.number_input("Seed", 0, MOST_SEED, 1, key="pairs_seed", container=left))
    this = (halves.key, seed)
    if right.button("Train the table", type="primary", icon=":material/bolt:", key="train_pairs"):
        st.session_state["trained_pairs"] = this
    if st.session_state.get("trained_pairs") != this:
        st.caption(words.NOT_YET)
        return
    picture = st.empty()

    def draw(steps: Sequence[int], losses: Sequence[float]) -> None:
        chart = training_curve(steps, losses, numbers)
        # Without a key, so that it can be drawn again while the table learns.
        picture.vega_lite_chart(chart.data, chart.spec, alt=words.CURVE)

    found = trained(halves, seed, Aside(draw))
    draw(found.steps, found.losses)
    prose(words.trained(found, numbers))
    show_writing(found)
    prose(words.more_context(numbers))


def show_writing(found: Trained) -> None:
    """What the table wrote before and after."""
    for column, name, text in zip(
        st.columns(2), ("before", "after"), (found.before, found.after), strict=True
    ):
        with column:
            st.markdown(f"**What it writes {name} training**")
            st.code(text, language=None, wrap_lines=True)
