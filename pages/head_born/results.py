"""A run's past, kept for all visitors: what its snapshots do with a probe, and how the loss fell.

Looking at a snapshot takes about a tenth of a second, and a run may have sixty of them. So a page
asks for as many as fit into a short time, draws them, and asks again: each is computed once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gpt_core.training.run_files import METRICS
from ui.services.caches import PASSES, SNAPSHOTS, Aside, shared
from ui.services.metrics import Curves, MetricsReader

if TYPE_CHECKING:
    from gpt_core.interpret.head_roles import Marked, RoleScores
    from gpt_core.interpret.snapshots import Frame, Moment
    from gpt_core.model.gpt import GPT
    from gpt_core.training.run import Run

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


@dataclass(frozen=True)
class Past:
    """A run whose snapshots are looked at. key: tells it from others, also from one of its name."""

    run: Run

    @property
    def key(self) -> str:
        """See `ui.services.caches.shared`."""
        return f"{self.run.path} {self.run.created}"


def history_of(
    past: Past, moments: Sequence[Moment], ids: tuple[int, ...], first: int | None
) -> History:
    """Look at AT_LEAST moments of a run, and at more of them until AT_ONCE seconds are over.

    first: the step to begin with, because it is what the visitor sees.
    """
    history, started = History(), time.monotonic()
    fresh: Aside[list[Moment]] = Aside([])  # what was not known before
    for moment in sorted(moments, key=lambda m: (m.step != first, m.step)):
        # Each call looks at some at least, so that the last one is reached however slow they are.
        if len(fresh.value) >= AT_LEAST and time.monotonic() - started > AT_ONCE:
            history.missing += 1
            continue
        found = _look(past, moment, ids, fresh)
        if isinstance(found, str):
            history.damaged.append(found)
        else:
            history.seen.append(found)
    history.seen.sort(key=lambda seen: seen.moment.step)
    return history


@shared(PASSES)
def _look(
    past: Past, moment: Moment, ids: tuple[int, ...], fresh: Aside[list[Moment]]
) -> Seen | str:
    """A moment, or a sentence that says why it can't be seen. What wasn't known goes to fresh."""
    from gpt_core.interpret.snapshots import look

    fresh.value.append(moment)
    model = _model(past, moment)
    if isinstance(model, str):
        return model
    try:
        return Seen(moment, look(model, ids, moment.step), _roles(past, moment))
    except ValueError as error:
        return str(error)


@shared()
def written(past: Past, moment: Moment, ids: tuple[int, ...]) -> tuple[int, ...]:
    """How a moment's model goes on after the probe, token ids; none where it can't."""
    from gpt_core.interpret.snapshots import continuation

    model = _model(past, moment)
    try:
        return () if isinstance(model, str) else continuation(model, ids)
    except ValueError:
        return ()


@shared(SNAPSHOTS)
def _model(past: Past, moment: Moment) -> GPT | str:
    from gpt_core.interpret.snapshots import load

    try:
        return load(past.run, moment).requires_grad_(False)
    except ValueError as error:
        return str(error)


@shared()
def _roles(past: Past, moment: Moment) -> dict[str, RoleScores]:
    """They don't depend on the probe, so another one needn't measure them again."""
    from gpt_core.interpret.snapshots import roles_of

    model = _model(past, moment)
    if isinstance(model, str):
        raise ValueError(model)
    return roles_of(model, _texts(past))


@shared()
def _texts(past: Past) -> list[Marked]:
    """What roles are measured on; nothing where the run's text is gone."""
    from gpt_core.interpret.snapshots import texts_of

    try:
        return texts_of(past.run)
    except ValueError:
        return []


def losses_of(run: Run) -> Curves:
    """The run's curves, as far as they are written."""
    stamp = run.version(METRICS)
    return _curves(Past(run), stamp) if stamp else Curves()


@shared()
def _curves(past: Past, stamp: str) -> Curves:
    reader = MetricsReader(past.run.path)
    reader.read()
    return reader.curves
