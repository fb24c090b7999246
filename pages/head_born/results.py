"""A run's past, kept for all visitors: what its snapshots do with a probe, and how the loss fell.

Looking at a snapshot takes about a tenth of a second, and a run may have sixty of them. So a page
asks for as many as fit into a short time, draws them, and asks again: each is computed once.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

from gpt_core.interpret import snapshots
from gpt_core.interpret.head_roles import Marked, RoleScores
from gpt_core.interpret.snapshots import (
    Copying,
    Fall,
    Snapshot,
    SnapshotView,
    copying_of,
    load,
    look,
    roles_of,
    snapshots_of,
    texts_of,
)
from gpt_core.model.gpt import GPT
from gpt_core.training.run import Run
from gpt_core.training.run_files import METRICS
from ui.services.caches import PASSES, SNAPSHOTS, Aside, shared
from ui.services.metrics import Curves, MetricsReader

AT_ONCE = 0.4  # seconds
AT_LEAST = 8  # snapshots a look, however slow they are


@dataclass
class Film:
    """A run's snapshots, and what is known of them on one probe so far, in the order of training.

    active: whether the run trains, or waits for it. fall: None where its loss was not measured.
    damaged: a sentence for each snapshot that can't be looked at.
    """

    run: Run
    active: bool
    snapshots: list[Snapshot]
    fall: Fall | None
    views: list[SnapshotView] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """How many snapshots nobody has looked at yet."""
        return len(self.snapshots) - len(self.views) - len(self.damaged)


def film_of(run: Run, active: bool, ids: tuple[int, ...], first: int | None) -> Film:
    """Look at AT_LEAST snapshots of a run, and at more of them until AT_ONCE seconds are over.

    first: the step to begin with, because it is what the visitor sees.
    """
    film, started = Film(run, active, snapshots_of(run), fall_of(run)), time.monotonic()
    fresh: Aside[list[Snapshot]] = Aside([])  # what was not known before
    for snapshot in sorted(film.snapshots, key=lambda s: (s.step != first, s.step)):
        # Each call looks at some at least, so that the last one is reached however slow they are.
        if len(fresh.value) >= AT_LEAST and time.monotonic() - started > AT_ONCE:
            break
        found = _look(run, snapshot, ids, fresh)
        if isinstance(found, str):
            film.damaged.append(found)
        else:
            film.views.append(found)
    film.views.sort(key=lambda view: view.step)
    return film


@shared(PASSES)
def _look(
    run: Run, snapshot: Snapshot, ids: tuple[int, ...], fresh: Aside[list[Snapshot]]
) -> SnapshotView | str:
    """A view, or a sentence that says why there is none. What wasn't known goes to fresh."""
    fresh.value.append(snapshot)
    model = _model(run, snapshot)
    if isinstance(model, str):
        return model
    try:
        seen = look(model, ids, snapshot)
        return replace(seen, roles=_roles(run, snapshot), copying=_copying(run, snapshot))
    except ValueError as error:
        return str(error)


@shared()
def continuation(run: Run, snapshot: Snapshot, ids: tuple[int, ...]) -> tuple[int, ...]:
    """How a snapshot's model goes on after the probe, token ids; none where it can't."""
    model = _model(run, snapshot)
    try:
        return () if isinstance(model, str) else snapshots.continuation(model, ids)
    except ValueError:
        return ()


@shared(SNAPSHOTS)
def _model(run: Run, snapshot: Snapshot) -> GPT | str:
    try:
        return load(run, snapshot).requires_grad_(False)
    except ValueError as error:
        return str(error)


@shared()
def _roles(run: Run, snapshot: Snapshot) -> dict[str, RoleScores]:
    """They don't depend on the probe, so another one needn't measure them again."""
    model = _model(run, snapshot)
    if isinstance(model, str):
        raise ValueError(model)
    return roles_of(model, _texts(run))


@shared()
def _copying(run: Run, snapshot: Snapshot) -> Copying | None:
    model = _model(run, snapshot)
    if isinstance(model, str):
        raise ValueError(model)
    return copying_of(model, tokens_in_use(run))


@shared()
def tokens_in_use(run: Run) -> list[int]:
    """The tokens that the run's text has."""
    return snapshots.tokens_in_use(run)


@shared()
def _texts(run: Run) -> list[Marked]:
    """What roles are measured on; nothing where the run's text is gone."""
    try:
        return texts_of(run)
    except ValueError:
        return []


def losses_of(run: Run) -> Curves:
    """The run's curves, as far as they are written."""
    stamp = run.version(METRICS)
    return _curves(run, stamp) if stamp else Curves()


@shared()
def _curves(run: Run, stamp: str) -> Curves:
    reader = MetricsReader(run.path)
    reader.read()
    return reader.curves


def fall_of(run: Run) -> Fall | None:
    """The validation loss by step; of the batches before there are two evaluations."""
    curves = losses_of(run)
    if len(curves.evaluations) > 1:
        every = [(float(e.step), e.val_loss) for e in curves.evaluations]
    else:
        every = list(zip(curves.step, curves.loss, strict=True))
    points = [(step, loss) for step, loss in every if math.isfinite(loss)]
    if len(points) < 2:
        return None
    return Fall([step for step, _ in points], [loss for _, loss in points])
