"""What one forward pass over a prompt left behind, shared by all who look at the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from os.path import commonprefix
from typing import Any, Protocol
from weakref import ref

import streamlit as st

from gpt_core.interpret.attention import AttentionTrace, Head, trace_attention
from gpt_core.model import recording
from gpt_core.model.recording import Recording
from ui.components.attention_map import Small, pack_small
from ui.services.caches import PASSES, Aside, shared
from ui.services.models import LoadedModel
from ui.services.study import Study

# A page asks for a few passes: of two prompts beside each other, with and without a head.
_LAST = 12


def recorded(loaded: LoadedModel, ids: tuple[int, ...], *patterns: str) -> Recording:
    """One pass over a text, or of what it doesn't share with one of this visitor's last passes.

    patterns: see `gpt_core.model.recording.run`.
    """
    case = (Recording, loaded.fingerprint, patterns)
    patterns = (*patterns, *recording.CONTINUED)
    seen = _recorded(loaded, ids, patterns, Aside(last_like(case, ids)))
    remember(case, seen)
    return seen


@shared(PASSES)
def _recorded(
    loaded: LoadedModel,
    ids: tuple[int, ...],
    patterns: tuple[str, ...],
    known: Aside[Recording | None],
) -> Recording:
    return recording.run(loaded.model, ids, *patterns, known=known.value)


class OfText(Protocol):
    """What a pass over a text left behind."""

    @property
    def ids(self) -> tuple[int, ...]:
        """The text."""


def last_like(case: Hashable, ids: tuple[int, ...]) -> Any:
    """Of this visitor's last passes of a case that one which shares most with a text, if any does.

    case: the kind, the weights, and whatever else makes two passes alike.
    """
    passes = (found() for its, found in _last_passes() if its == case)
    alike = [(len(commonprefix((seen.ids, ids))), seen) for seen in passes if seen is not None]
    return max(alike, key=lambda pair: pair[0], default=(0, None))[1]


def remember(case: Hashable, seen: OfText) -> None:
    """Keep in mind what a visitor saw.

    It is kept alive by the cache alone: of many visitors, who stay in memory for a while after they
    have left, these would be the largest part of the server's memory.
    """
    _last_passes().append((case, ref(seen)))


def _last_passes() -> deque[tuple[Hashable, ref[Any]]]:
    return st.session_state.setdefault("last_passes", deque(maxlen=_LAST))


@dataclass(frozen=True)
class Traced:
    """What attention did on the prompt, and all its weights ready to be sent as small pictures."""

    trace: AttentionTrace
    small: Small


def attention_of(study: Study, without: tuple[Head, ...] = ()) -> Traced:
    """Run the study's model over its prompt with some heads removed, or remember having done so."""
    case = (AttentionTrace, study.fingerprint, without)
    traced = _trace(study, without, Aside(last_like(case, study.ids)))
    remember(case, traced.trace)
    return traced


@shared(PASSES)
def _trace(study: Study, without: tuple[Head, ...], known: Aside[AttentionTrace | None]) -> Traced:
    trace = trace_attention(study.model, study.ids, without, known.value)
    return Traced(trace, pack_small(trace.pattern.numpy(), study.model.config.causal))
