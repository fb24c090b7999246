"""A run's past, kept for all visitors: what its snapshots do with a probe, and how the loss fell.

Looking at a snapshot takes about a tenth of a second, and a run may have sixty of them. So a page
asks for as many as fit into a short time, draws them, and asks again: each is computed once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from ui.metrics import Curves, MetricsReader

if TYPE_CHECKING:
    from gpt_core.history import Frame, Moment
    from gpt_core.model import GPT
    from gpt_core.roles import Marked, RoleScores
    from gpt_core.run import Run

AT_ONCE = 0.4  # seconds
AT_LEAST = 8  # snapshots a look, however slow they are: the bundled run is there whole, or not yet


@dataclass(frozen=True)
class Seen:
    """One moment of a run: what its model does with the probe, and the roles of its heads."""

    moment: Moment
    frame: Frame
    roles: dict[str, RoleScores]


@dataclass
class History:
    """What is known of a run's moments so far, in the order of training.

    damaged: a sentence for each moment that can't be looked at. missing: how many nobody has
    looked at yet.
    """

    seen: list[Seen] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    missing: int = 0


def history_of(
    key: str, run: Run, moments: Sequence[Moment], ids: tuple[int, ...], first: int | None
) -> History:
    """Look at AT_LEAST moments of a run, and at more of them until AT_ONCE seconds are over.

    key: the run's. first: the step to begin with, because it is what the visitor sees.
    """
    history, started, fresh = History(), time.monotonic(), []
    for moment in sorted(moments, key=lambda m: (m.step != first, m.step)):
        # Each call looks at some at least, so that the last one is reached however slow they are.
        if len(fresh) >= AT_LEAST and time.monotonic() - started > AT_ONCE:
            history.missing += 1
            continue
        found = _look(key, moment, ids, run, fresh)
        if isinstance(found, str):
            history.damaged.append(found)
        else:
            history.seen.append(found)
    history.seen.sort(key=lambda seen: seen.moment.step)
    return history


@st.cache_resource(max_entries=600, show_spinner=False)
def _look(
    key: str, moment: Moment, ids: tuple[int, ...], _run: Run, _fresh: list[Moment]
) -> Seen | str:
    """A moment, or a sentence that says why it can't be seen. What wasn't known goes to _fresh."""
    from gpt_core.history import look

    _fresh.append(moment)
    model = _model(key, moment, _run)
    if isinstance(model, str):
        return model
    try:
        return Seen(moment, look(model, ids, moment.step), _roles(key, moment, _run))
    except ValueError as error:
        return str(error)


@st.cache_resource(max_entries=2, show_spinner=False)
def _model(key: str, moment: Moment, _run: Run) -> GPT | str:
    from gpt_core.history import load

    try:
        return load(_run, moment)
    except ValueError as error:
        return str(error)


@st.cache_resource(max_entries=600, show_spinner=False)
def _roles(key: str, moment: Moment, _run: Run) -> dict[str, RoleScores]:
    """They don't depend on the probe, so another one needn't measure them again."""
    from gpt_core.history import roles_of

    return roles_of(_model(key, moment, _run), _texts(key, _run))


@st.cache_resource(max_entries=16, show_spinner=False)
def _texts(key: str, _run: Run) -> list[Marked]:
    """What roles are measured on; nothing where the run's text is gone."""
    from gpt_core.history import texts_of

    try:
        return texts_of(_run)
    except ValueError:
        return []


def losses_of(run: Run) -> Curves:
    """The run's curves, as far as they are written."""
    path = run.path / "metrics.jsonl"
    try:
        stat = path.stat()
    except OSError:
        return Curves()
    return _curves(str(path), f"{stat.st_mtime_ns:x}-{stat.st_size:x}", run)


@st.cache_resource(max_entries=4, show_spinner=False)
def _curves(path: str, stamp: str, _run: Run) -> Curves:
    reader = MetricsReader(_run.path / "metrics.jsonl")
    reader.read()
    return reader.curves
