"""The generated sitcom as the text of all lessons: how many scenes, which seed."""

from __future__ import annotations

import time
from functools import cache

import streamlit as st

from corpus.sitcom import generate
from corpus.sitcom.text import FEWEST_SCENES, MOST_SCENES, MOST_SEED
from ui.app import widgets
from ui.app.chosen_text import choose_corpus, name_of_generated, written

_SAMPLE = 60  # scenes written to know how long and how quick they are


def sitcom_as_text() -> bool:
    """Ask how much of the sitcom; whether it was chosen just now as the text of all lessons."""
    one, two = st.columns([3, 1])
    scenes = widgets.select_slider(
        "Scenes",
        tuple(range(FEWEST_SCENES, MOST_SCENES + 1, 100)),
        1_000,
        key="scenes",
        container=one,
        format_func="{:,}".format,
    )
    seed = widgets.number_input("Seed of the text", 0, MOST_SEED, 1, key="text_seed", container=two)
    characters, seconds = _measured()
    st.caption(
        f"About {characters * scenes / 1e6:.1f} million characters, written in about "
        f"{max(0.1, seconds * scenes):.1f} seconds. The same seed always gives the same text. It "
        "is original and in the public domain (CC0)."
    )
    if not st.button(
        "Use as my text", type="primary", icon=":material/edit_note:", key="use_sitcom"
    ):
        return False
    choose_corpus(written(int(seed), scenes), name=name_of_generated(int(seed), scenes))
    return True


@cache
def _measured() -> tuple[float, float]:
    """Characters of a scene and seconds to write it, on this machine."""
    start = time.perf_counter()
    characters = sum(len(scene.text) + 3 for scene in generate(0, _SAMPLE))
    return characters / _SAMPLE, (time.perf_counter() - start) / _SAMPLE
