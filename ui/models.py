"""Trained models by key: the bundled one, the hex id of a visitor's run, or a folder's name.

Whoever runs the app can put a run into its folder of runs under a name, by `python -m gpt_core
train` or `import … --out runs/name`. It is then there for every visitor.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from gpt_core.bundled import bundled_run_path

if TYPE_CHECKING:
    from gpt_core.model import GPT
    from gpt_core.tokenizers import Tokenizer

BUNDLED = "bundled"
# A run of a visitor, private to those who know the id; and one that the owner of the app put there.
_RUN_ID = re.compile(r"[0-9a-f]{8,64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_MOST_NAMED = 50  # in the sidebar's list


def runs_root() -> Path:
    """Where runs are kept: the folder named by GPT_RUNS, or `runs/` beside app.py."""
    return Path(os.environ.get("GPT_RUNS") or Path(__file__).parent.parent / "runs")


def run_folder(key: str) -> Path | None:
    """The folder of a run that has published weights; None for anything else.

    A key comes from a URL, so it is only ever compared and matched, never trusted as a path.
    """
    if key == BUNDLED:
        return bundled_run_path()
    if not (_RUN_ID.fullmatch(key) or _NAME.fullmatch(key)):
        return None
    folder = runs_root() / key
    return folder if (folder / "model.safetensors").is_file() else None


def named_runs() -> list[str]:
    """The names of the runs that lie here for everybody, in alphabetical order."""
    root = runs_root()
    try:
        names = sorted(
            entry.name for entry in os.scandir(root) if not _RUN_ID.fullmatch(entry.name)
        )
    except OSError:  # no run was ever made
        return []
    return [name for name in names if name != BUNDLED and run_folder(name)][:_MOST_NAMED]


@dataclass(frozen=True)
class LoadedModel:
    """A model in eval mode with the tokenizer that it was trained on. Shared by all visitors."""

    model: GPT
    tokenizer: Tokenizer
    fingerprint: str
    imported: bool = False  # already trained when it came here: no curves were recorded


def load(key: str) -> LoadedModel:
    """The model of a run, loaded once for all visitors; raises RunError when it is damaged."""
    folder = run_folder(key)
    if folder is None:
        from gpt_core.run import RunError

        raise RunError(f"There is no trained model {key!r} here; choose another in the sidebar.")
    stat = (folder / "model.safetensors").stat()
    return _load(str(folder), f"{key}-{stat.st_mtime_ns:x}-{stat.st_size:x}")


@st.cache_resource(max_entries=8, show_spinner="Loading the model …")
def _load(folder: str, fingerprint: str) -> LoadedModel:
    from gpt_core.run import IMPORTED, Run

    run = Run.open(Path(folder))
    model = run.load_model().eval().requires_grad_(False)
    imported = run.status()["reason"] == IMPORTED
    return LoadedModel(model, run.tokenizer(), fingerprint, imported)
