"""One run with settings that are known to be good or bad, and what shows on the way which it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from statistics import fmean, stdev
from typing import Any

import numpy as np

from gpt_core.experiments.landscape import RATE, READ, bits, text_of
from gpt_core.experiments.stack import Member, Shape, Stack
from gpt_core.experiments.stopwatch import one_thread
from gpt_core.jobs import Progress, choice
from gpt_core.training.run import Run

LOOKS = 30  # how often a run is looked at


@dataclass(frozen=True)
class Case:
    """One model and how it is trained."""

    shape: Shape = field(default_factory=Shape)
    member: Member = field(default_factory=lambda: Member(learning_rate=RATE))


_DEEP = Shape(n_layer=12)
CASES = {
    "good": Case(),
    "rate_large": Case(member=Member(learning_rate=30 * RATE)),
    "rate_small": Case(member=Member(learning_rate=RATE / 30)),
    "batch_1": Case(Shape(batch_size=1)),
    "short_text": Case(member=Member(learning_rate=RATE, tokens=2_000)),
    "deep_good": Case(_DEEP),
    "post_cold": Case(replace(_DEEP, norm_position="post"), Member(learning_rate=RATE, warmup=0.0)),
}
BESIDE = {"post_cold": "deep_good"}  # what a bad one is compared with, where not with "good"
RECORDED = {f"known_{name}": {"case": name} for name in CASES}


def known_setting(_run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"case"}, one of CASES. Raises JobError.

    The result, where each look is at the same stretch of the text that is read:
    {"looks": [{"read": characters, "loss": of the batches since the last look, "held_out",
    "norm": the gradient's, before clipping, "move": how long a step is as a share of the weights}],
    "scatter": how the batches' losses scatter over the last third, "counting": who only knows how
    frequent each character is}. Losses in bits per character; None is no number.
    """
    case = CASES[choice(settings, "case", list(CASES))]
    with one_thread():
        yield from _watched(case)


def _watched(case: Case) -> Iterator[Progress]:
    vocab_size, text, held_out = text_of(sitcom=False)
    at_once = case.shape.batch_size * case.shape.block_size
    steps = READ // at_once
    stack = Stack([case.member], case.shape, steps, text, vocab_size)
    looks: list[dict[str, Any]] = []
    value = {"looks": looks, "scatter": None, "counting": _counting(text, held_out, vocab_size)}
    losses: list[float] = []
    since, every, before = _Since(), steps // LOOKS, stack.flat.clone()
    for batch in stack:
        losses.append(batch.item())
        move = (stack.flat - before).norm() / before.norm()
        since.add(losses[-1], stack.norms.item(), move.item())
        before = stack.flat.clone()
        if stack.step % every == 0:
            told = {
                "read": stack.step * at_once,
                "held_out": bits(stack.losses_on(held_out).item()),
            }
            looks.append(told | since.means())
            since = _Since()
            last = stack.step == steps
            if last and all(map(math.isfinite, losses)):
                value["scatter"] = bits(stdev(losses[-steps // 3 :]))
            yield Progress(stack.step, steps, value)


class _Since:
    """What was seen since the last look."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.norms: list[float] = []
        self.moves: list[float] = []

    def add(self, loss: float, norm: float, move: float) -> None:
        """One step."""
        self.losses.append(loss)
        self.norms.append(norm)
        self.moves.append(move)

    def means(self) -> dict[str, float | None]:
        """In four digits; None is no number."""
        return {
            "loss": bits(fmean(self.losses)),
            "norm": _short(fmean(self.norms)),
            "move": _short(fmean(self.moves)),
        }


def _short(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _counting(text: np.ndarray, held_out: np.ndarray, vocab_size: int) -> float:
    """Bits per held-out character for who knows how often each one comes, and nothing else."""
    seen = np.bincount(text, minlength=vocab_size) + 1.0  # none is impossible
    return round(float(-np.log2(seen[held_out] / seen.sum()).mean()), 4)
