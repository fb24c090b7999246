"""The loss without a share of the weights, neurons or heads, and what healing gives back."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

from gpt_core.compression.pruning import Masks, apply_masks, pruned_share
from gpt_core.evaluation.seen import seen_tokens
from gpt_core.experiments.four_numbers import FourNumbers
from gpt_core.jobs import JobError, Progress, choice, whole
from gpt_core.jobs._lean import Cut, as_it_is, cuts_of, heads_of, without, writing_model
from gpt_core.jobs._recipe import small_steps
from gpt_core.jobs.head_value import pieces_for
from gpt_core.model.gpt import GPT
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from gpt_core.training.trainer import Trainer

SHARES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
HEALED = {"weights": 0.4, "neurons": 0.2, "heads": 0.3}  # the share of which healing is tried
STEPS = (20, 40, 80)
TOKENS = 1536  # of a step of healing
MOST_FLOPS = 2e12
MOST_SECONDS = 90.0  # that the speeds and samples of all points may take
USED = 0.8  # of the time allowed: a process has to start, and the machine may become slower
TRIED = 3  # steps of healing from which the time of one is known


@dataclass(frozen=True)
class Plan:
    """How many steps of healing fit into the time that is left, and of how many kinds."""

    steps: int
    kinds: int


def plan(left: float, step: float, look: float, steps: int, kinds: int) -> Plan:
    """The most healing that fits: first fewer steps, then fewer kinds.

    left: seconds; step, look: seconds of a step, and of measuring what was healed. The whole model
    is trained on beside them. steps: that are wanted, one of `STEPS`.
    """
    for count in range(kinds, 0, -1):
        for fewer in sorted((each for each in STEPS if each <= steps), reverse=True):
            if (count + 1) * (fewer * step + look) <= left:
                return Plan(fewer, count)
    return Plan(0, 0)


def lean_pruning(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"texts": 8 to 100, "steps": of healing, 20, 40 or 80, "seed": 0 to 9999,
    "seconds": 60 to 3600, that may pass}.

    Result: {"what", "characters", "prompt", "plain", "shares": [0, 0.05, …], "curves": {kind:
    [{"gone": share of all parameters, …}, …]}, "healing": {kind: {"share", "before", "twin": rise,
    …}}, "steps", "batch", "heads": how many the model has, "wanted": steps, "seconds": as asked,
    "left_out": kinds that there was no time to heal}; plain and … are four numbers, see
    `FourNumbers.of`. before: the rise before healing; twin: that of the whole model after the same
    steps. Each curve is there once it is whole, and all before healing begins; "wanted" is 0 where
    a model is too large for it, and "steps" is less where time is short. Kinds: see `cuts_of`.
    Raises JobError for a model whose curves alone take too long.
    """
    started = time.monotonic()
    texts, steps = whole(settings, "texts", 8, 100), choice(settings, "steps", STEPS)
    seed, model = whole(settings, "seed", 0, 9999), writing_model(run)
    seconds = whole(settings, "seconds", 60, 3600)
    if 4 * steps * TOKENS * model.flops_per_token() > 3 * MOST_FLOPS:
        steps = 0
    read = pieces_for(run, model, texts, passes=3 * len(SHARES) + 6, flops=MOST_FLOPS)
    cuts, config = cuts_of(run, model), _training(run, max(1, steps), seed)
    points = len(cuts) * len(SHARES)
    total = points + (len(cuts) + 1) * steps
    ways = points + len(cuts) + 1
    measure = FourNumbers(run, model, read.pieces, ways, min(60.0, seconds / 4))
    if measure.seconds > MOST_SECONDS:
        raise JobError("This model is too large to prune here. Choose a smaller one at the top.")
    plain = measure.of(as_it_is(model))
    value: dict[str, Any] = {
        **{"what": read.what, "characters": sum(piece.characters for piece in read.pieces)},
        **{"prompt": measure.prompt, "plain": plain, "shares": [0.0, *SHARES], "steps": steps},
        **{"curves": {}, "healing": {}, "batch": [config.batch_size, run.block_size]},
        **{"heads": heads_of(model), "wanted": steps, "seconds": seconds, "left_out": []},
    }
    for kind, cut in cuts.items():
        curve = [{"gone": 0.0} | plain]
        for share in SHARES:
            masks = cut(share)
            found = measure.of(without(model, kind, masks))
            gone = round(pruned_share(model, masks), 4)
            curve.append({"gone": gone} | found)
            done = len(value["curves"]) * len(SHARES) + len(curve) - 1
            if len(curve) <= len(SHARES):
                yield Progress(done, total)
        value["curves"][kind] = curve
        yield Progress(done, total, value)
    if steps:
        look = (time.monotonic() - started) / points
        step = _step_seconds(run, config)
        left = USED * seconds - (time.monotonic() - started)
        planned = plan(left, step, look, steps, len(cuts))
        kinds = [*cuts]
        value |= {"steps": planned.steps, "left_out": kinds[planned.kinds :]}
        if planned.steps:
            fitting = {kind: cuts[kind] for kind in kinds[: planned.kinds]}
            config = replace(config, steps=planned.steps)
            yield from _healing(run, fitting, measure, config, value, (points, steps, total))
    yield Progress(total, total, value)


def _step_seconds(run: Run, config: TrainConfig) -> float:
    """What a step of healing takes: of a few on a copy, without the first."""
    copy, times = run.load_model(), []
    for _ in Trainer(copy, seen_tokens(run), replace(config, steps=TRIED)):
        times.append(time.monotonic())
    return (times[-1] - times[0]) / (len(times) - 1)


def _healing(
    run: Run,
    cuts: dict[str, Cut],
    measure: FourNumbers,
    config: TrainConfig,
    value: dict[str, Any],
    progress: tuple[int, int, int],
) -> Generator[Progress, None, None]:
    """Heal one share of each kind, and train the whole model on beside them, into value.

    progress: what is done, what a healing counts as, whatever its steps, and the total.
    """
    done, each, total = progress
    twin = run.load_model()
    yield from _healed(run, twin, {}, config, progress)
    rise = measure.rise_of(twin.eval())
    for number, (kind, cut) in enumerate(cuts.items(), 1):
        share, healed = HEALED[kind], run.load_model()
        masks, before = cut(share), value["curves"][kind][1 + SHARES.index(share)]["rise"]
        yield from _healed(run, healed, masks, config, (done + number * each, each, total))
        found = measure.of(without(healed.eval(), kind, masks))
        value["healing"][kind] = {"share": share, "before": before, "twin": rise} | found
        yield Progress(done + (number + 1) * each, total, value)


def _healed(
    run: Run, model: GPT, masks: Masks, config: TrainConfig, progress: tuple[int, int, int]
) -> Generator[Progress, None, None]:
    """Train a model on, with what was pruned kept at zero. progress: see `_healing`."""
    done, each, total = progress
    apply_masks(model, masks)
    for record in Trainer(model, seen_tokens(run), config):
        apply_masks(model, masks)
        yield Progress(done + record.step * each // config.steps, total)


def _training(run: Run, steps: int, seed: int) -> TrainConfig:
    batch_size = max(1, TOKENS // run.block_size)
    return small_steps(run.train_config, steps=steps, batch_size=batch_size, seed=seed)
