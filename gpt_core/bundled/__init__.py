"""The checkpoints that come with the repo, and the recorded runs that made them."""

from __future__ import annotations

import json
from pathlib import Path

from gpt_core.training.run_files import BUNDLED, COPYING

__all__ = [
    "BUNDLED",
    "COPYING",
    "MEASURED",
    "RECALLED",
    "bits_of_scenes",
    "bundled_run_path",
    "copying_run_path",
]

# What eval and benchmarks/sitcom_model.py printed about it, as JSON.
MEASURED = Path(__file__).parent / "measured"
# Of the days and numbers that a scene had named, the percentage that models recalled in a trial
# (eight plots, 400 steps): with neither help that was built into the bundled run, with either one
# (least and most), and with both (weaker and stronger ones).
RECALLED = {"neither": (15, 15), "either": (15, 30), "both": (79, 96)}


def bundled_run_path() -> Path:
    """The run's folder; open it with gpt_core.training.run.Run.open."""
    return Path(__file__).parent / "run"


def bits_of_scenes() -> float:
    """Bits per character that held-out scenes cost the bundled model, as `eval` measured it."""
    measured = json.loads((MEASURED / "scenes.json").read_text(encoding="utf-8"))
    return measured["columns"]["model"]["bits"]["value"]


def copying_run_path() -> Path:
    """The folder of the run that learned from lists read twice, for "A head is born"."""
    return Path(__file__).parent / "copying"
