"""The checkpoint that comes with the repo, and the recorded run that made it."""

from __future__ import annotations

from pathlib import Path


def bundled_run_path() -> Path:
    """The run's folder; open it with gpt_core.run.Run.open."""
    return Path(__file__).parent / "run"
