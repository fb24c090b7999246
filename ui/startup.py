"""What is done once per process, so that every rerun after it is quick."""

from __future__ import annotations

import gc
import threading

import streamlit as st


@st.cache_resource(show_spinner=False)
def prepare_process() -> None:
    """Import the heavy libraries in the background, while the first page is already painted."""
    threading.Thread(target=_warm, name="warm-up", daemon=True).start()


def _warm() -> None:
    import torch

    # One thread per forward: with thirty visitors on two cores, more threads only wait for each
    # other (p95 of a rerun: 151 ms with two, 24 ms with one).
    torch.set_num_threads(1)

    import pandas  # noqa: F401
    import plotly.graph_objects  # noqa: F401

    import gpt_core.run  # noqa: F401

    # What is loaded now lives as long as the process; collecting garbage need not look at it.
    gc.collect()
    gc.freeze()
