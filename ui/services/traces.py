"""What one forward pass over a prompt left behind, shared by all who look at the same."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import ref

import streamlit as st

from gpt_core.interpret.attention import AttentionTrace, Head, trace_attention
from gpt_core.model import recording
from gpt_core.model.recording import Recording
from ui.components.attention_map import Small, pack_small
from ui.services.caches import PASSES, Aside, shared
from ui.services.models import LoadedModel
from ui.services.study import Study


@shared(PASSES)
def recorded(loaded: LoadedModel, ids: tuple[int, ...], *patterns: str) -> Recording:
    """One pass over a text; see `gpt_core.model.recording.run`."""
    return recording.run(loaded.model, ids, *patterns)


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
    last: dict[bool, tuple[str, ref[AttentionTrace]]]
    last = st.session_state.setdefault("last_traces", {})
    fingerprint, known = last.get(bool(without), ("", None))
    before = known() if known and fingerprint == study.fingerprint else None
    traced = _trace(study, without, Aside(before))
    # Kept alive by the cache alone: of many visitors, who stay in memory for a while after they
    # have left, these would be the largest part of the server's memory.
    last[bool(without)] = (study.fingerprint, ref(traced.trace))
    return traced


@shared(PASSES)
def _trace(study: Study, without: tuple[Head, ...], known: Aside[AttentionTrace | None]) -> Traced:
    trace = trace_attention(study.model, study.ids, without, known.value)
    return Traced(trace, pack_small(trace.pattern.numpy(), study.model.config.causal))
