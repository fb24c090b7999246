"""The learning-rate range test: one run in which the rate rises until the model breaks.

Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3. Here the rate is
multiplied by the same factor at every step, as is usual since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from gpt_core.experiments.landscape import bits, text_of
from gpt_core.experiments.stack import Member, Shape, Stack

LOWEST, HIGHEST, STEPS = 1e-5, 10.0, 200
MEMORY = 0.9  # of the running mean that smooths the losses of single batches
BROKEN = 1.1  # times the lowest smoothed loss so far: the model has come apart
AFTER = 4  # steps that are still taken then, so that one sees it come apart
AWAY = 10.0  # how far below that rate to stand
FACTORS = (1 / 9, 1 / 3, 1.0, 3.0, 9.0)  # around that point: whether the test was right
SEEDS, SHORT = (1, 2, 3), 60  # of each of these runs, and its steps


@dataclass
class RangeTest:
    """What was seen so far: a rate and a loss in bits per character for each step.

    smooth: the running mean of the losses. broke: the rate at which the model came apart, None
    as long as it has not.
    """

    rates: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    smooth: list[float] = field(default_factory=list)
    broke: float | None = None

    @property
    def best(self) -> float:
        """The rate where the smoothed loss was lowest."""
        return self.rates[self.smooth.index(min(self.smooth))]

    @property
    def point(self) -> float:
        """Where to stand, in two digits: a tenth of where it broke (or of the highest rate)."""
        return float(f"{(self.broke or self.rates[-1]) / AWAY:.1e}")

    def add(self, rate: float, loss: float | None) -> None:
        """Take in a step; a loss that is no number breaks it as well."""
        if loss is None:
            self.broke = self.broke or rate
            return
        # A running mean that starts at zero, with that taken out, as Adam does it.
        weight = MEMORY ** len(self.losses)
        last = self.smooth[-1] * (1 - weight) if self.smooth else 0.0
        now = (MEMORY * last + (1 - MEMORY) * loss) / (1 - MEMORY * weight)
        self.rates.append(rate)
        self.losses.append(loss)
        self.smooth.append(round(now, 4))
        if self.broke is None and now > BROKEN * min(self.smooth):
            self.broke = rate


def range_test(shape: Shape, seed: int) -> Iterator[RangeTest]:
    """Raise the rate step by step until the model comes apart; yield what is known after each."""
    vocab_size, text, _ = text_of(sitcom=False)
    stack = Stack([Member(seed=seed)], shape, STEPS, text, vocab_size)
    seen, left = RangeTest(), AFTER
    for step in range(STEPS):
        rate = LOWEST * (HIGHEST / LOWEST) ** (step / (STEPS - 1))
        loss = bits(stack.take_step(torch.tensor([rate])).item())
        seen.add(float(f"{rate:.4g}"), loss)
        yield seen
        if seen.broke is not None:
            if loss is None or not left:
                return
            left -= 1


def around(shape: Shape, point: float) -> Iterator[tuple[int, list[list[float | None]]]]:
    """Short runs with rates around a point; yield steps done, and at the end the bits of each.

    The bits per held-out character, a list for each of FACTORS with one for each of SEEDS.
    """
    vocab_size, text, held_out = text_of(sitcom=False)
    members = [Member(learning_rate=f * point, seed=seed) for f in FACTORS for seed in SEEDS]
    stack = Stack(members, shape, SHORT, text, vocab_size)
    for _ in stack:
        if stack.step < SHORT:
            yield stack.step, []
    found = [bits(loss) for loss in stack.losses_on(held_out).tolist()]
    yield SHORT, _rows(found)


def _rows(found: Sequence[float | None]) -> list[list[float | None]]:
    return [list(found[i : i + len(SEEDS)]) for i in range(0, len(found), len(SEEDS))]
