"""The scaling law: its runs, the run that was left out, and the notebooks' model."""

from __future__ import annotations

import streamlit as st

from pages.tuning import figures, words
from pages.tuning.results import NOTEBOOK, scaling_of
from ui.app.glossary import prose
from ui.components.chart import show


def show_scaling() -> None:
    """Nothing while no runs are recorded."""
    found = scaling_of()
    if found is None:
        return
    st.header("Scaling")
    prose(words.SCALING)
    left, right = st.columns([3, 2], gap="large")
    with left:
        show(figures.compute_cloud(found), "tuning_cloud", words.CLOUD_ALT)
        st.caption(words.scaling_recorded(found))
    with right:
        st.latex(words.LAW)
        prose(words.LAW_PARTS)
        prose(words.law_found(found))
        prose(words.fit_found(found))
        prose(words.left_out(found))
    st.subheader("Where the notebooks' model stands")
    left, right = st.columns([3, 2], gap="large")
    with left:
        names = (words.RUNS_NAME, words.NOTEBOOK_NAME)
        plane = figures.size_and_text(found, NOTEBOOK, names)
        show(plane, "tuning_plane", words.PLANE_ALT)
    with right:
        prose(words.notebook_found(found))
