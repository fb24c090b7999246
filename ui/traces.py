"""One forward pass per model, prompt and removed heads, shared by all who look at the same."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import streamlit as st

from gpt_core.lens import AttentionTrace, Head, trace_attention
from ui.attention_map import Small, pack_small
from ui.sidebar import Study


@dataclass(frozen=True)
class Traced:
    """What attention did on the prompt, and all its weights ready to be sent as small pictures."""

    trace: AttentionTrace
    small: Small


def attention_of(study: Study, without: tuple[Head, ...] = ()) -> Traced:
    """Run the study's model over its prompt with some heads removed, or remember having done so.

    Of this visitor's last two passes one usually shares a beginning with the new one, which then
    isn't computed again.
    """
    last: dict[bool, tuple[str, AttentionTrace]] = st.session_state.setdefault("last_traces", {})
    model, known = last.get(bool(without), ("", None))
    same = known if model == study.fingerprint else None
    # Streamlit needs a millisecond to make a key of a tuple of 128 numbers, and none for bytes.
    ids = array("i", study.ids).tobytes()
    traced = _trace(study.fingerprint, ids, without, study, same)
    last[bool(without)] = (study.fingerprint, traced.trace)
    return traced


@st.cache_resource(max_entries=32, show_spinner=False)
def _trace(
    fingerprint: str,
    ids: bytes,
    without: tuple[Head, ...],
    _study: Study,
    _known: AttentionTrace | None,
) -> Traced:
    trace = trace_attention(_study.model, _study.ids, without, _known)
    return Traced(trace, pack_small(trace.pattern.numpy(), _study.model.config.causal))
