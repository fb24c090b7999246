"""Everything that the lesson on tuning shows, recorded in pieces.

    python -m gpt_core.bundled.landscape     # what is missing; it may be ended and started again

About 45 minutes on one core, 900 small runs. A piece takes up to ten minutes; whoever ends it in
the middle loses that one.
"""

from __future__ import annotations

import sys
from itertools import product
from typing import Any

import numpy as np

from corpus.command_line import Parser, run_command
from gpt_core.bundled.record import load, names, record, record_missing
from gpt_core.experiments.landscape import SEEDS
from gpt_core.experiments.search import SPACE
from gpt_core.jobs.search_lookup import MOST_BUDGET, MOST_REPEATS

GRID = tuple(f"landscape_grid_{width}" for width in sorted(SPACE[1]))
Run = dict[str, Any]


def runs_of(*recorded: str) -> list[Run]:
    """All runs of these records, each as one flat dict of its settings and what came of it."""
    return [
        group["shape"] | dict(zip(group["columns"], row, strict=True))
        for name in recorded
        if name in names()
        for group in load(name)["value"]["groups"]
        for row in group["rows"]
    ]


def grid_curves() -> list[list[list[float]]]:
    """For each setting of SPACE, for each seed, the bits at each look; nan for what is none."""
    by_setting: dict[tuple[Any, ...], list[float]] = {}
    for run in runs_of(*GRID):
        setting = (run["learning_rate"], run["n_embd"], run["n_layer"], run["batch_size"])
        by_setting[(*setting, run["seed"])] = run["bits"]
    return [
        [np.array(by_setting[(*setting, seed)], dtype=float).tolist() for seed in SEEDS]
        for setting in product(*SPACE)
    ]


def search_settings() -> dict[str, Any]:
    """What `gpt_core.jobs.search_lookup` is recorded with."""
    return {
        "curves": grid_curves(),
        "repeats": MOST_REPEATS,
        "budget": MOST_BUDGET,
        "seed": 1,
    }


def main() -> int:
    """Record what is missing."""
    Parser(description=(__doc__ or "").splitlines()[0]).parse_args()
    record_missing("range_test")
    record_missing("known_setting")
    record_missing("landscape")
    if "search_lookup" not in names():
        record("search_lookup", "search_lookup", search_settings(), bundled_model=False)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
