"""Four small GPTs, trained side by side, that differ in their norm alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gpt_core.experiments.norm_race import NORMS, Lane, Race
from gpt_core.jobs import Progress, choice, whole
from gpt_core.training.run import Run

STEPS_OF_DEPTH = {2: 150, 4: 150, 12: 60}  # a deep model's step takes longer
LEARNING_RATES = (1e-3, 3e-3, 1e-2, 3e-2)
WARMUPS = (0, 50)
SEEDS = 5
_EVERY = 5  # steps between two partial results


def norms_race(run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """One step of each contender in turn, so that their curves grow together.

    settings: norm_position ("pre", "post"), n_layer (2, 4, 12), learning_rate, warmup_steps,
    learned ("free", or "frozen": γ and β stay at 1 and 0), seed (1 to 5), steps (at most what
    STEPS_OF_DEPTH allows). A contender that diverges ends alone and says why. The result:

    {"steps", "norms": {norm: {"losses", "evaluations", "pieces", "depths", "learned", "reason"}}},
    each as in `gpt_core.experiments.norm_race.Lane`; "learned" is None until the end. Raises
    JobError.
    """
    layers = choice(settings, "n_layer", list(STEPS_OF_DEPTH))
    race = Race(
        norm_position=choice(settings, "norm_position", ["pre", "post"]),
        n_layer=layers,
        learning_rate=choice(settings, "learning_rate", LEARNING_RATES),
        warmup_steps=choice(settings, "warmup_steps", WARMUPS),
        frozen=choice(settings, "learned", ["free", "frozen"]) == "frozen",
        steps=whole(settings, "steps", 1, STEPS_OF_DEPTH[layers]),
        seed=whole(settings, "seed", 1, SEEDS),
    )
    lanes = {norm: Lane(norm, race) for norm in NORMS}
    for step in range(1, race.steps + 1):
        for lane in lanes.values():
            lane.step()
        last = step == race.steps
        if last or step % _EVERY == 0:
            told = {norm: _told(lane, last) for norm, lane in lanes.items()}
            yield Progress(step, race.steps, {"steps": race.steps, "norms": told})


def _told(lane: Lane, last: bool) -> dict[str, Any]:
    seen = {"losses": lane.losses, "evaluations": lane.evaluations, "depths": lane.depths}
    seen |= {"pieces": lane.pieces}
    learned = lane.learned() if last and not lane.reason else None
    return _short(seen | {"learned": learned}) | {"reason": lane.reason}


def _short(value: Any) -> Any:
    """The same with every number in four digits: what is drawn needs no more."""
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_short(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
