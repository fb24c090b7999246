"""The loss without a share of the weights, neurons or heads, and what healing gives back."""

from __future__ import annotations

from collections.abc import Generator, Iterator
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


def lean_pruning(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"texts": 8 to 100, "steps": of healing, 20, 40 or 80, "seed": 0 to 9999}.

    Result: {"what", "characters", "prompt", "plain", "shares": [0, 0.05, …], "curves": {kind:
    [{"gone": share of all parameters, …}, …]}, "healing": {kind: {"share", "before", "twin": rise,
    …}}, "steps", "batch", "heads": how many the model has}; plain and … are four numbers, see
    `FourNumbers.of`. before: the rise before healing; twin: that of the whole model after the same
    steps. Each curve is there once it is whole, and all before healing begins; "steps" is 0 where a
    model is too large for it. Kinds: see `cuts_of`. Raises JobError for a model whose curves alone
    take too long.
    """
    texts, steps = whole(settings, "texts", 8, 100), choice(settings, "steps", STEPS)
    seed, model = whole(settings, "seed", 0, 9999), writing_model(run)
    if 4 * steps * TOKENS * model.flops_per_token() > 3 * MOST_FLOPS:
        steps = 0
    read = pieces_for(run, model, texts, passes=3 * len(SHARES) + 6, flops=MOST_FLOPS)
    cuts, config = cuts_of(run, model), _training(run, max(1, steps), seed)
    points = len(cuts) * len(SHARES)
    total = points + (len(cuts) + 1) * steps
    measure = FourNumbers(run, model, read.pieces, points + len(cuts) + 1)
    if measure.seconds > MOST_SECONDS:
        raise JobError("This model is too large to prune here. Choose a smaller one at the top.")
    plain = measure.of(as_it_is(model))
    value: dict[str, Any] = {
        **{"what": read.what, "characters": sum(piece.characters for piece in read.pieces)},
        **{"prompt": measure.prompt, "plain": plain, "shares": [0.0, *SHARES], "steps": steps},
        **{"curves": {}, "healing": {}, "batch": [config.batch_size, run.block_size]},
        "heads": heads_of(model),
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
        yield from _healing(run, cuts, measure, config, value, points)
    yield Progress(total, total, value)


def _healing(
    run: Run,
    cuts: dict[str, Cut],
    measure: FourNumbers,
    config: TrainConfig,
    value: dict[str, Any],
    done: int,
) -> Generator[Progress, None, None]:
    """Heal one share of each kind, and train the whole model on beside them, into value."""
    total, twin = done + (len(cuts) + 1) * config.steps, run.load_model()
    yield from _healed(run, twin, {}, config, done, total)
    rise = measure.rise_of(twin.eval())
    for number, (kind, cut) in enumerate(cuts.items(), 1):
        share, healed = HEALED[kind], run.load_model()
        masks, before = cut(share), value["curves"][kind][1 + SHARES.index(share)]["rise"]
        yield from _healed(run, healed, masks, config, done + number * config.steps, total)
        found = measure.of(without(healed.eval(), kind, masks))
        value["healing"][kind] = {"share": share, "before": before, "twin": rise} | found
        yield Progress(done + (number + 1) * config.steps, total, value)


def _healed(
    run: Run, model: GPT, masks: Masks, config: TrainConfig, done: int, total: int
) -> Generator[Progress, None, None]:
    """Train a model on, with what was pruned kept at zero."""
    apply_masks(model, masks)
    for record in Trainer(model, seen_tokens(run), config):
        apply_masks(model, masks)
        yield Progress(done + record.step, total)


def _training(run: Run, steps: int, seed: int) -> TrainConfig:
    batch_size = max(1, TOKENS // run.block_size)
    return small_steps(run.train_config, steps=steps, batch_size=batch_size, seed=seed)
