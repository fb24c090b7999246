"""The checkpoint that comes with the repo, and the recorded run that made it."""

from __future__ import annotations

from pathlib import Path

# What the app calls the model.
BUNDLED = "bundled"
# What eval and benchmarks/sitcom_model.py printed about it, as JSON.
MEASURED = Path(__file__).parent / "measured"


def bundled_run_path() -> Path:
    """The run's folder; open it with gpt_core.training.run.Run.open."""
    return Path(__file__).parent / "run"
