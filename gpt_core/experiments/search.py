"""Four ways to look for good settings, by Optuna: on a recorded grid, or on a text.

Grid and random search (Bergstra & Bengio 2012), TPE (Bergstra et al. 2011), and successive halving
(Jamieson & Talwalkar 2016; Li et al. 2020 for the asynchronous kind that Optuna has). What a search
costs is counted in whole runs: one that is stopped after an eighth of its steps costs an eighth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from gpt_core.experiments.landscape import BATCHES, LAYERS, LOOKS, RATES, WIDTHS, bits
from gpt_core.experiments.stack import Member, Shape, Stack
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training import data

if TYPE_CHECKING:
    import optuna

METHODS = ("grid", "random", "TPE", "halving")
# A grid for a budget of 24 runs: few values of each setting, every combination.
COARSE = ((0.002, 0.008, 0.032), (16, 64), LAYERS, (2, 32))
SPACE = (RATES, WIDTHS, LAYERS, BATCHES)
NAMES = ("rate", "width", "layers", "batch")
STARTUP = 8  # random trials before TPE has something to go by
LONGEST, MOST_KINDS, SHORTEST = 100_000, 255, 2_000  # characters
JUDGED = 4_096  # characters of held-out text at most

Choice = tuple[float, int, int, int]  # as NAMES
# A run's bits at each look, as they become known; no number is math.inf.
Runs = Callable[[Choice], Iterator[float]]


@dataclass(frozen=True)
class Trial:
    """A setting that was tried. cost: in whole runs. loss: at its last look. pruned: given up."""

    choice: Choice
    cost: float
    loss: float
    pruned: bool


def search(
    method: str,
    runs: Runs,
    budget: float,
    seed: int,
    space: Sequence[Sequence[float]] | None = None,
) -> Iterator[Trial]:
    """Try settings until the budget, in whole runs, is spent. method: one of METHODS.

    space: for each of NAMES the values that it may have; else those of the recorded grid.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    values = space or (COARSE if method == "grid" else SPACE)
    places = [range(len(each)) for each in values]
    study = optuna.create_study(sampler=_sampler(method, places, seed), pruner=_pruner(method))
    most = math.prod(map(len, places)) if method == "grid" else math.inf
    tried: list[Trial] = []

    def objective(trial: optuna.Trial) -> float:
        chosen = [trial.suggest_int(n, 0, len(p) - 1) for n, p in zip(NAMES, places, strict=True)]
        rate, width, layers, batch = (v[i] for v, i in zip(values, chosen, strict=True))
        tried.append(_run(trial, runs, (rate, int(width), int(layers), int(batch))))
        if tried[-1].pruned:
            raise optuna.TrialPruned
        return tried[-1].loss

    while sum(trial.cost for trial in tried) + 1 <= budget and len(tried) < most:
        study.optimize(objective, n_trials=1)
        yield tried[-1]


def _run(trial: optuna.Trial, runs: Runs, choice: Choice) -> Trial:
    """Follow a run until it ends or is given up."""
    loss = math.inf
    for look, loss in enumerate(runs(choice)):
        eighths = 2**look  # of the run's steps
        trial.report(loss, eighths)
        if look < LOOKS - 1 and trial.should_prune():
            return Trial(choice, eighths / 2 ** (LOOKS - 1), loss, pruned=True)
    return Trial(choice, 1.0, loss, pruned=False)


def _sampler(method: str, places: Sequence[range], seed: int) -> optuna.samplers.BaseSampler:
    import optuna

    if method == "grid":
        grid = {name: list(each) for name, each in zip(NAMES, places, strict=True)}
        return optuna.samplers.GridSampler(grid, seed=seed)
    if method == "TPE":
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
    return optuna.samplers.RandomSampler(seed=seed)


def _pruner(method: str) -> optuna.pruners.BasePruner:
    import optuna

    if method == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    return optuna.pruners.NopPruner()


def best_so_far(
    trials: Sequence[Trial], worth: Callable[[Choice], float], budget: int
) -> list[float]:
    """What the best setting found is worth after 1, 2, … whole runs; inf before there is one.

    The best is the one whose own run ended lowest; worth() says how good it is on average.
    """
    found, best, spent = [math.inf] * budget, math.inf, 0.0
    lowest = math.inf
    for trial in trials:
        spent += trial.cost
        if not trial.pruned and trial.loss < lowest:
            lowest, best = trial.loss, worth(trial.choice)
        for at in range(max(0, math.ceil(spent - 1e-9) - 1), budget):
            found[at] = best
    return found


class Lookup:
    """A recorded grid in place of training. curves: each setting's bits, (seeds, looks)."""

    def __init__(self, curves: dict[Choice, np.ndarray], seed: int = 0) -> None:
        self.curves = curves
        self.random = Random(seed)

    def __call__(self, choice: Choice) -> Iterator[float]:
        """One seed's run, drawn anew for each trial."""
        seeds = self.curves[choice]
        yield from map(float, seeds[self.random.randrange(len(seeds))])

    def worth(self, choice: Choice) -> float:
        """The mean over all seeds of how its runs ended."""
        return float(self.curves[choice][:, -1].mean())

    @property
    def best(self) -> float:
        """What the best of all settings is worth."""
        return min(map(self.worth, self.curves))


class OnText:
    """Runs that are trained on a text: its first nine tenths, judged on the last.

    steps are so many that a run reads `read` characters. Characters beyond the MOST_KINDS most
    frequent count as one. Raises ValueError for a text shorter than SHORTEST.
    """

    def __init__(self, text: str, read: int, seed: int) -> None:
        if len(text) < SHORTEST:
            raise ValueError(f"The text has {len(text):,} characters; a search needs {SHORTEST:,}.")
        size = MOST_KINDS if len(set(text)) > MOST_KINDS else None
        tokenizer = train_tokenizer("char", text, size)
        ids = data.encode_to_array(tokenizer, text)
        cut = int(0.9 * len(ids))
        self.train, self.held_out = ids[:cut], ids[cut:][: JUDGED + 1]
        self.vocab_size, self.read, self.seed = tokenizer.vocab_size, read, seed

    def __call__(self, choice: Choice) -> Iterator[float]:
        """Train it, and look at it as often as at the recorded ones."""
        rate, *_ = choice
        yield from (losses[0] for losses in self.train_members(choice, [Member(rate, self.seed)]))

    def train_members(self, choice: Choice, members: Sequence[Member]) -> Iterator[list[float]]:
        """The bits of each member at each look."""
        _, width, layers, batch = choice
        shape = Shape(n_embd=width, n_layer=layers, batch_size=batch)
        steps = max(2 ** (LOOKS - 1), self.read // (batch * shape.block_size))
        stack = Stack(members, shape, steps, self.train, self.vocab_size)
        looks = {steps >> halvings for halvings in range(LOOKS)}
        for _ in stack:
            if stack.step in looks:
                losses = map(bits, stack.losses_on(self.held_out).tolist())
                yield [math.inf if loss is None else loss for loss in losses]
