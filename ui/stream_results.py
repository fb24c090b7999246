"""What the residual-stream lesson computes, kept for all visitors by weights, tokens, settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st
from torch import Tensor

from gpt_core.attribution import Attribution, StreamTrace, attribute, trace_stream
from gpt_core.logit_lens import Lens, logit_lens
from gpt_core.patching import (
    Contrast,
    StateRun,
    contrast,
    patch,
    patch_each,
    run_states,
    suggest_swap,
)
from ui.sidebar import Study

Ids = tuple[int, ...]


def stream_of(study: Study) -> StreamTrace:
    """One forward pass over the prompt, with all that was written into the stream."""
    return _stream(study.fingerprint, study.ids, study)


@st.cache_resource(max_entries=8, show_spinner=False)
def _stream(fingerprint: str, ids: Ids, _study: Study) -> StreamTrace:
    return trace_stream(_study.model, ids)


def attribution_of(
    study: Study, position: int, answer: int, against: int | None, average: bool
) -> Attribution:
    """Each part's share of a logit."""
    return _attribution(study.fingerprint, study.ids, position, answer, against, average, study)


@st.cache_resource(max_entries=64, show_spinner=False)
def _attribution(
    fingerprint: str, ids: Ids, position: int, answer: int, against: int | None, average: bool,
    _study: Study,
) -> Attribution:  # fmt: skip
    return attribute(_study.model, stream_of(_study), position, answer, against, average)


def lens_of(study: Study, reuse: bool) -> Lens:
    """The prompt through the logit lens."""
    return _lens(study.fingerprint, study.ids, reuse, study)


@st.cache_resource(max_entries=32, show_spinner=False)
def _lens(fingerprint: str, ids: Ids, reuse: bool, _study: Study) -> Lens:
    return logit_lens(_study.model, stream_of(_study).stream, reuse)


@st.cache_resource(max_entries=64, show_spinner=False)
def suggestion_of(fingerprint: str, ids: Ids, most: int, _study: Study) -> tuple[int, int]:
    """A token of the prompt to replace, and by what."""
    return suggest_swap(_study.model, ids, most)


class Pair:
    """The study's prompt, and another one to copy states from.

    Raises ValueError when there is nothing to compare; see `contrast`.
    """

    def __init__(self, study: Study, other: Ids) -> None:
        self.study, self.other = study, other
        self._cached: Callable[..., StateRun] = partial(_states, study.fingerprint, _study=study)
        self.measure: Contrast = contrast(self.into, self.source)

    @property
    def into(self) -> StateRun:
        """The run on the study's own prompt."""
        return self._cached(self.study.ids)

    @property
    def source(self) -> StateRun:
        """The run on the other one."""
        return self._cached(self.other)

    def grid(self, state: str) -> list[list[float]]:
        """How much of the answer each layer and position moves."""
        return _grid(self.study.fingerprint, self.study.ids, self.other, state, self)

    def patched(self, state: str, layer: int, position: int) -> Tensor:
        """The logits with one state copied."""
        place = state, layer, position
        return _patched(self.study.fingerprint, self.study.ids, self.other, *place, self)


@st.cache_resource(max_entries=24, show_spinner=False)
def _states(fingerprint: str, ids: Ids, _study: Study) -> StateRun:
    return run_states(_study.model, ids)


@st.cache_resource(max_entries=64, show_spinner=False)
def _grid(fingerprint: str, ids: Ids, other: Ids, state: str, _pair: Pair) -> list[list[float]]:
    model = _pair.study.model
    return [
        patch_each(model, _pair.into, _pair.source, state, layer, _pair.measure)
        for layer in range(model.config.n_layer)
    ]


@st.cache_resource(max_entries=64, show_spinner=False)
def _patched(
    fingerprint: str, ids: Ids, other: Ids, state: str, layer: int, position: int, _pair: Pair
) -> Tensor:
    return patch(_pair.study.model, _pair.into, _pair.source, state, layer, [position])
