"""Results of gpt_core on the study's model and prompt, kept for all visitors.

The key is the model's fingerprint and the token ids: the same prompt on the same weights is
computed once, whoever asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui.sidebar import Study

if TYPE_CHECKING:
    from gpt_core.overview import Overview


def overview_of(study: Study) -> Overview:
    """The story of the prompt's last token."""
    return _overview(study.fingerprint, study.ids, study)


@st.cache_resource(max_entries=256, show_spinner=False)
def _overview(fingerprint: str, ids: tuple[int, ...], _study: Study) -> Overview:
    from gpt_core.overview import overview  # brings PyTorch, which the first words needn't wait for

    return overview(_study.model, ids)
