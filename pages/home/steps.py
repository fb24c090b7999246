"""The prompt's road, step by step: its five stations, tokens, the last vector, the layers."""

from __future__ import annotations

import streamlit as st

from pages.home import words
from pages.home.results import overview_of
from pages.home.road import show_road
from ui.app.glossary import prose
from ui.app.lesson import say_what_is_cut
from ui.app.links import open_lesson
from ui.app.study_bar import about_prompt
from ui.components.block_diagram import block_diagram
from ui.components.chart import show
from ui.services.study import Study
from ui.show.chips import show_chips
from ui.show.plotly_json import signed_bars
from ui.show.theme import series_color
from ui.show.tokens import code, short


@about_prompt
def road(study: Study) -> None:
    config = study.model.config
    show_road(
        [
            (
                "Text",
                f"{len(study.prompt):,}",
                words.characters(len(study.prompt)),
            ),
            (
                "Tokens",
                f"{len(study.ids):,}",
                words.ids(len(study.ids), config.vocab_size),
            ),
            (
                "Vectors",
                f"{len(study.ids)} × {config.n_embd}",
                f"every token becomes {config.n_embd} numbers",
            ),
            (
                "Layers",
                f"{config.n_layer}",
                words.each_layer(config),
            ),
            ("Probabilities", f"{config.vocab_size:,}", "one for each token of the vocabulary"),
        ]
    )
    say_what_is_cut(study)


@about_prompt
def tokens(study: Study) -> None:
    show_chips(study.tokens, "home_tokens", limit=160)


@about_prompt
def last_vector(study: Study) -> None:
    config, story = study.model.config, overview_of(study)
    last = code(study.tokens[-1].text)
    prose(words.row_of_last(config.n_embd, last, config.ngrams > 0))
    bars = signed_bars(story.embedding.tolist(), series_color(1))
    show(bars, "embed", "The numbers of the last token's vector, as bars")
    if story.position is not None:
        prose(words.position(len(study.ids) - 1, config.n_embd))
    elif config.position == "rope":
        prose(words.ROTARY)


@about_prompt
def layers(study: Study) -> None:
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
    prose(
        words.stream(
            token=last,
            entering=enters,
            part="MLP" if tensor == "mlp_out" else "attention",
            layer=layer,
            added=added[most],
            leaving=story.end,
        ),
        text.container(key="along_picture"),
    )
    open_lesson(clicked)
