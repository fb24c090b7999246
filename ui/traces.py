"""One forward pass per model, prompt and removed heads, shared by all who look at the same."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from gpt_core.lens import AttentionTrace, Head, trace_attention
from ui.attention_map import pack_weights
from ui.sidebar import Study


@dataclass(frozen=True)
class Traced:
    """What attention did on the prompt, and all its weights as bytes ready to be sent."""

    trace: AttentionTrace
    weights: bytes


def attention_of(study: Study, without: tuple[Head, ...] = ()) -> Traced:
    """Run the study's model over its prompt with some heads removed, or remember having done so."""
    return _trace(study.fingerprint, study.ids, without, study)


@st.cache_resource(max_entries=32, show_spinner=False)
def _trace(
    fingerprint: str, ids: tuple[int, ...], without: tuple[Head, ...], _study: Study
) -> Traced:
    trace = trace_attention(_study.model, ids, without)
    return Traced(trace, pack_weights(trace.pattern.numpy(), _study.model.config.causal))
