"""The checkpoints that come with the repo, and the recorded runs that made them."""

from __future__ import annotations

from pathlib import Path

from gpt_core.training.run_files import BUNDLED, COPYING

__all__ = ["BUNDLED", "COPYING", "MEASURED", "bundled_run_path", "copying_run_path"]

# What eval and benchmarks/sitcom_model.py printed about it, as JSON.
MEASURED = Path(__file__).parent / "measured"


def bundled_run_path() -> Path:
    """The run's folder; open it with gpt_core.training.run.Run.open."""
    return Path(__file__).parent / "run"


def copying_run_path() -> Path:
    """The folder of the run that learned from lists read twice, for "A head is born"."""
    return Path(__file__).parent / "copying"
