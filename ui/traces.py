"""One forward pass per model, prompt and removed heads, shared by all who look at the same."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import ref

import streamlit as st
from torch import Tensor

from gpt_core.lens import AttentionTrace, Head, trace_attention
from ui.attention_map import Small, pack_small
from ui.caches import shared
from ui.sidebar import Study

# Bytes of all visitors' passes: with the bundled model 390 of 40 tokens, or seventeen of 384. A
# class of two hundred must fit in, or everybody's pass is gone before their next edit.
_KEPT = 256 << 20


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
    traced = _trace(study, without, _Known(before))
    # Kept alive by the cache alone: of many visitors, who stay in memory for a while after they
    # have left, these would be the largest part of the server's memory.
    last[bool(without)] = (study.fingerprint, ref(traced.trace))
    return traced


@dataclass(frozen=True)
class _Known:
    """A pass that may save a part of the next one; the result is the same without it."""

    trace: AttentionTrace | None
    key = None


def _bytes(traced: Traced) -> int:
    tensors = (t for t in vars(traced.trace).values() if isinstance(t, Tensor))
    return len(traced.small.weights) + sum(tensor.nbytes for tensor in tensors)


@shared(_KEPT, size=_bytes)
def _trace(study: Study, without: tuple[Head, ...], known: _Known) -> Traced:
    trace = trace_attention(study.model, study.ids, without, known.trace)
    return Traced(trace, pack_small(trace.pattern.numpy(), study.model.config.causal))
