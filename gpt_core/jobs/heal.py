"""Remove a head for good, train on without it, and see whether another head takes over.

Training on changes a model by itself, so a twin with all its heads is trained on with the same
batches. What a head is worth in the end, beyond what it is worth in the twin, it has gained. That
others step in at once, before any training, was seen in large models (McGrath et al. 2023, "The
Hydra Effect").
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from gpt_core.evaluation.intervals import ratio, rounded
from gpt_core.evaluation.seen import seen_tokens
from gpt_core.interpret.attention import Head, without_heads
from gpt_core.interpret.head_importance import Losses, losses_without, values
from gpt_core.jobs import JobError, Progress, choice, whole
from gpt_core.jobs._recipe import RATE, small_steps
from gpt_core.jobs.head_value import pieces_for
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import intervene
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from gpt_core.training.trainer import Trainer

STEPS = (30, 60, 120)
MOST_VALUABLE = "most valuable"
TOKENS = 1536  # of a step
# Fewer floating point operations than these, or nobody would wait for it.
MOST_FLOPS = 6e12
VALUE_FLOPS = 8e11
TEXTS = 24
POINTS = 6  # of the curve


def heal(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"head": [layer, head] or "most valuable", "steps": 30, 60 or 120, "seed"}.

    Result: {"head", "what", "tokens", "steps", "seed", "rate", "batch": [sequences, tokens],
    "curve": {"step", "healed", "twin"} with losses on unseen text in nats per token, the first of
    "twin" being the whole model's and the first of "healed" the one right after the cut; "cut":
    [value, low, high], the rise between these two; "mean": likewise, with the head's average z in
    place of zeros; "others": [{"head", "before", "healed", "twin", "gain": [value, low, high]}]}.
    The three are what the head is worth in the whole model, after training on, and in the twin;
    gain is healed - twin. Losses in nats per token.
    """
    steps, seed = choice(settings, "steps", STEPS), whole(settings, "seed", 0, 9999)
    twin, healed = run.load_model(), run.load_model()
    gone = _wanted(settings.get("head"), twin)
    config = _training(run, twin, steps, seed)
    heads = twin.config.n_layer * twin.config.n_head
    read = pieces_for(run, twin, TEXTS, passes=4 * heads, flops=VALUE_FLOPS)
    ids = [piece.ids for piece in read.pieces]
    count = _Count(3 * heads + 2 * steps + 3)

    before = yield from _losses(twin, ids, (), count, mean=True)
    gone = gone or _most_valuable(before)
    tokens = seen_tokens(run)
    curve: dict[str, list[int] | list[float]] = {"step": _points(steps)}
    for name, model, without in (("healed", healed, (gone,)), ("twin", twin, ())):
        trainer = Trainer(model, tokens, config)
        curve[name] = yield from _train(trainer, without, ids, count)
    after = yield from _losses(healed, ids, (gone,), count)
    control = yield from _losses(twin, ids, (), count)

    predicted = [len(piece) - 1 for piece in ids]
    result = {
        **{"head": list(gone), "what": read.what, "tokens": sum(predicted)},
        **{"steps": steps, "seed": seed, "rate": RATE, "curve": curve},
        "batch": [config.batch_size, run.block_size],
        **_rises(before, gone, predicted),
        "others": _others((before, after, control), predicted),
    }
    yield Progress(count.total, count.total, result)


class _Count:
    """How much of the work is done."""

    def __init__(self, total: int) -> None:
        self.done, self.total = 0, total

    def next(self) -> Progress:
        """One more."""
        self.done += 1
        return Progress(self.done, self.total)


def _wanted(head: Any, model: GPT) -> Head | None:
    """The head that was asked for; None for the most valuable one. Raises JobError."""
    config = model.config
    if config.n_layer * config.n_head < 2:
        raise JobError("This model has a single head: nobody is left who could take over.")
    if head == MOST_VALUABLE:
        return None
    sizes = (config.n_layer, config.n_head)
    right = isinstance(head, list) and [type(n) for n in head] == [int, int]
    if not right or not all(0 <= n < size for n, size in zip(head, sizes, strict=True)):
        raise JobError(
            f"The model has {sizes[0]} layers of {sizes[1]} heads, both counted from 0; there is "
            f"no head {head!r}."
        )
    return head[0], head[1]


def _most_valuable(losses: Sequence[Losses]) -> Head:
    """The head without which the loss is highest."""
    without = {one.head: one.zero.sum() for one in losses if one.head is not None}
    return max(without, key=without.__getitem__)


def _training(run: Run, model: GPT, steps: int, seed: int) -> TrainConfig:
    """The run's own recipe with a small learning rate that falls to zero. Raises JobError."""
    batch_size = max(1, TOKENS // run.block_size)
    work = 2 * steps * batch_size * run.block_size * model.flops_per_token()
    if work > MOST_FLOPS:
        raise JobError(
            f"The model has {model.num_parameters():,} parameters: {steps} steps would take too "
            "long here. Choose fewer steps, or a smaller model at the top."
        )
    return small_steps(run.train_config, steps=steps, batch_size=batch_size, seed=seed)


def _losses(
    model: GPT,
    ids: Sequence[Sequence[int]],
    gone: Sequence[Head],
    count: _Count,
    mean: bool = False,
) -> Generator[Progress, None, list[Losses]]:
    found = []
    for one in losses_without(model.eval(), ids, gone, mean):
        found.append(one)
        yield count.next()
    return found


def _train(
    trainer: Trainer, gone: Sequence[Head], ids: Sequence[Sequence[int]], count: _Count
) -> Generator[Progress, None, list[float]]:
    """Train with heads removed; the loss on pieces of text at the points of the curve."""

    def loss() -> float:
        whole_loss = next(losses_without(trainer.model.eval(), ids, gone)).zero.sum()
        return round(float(whole_loss) / sum(len(piece) - 1 for piece in ids), 5)

    curve, points = [loss()], _points(trainer.config.steps)
    with intervene(trainer.model, without_heads(gone)):
        for record in trainer:
            yield count.next()
            if record.step in points:
                curve.append(loss())
    trainer.model.zero_grad()
    return curve


def _points(steps: int) -> list[int]:
    """The steps at which the curve is measured."""
    return [steps * i // POINTS for i in range(POINTS + 1)]


def _rises(before: list[Losses], gone: Head, tokens: Sequence[int]) -> dict[str, list[float]]:
    """How much the loss rises without a head; see `heal`."""
    value = next(value for value in values(before, tokens) if value.head == gone)
    assert value.mean is not None
    return {"cut": rounded(value.zero), "mean": rounded(value.mean)}


def _others(states: tuple[list[Losses], ...], tokens: Sequence[int]) -> list[dict[str, Any]]:
    """What every other head is worth in the three states; see `heal`."""
    by_head = [{one.head: one.zero for one in state} for state in states]
    rises = [{h: n - state[None] for h, n in state.items()} for state in by_head]
    names = ("before", "healed", "twin")
    found = []
    for head in [h for h in rises[1] if h is not None]:
        worth = {
            n: round(float(r[head].sum()) / sum(tokens), 5)
            for n, r in zip(names, rises, strict=True)
        }
        gain = rounded(ratio(rises[1][head] - rises[2][head], tokens))
        found.append({"head": list(head), **worth, "gain": gain})
    return found
