"""Results of gpt_core on the study's model and prompt, kept for all visitors.

The key is the model's fingerprint and the token ids: the same prompt on the same weights is
computed once, whoever asks.
"""

from __future__ import annotations

import streamlit as st

from gpt_core.overview import Overview, overview
from ui.sidebar import Study


def overview_of(study: Study) -> Overview:
    """The story of the prompt's last token."""
    return _overview(study.fingerprint, study.ids, study)


@st.cache_resource(max_entries=256, show_spinner=False)
def _overview(fingerprint: str, ids: tuple[int, ...], _study: Study) -> Overview:
    return overview(_study.model, ids)
