"""What the lesson on tuning reads out of the recorded runs, and its searches among them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from gpt_core.bundled.landscape import GRID, Run, grid_curves, runs_of
from gpt_core.bundled.record import names
from gpt_core.evaluation.paired import Difference, least_difference, paired
from gpt_core.experiments.effects import variance_shares
from gpt_core.experiments.landscape import BATCHES, LAYERS, RATES, SEEDS, WIDTHS
from gpt_core.experiments.scaling_law import Law, bootstrap, fit
from gpt_core.experiments.search import METHODS, SPACE, Lookup, Trial, best_so_far, search
from gpt_core.jobs.search_lookup import MOST_BUDGET
from ui.services.caches import shared

Value = Any  # of a setting, as it was recorded


@dataclass(frozen=True)
class Map:
    """Two settings against each other. results: bits, (rows, columns, seeds), nan for none."""

    rows: tuple[Value, ...]
    columns: tuple[Value, ...]
    results: np.ndarray
    steps: tuple[int, ...]

    @property
    def mean(self) -> np.ndarray:
        """(rows, columns)."""
        return self.results.mean(axis=-1)

    @property
    def noise(self) -> np.ndarray:
        """The standard deviation over the seeds, (rows, columns)."""
        return self.results.std(axis=-1, ddof=1)

    @property
    def best(self) -> tuple[int, int]:
        """Row and column of the lowest mean."""
        mean = np.where(np.isfinite(self.mean), self.mean, np.inf)
        row, column = np.unravel_index(int(mean.argmin()), mean.shape)
        return int(row), int(column)

    @property
    def count(self) -> int:
        """How many runs there are in it."""
        return self.results.size

    def lowest(self, row: int) -> int:
        """The column with the lowest mean of a row."""
        means = self.mean[row]
        return int(np.where(np.isfinite(means), means, np.inf).argmin())

    def against(self, row: int, column: int) -> Difference | None:
        """A setting's bits minus those of the best one of its row; None where it broke."""
        ours = self.results[row, column]
        if not np.isfinite(ours).all():
            return None
        return paired(ours.tolist(), self.results[row, self.lowest(row)].tolist())

    def level(self, row: int) -> list[Value]:
        """Of a row: the columns that the seeds can't tell from its best, and that one."""
        found = {at: self.against(row, at) for at in range(len(self.columns))}
        return [self.columns[at] for at, gap in found.items() if gap and gap.sign <= 0]

    def against_best(self) -> dict[tuple[int, int], Difference]:
        """Every other setting's bits minus the best one's, seed by seed."""
        best = self.results[self.best].tolist()
        cells = product(range(len(self.rows)), range(len(self.columns)))
        return {
            cell: paired(self.results[cell].tolist(), best)
            for cell in cells
            if cell != self.best and np.isfinite(self.results[cell]).all()
        }


@dataclass(frozen=True)
class Drawn:
    """Which records a map is drawn from, and by which settings. where: the runs that count."""

    recorded: tuple[str, ...]
    row: str
    column: str
    where: Callable[[Run], bool] = lambda run: True


def _deep(run: Run) -> bool:
    return run["n_layer"] == 2


MAPS: dict[str, Drawn] = {
    "rate_width": Drawn(
        GRID, "n_embd", "learning_rate", lambda run: _deep(run) and run["batch_size"] == 8
    ),
    "rate_batch": Drawn(
        GRID, "batch_size", "learning_rate", lambda run: _deep(run) and run["n_embd"] == 32
    ),
    "depth_width": Drawn(("landscape_shape",), "learning_rate", "n_layer"),
    "dropout_text": Drawn(("landscape_dropout",), "dropout", "tokens"),
    "warmup_rate": Drawn(("landscape_warmup",), "learning_rate", "warmup"),
    "decay": Drawn(("landscape_decay",), "n_embd", "weight_decay"),
    "context": Drawn(("landscape_context",), "n_embd", "block_size"),
}
MUP = Drawn(
    ("landscape_mup_16", GRID[1], "landscape_mup_64"),
    "n_embd",
    "learning_rate",
    lambda run: _deep(run) and run["batch_size"] == 8,
)


@shared()
def map_of(name: str) -> Map | None:
    """A map by its name; None while it isn't recorded."""
    return _map(MUP if name == "mup" else MAPS[name])


def _map(drawn: Drawn) -> Map | None:
    if not {*drawn.recorded} <= {*names()}:
        return None
    runs = [run for run in runs_of(*drawn.recorded) if drawn.where(run)]
    rows, columns = (_values(runs, name) for name in (drawn.row, drawn.column))
    found = {(run[drawn.row], run[drawn.column], run["seed"]): _end(run) for run in runs}
    cells = [*product(rows, columns, SEEDS)]
    if not cells or any(cell not in found for cell in cells):
        return None
    results = np.array([found[cell] for cell in cells]).reshape(len(rows), len(columns), -1)
    return Map(rows, columns, results, tuple(sorted({run["steps"] for run in runs})))


def _values(runs: Sequence[Run], name: str) -> tuple[Value, ...]:
    """The values that a setting has, in order; None, the whole text, is the largest."""
    values = {run[name] for run in runs}
    return tuple(sorted(values, key=lambda value: math.inf if value is None else value))


def _end(run: Run) -> float:
    last = run["bits"][-1]
    return math.nan if last is None else last


@shared()
def shares_of(near: bool) -> dict[tuple[str, ...], float]:
    """How the grid's variance is shared, over all rates, or over the three around the middle."""
    ends = np.array(grid_curves())[:, :, -1]
    grid = ends.reshape(len(RATES), len(WIDTHS), len(LAYERS), len(BATCHES), len(SEEDS))
    return variance_shares(grid[2:5] if near else grid, ["rate", "width", "layers", "batch"])


@dataclass(frozen=True)
class Noise:
    """Two rates, eight seeds each. least: see `least_difference`, for 1, 3 and 8 runs."""

    rates: tuple[float, float]
    bits: tuple[list[float], list[float]]
    alone: dict[int, float]
    in_pairs: dict[int, float]
    difference: Difference

    @property
    def spread(self) -> float:
        """The standard deviation over the seeds, of the setting where it is larger."""
        return float(max(np.std(each, ddof=1) for each in self.bits))

    @property
    def lies(self) -> float:
        """The share of the 64 pairs of one run each in which the worse setting comes out better."""
        a, b = (np.array(each) for each in self.bits)
        wrong = (a[:, None] > b) if a.mean() < b.mean() else (a[:, None] < b)
        return float(wrong.mean())


@shared()
def noise_of() -> Noise:
    """What eight seeds say."""
    runs = runs_of("landscape_seeds")
    rates = sorted({run["learning_rate"] for run in runs})
    one, two = ([_end(r) for r in runs if r["learning_rate"] == rate] for rate in rates)
    spread = [math.sqrt(2) * each for each in one]
    gains = [a - b for a, b in zip(one, two, strict=True)]
    counts = (1, 3, len(one))
    return Noise(
        (rates[0], rates[1]),
        (one, two),
        {count: least_difference(spread, count) for count in counts},
        {count: least_difference(gains, count) for count in counts},
        paired(one, two),
    )


@dataclass(frozen=True)
class Once:
    """One search: what it tried, what it had found after each whole run, and what that is worth."""

    trials: list[Trial]
    found: list[float]
    best: tuple[float, int, int, int]


@shared()
def search_once(seed: int) -> dict[str, Once]:
    """All four methods on the recorded grid, with this luck."""
    curves = dict(zip(product(*SPACE), np.array(grid_curves()), strict=True))
    found = {}
    for method in METHODS:
        lookup = Lookup(curves, seed)
        trials = [*search(method, lookup, MOST_BUDGET, seed)]
        best = min((t for t in trials if not t.pruned), key=lambda trial: trial.loss).choice
        found[method] = Once(trials, best_so_far(trials, lookup.worth, MOST_BUDGET), best)
    return found


REPEATS = 100  # of the fit, on runs drawn again
NOTEBOOK = (4.8e6, 61e6)  # the notebooks' model: parameters, and characters of text


@dataclass(frozen=True)
class Scaling:
    """The recorded runs, (runs,), the law that fits them, and the one that was left out.

    compute: floating point operations in all. laws: the fit again to runs drawn again. left: the
    parameters, characters, operations and mean bits of the run that was left out.
    """

    parameters: np.ndarray
    read: np.ndarray
    compute: np.ndarray
    bits: np.ndarray
    law: Law
    laws: list[Law]
    left: tuple[float, float, float, float]
    widths: np.ndarray
    seeds: int

    @property
    def error(self) -> float:
        """The standard deviation of a run around the law."""
        return float(np.std(self.bits - self.law.bits(self.parameters, self.read), ddof=5))

    @property
    def above(self) -> dict[tuple[int, int], Difference]:
        """How far the runs lie above the law, over the seeds, by width and characters read.

        Nothing where there are fewer than three seeds: those don't say how runs scatter.
        """
        if self.seeds < 3:
            return {}
        expected = self.law.bits(self.parameters, self.read)
        found: dict[tuple[int, int], tuple[list[float], list[float]]] = {}
        for *case, bits, law in zip(self.widths, self.read, self.bits, expected, strict=True):
            ours, theirs = found.setdefault((int(case[0]), int(case[1])), ([], []))
            ours.append(float(bits))
            theirs.append(float(law))
        return {case: paired(*both) for case, both in found.items()}

    @property
    def off(self) -> dict[tuple[int, int], Difference]:
        """Of these, the ones whose whole 95% interval lies off the law."""
        return {case: gap for case, gap in self.above.items() if gap.sign}

    @property
    def misses(self) -> bool:
        """Whether more settings lie off the law than chance explains: one of 20 does so anyhow."""
        count, most = len(self.above), len(self.off)
        fewer = sum(math.comb(count, k) * 0.05**k * 0.95 ** (count - k) for k in range(most))
        return fewer > 0.95

    def expected(self, parameters: float, read: float) -> tuple[float, float, float]:
        """The law's bits there, and where 95% of the laws lie, with a run's own scatter."""
        draw = np.random.default_rng(0)
        around = [
            float(law.bits(parameters, read)) + self.error * draw.normal() for law in self.laws
        ]
        low, high = np.percentile(around, (2.5, 97.5))
        return float(self.law.bits(parameters, read)), float(low), float(high)

    def gain(self, size: float, read: float) -> tuple[float, float, float]:
        """Bits that the notebooks' model would lose with so many times its size and its text."""
        n, d = NOTEBOOK

        def of(law: Law) -> float:
            return float(law.bits(n, d) - law.bits(n * size, d * read))

        low, high = np.percentile([of(law) for law in self.laws], (2.5, 97.5))
        return of(self.law), float(low), float(high)


@shared()
def scaling_of() -> Scaling | None:
    """The recorded scaling runs with as many seeds as there are; None while there are none."""
    parts = ["scaling", *(f"scaling_{seed}" for seed in SEEDS[1:])]
    runs = runs_of(*(f"landscape_{part}" for part in parts))
    left = runs_of(*(f"landscape_{part}".replace("scaling", "left_out") for part in parts))
    if not runs or not left:
        return None
    parameters, read, flops = (
        np.array([of(run) for run in runs], dtype=float) for of in (_size, _read, _compute)
    )
    bits = np.array([_end(run) for run in runs])
    mean = float(np.mean([_end(run) for run in left]))
    return Scaling(
        parameters,
        read,
        flops,
        bits,
        fit(parameters, read, bits),
        bootstrap(parameters, read, bits, REPEATS, seed=1),
        (_size(left[0]), _read(left[0]), _compute(left[0]), mean),
        np.array([run["n_embd"] for run in runs]),
        len({run["seed"] for run in runs}),
    )


def _size(run: Run) -> float:
    return float(run["parameters"])


def _read(run: Run) -> float:
    return float(run["steps"] * run["batch_size"] * run["block_size"])


def _compute(run: Run) -> float:
    return float(run["flops"]) * _read(run)
