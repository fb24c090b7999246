"""The checkpoint that comes with the repo, and the recorded run that made it."""

from __future__ import annotations

from pathlib import Path

from gpt_core.training.run_files import BUNDLED

__all__ = ["BUNDLED", "MEASURED", "bundled_run_path"]

# What eval and benchmarks/sitcom_model.py printed about it, as JSON.
MEASURED = Path(__file__).parent / "measured"


def bundled_run_path() -> Path:
    """The run's folder; open it with gpt_core.training.run.Run.open."""
    return Path(__file__).parent / "run"
