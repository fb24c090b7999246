"""Trained models by key: the bundled one, or the hex id of a run's folder."""

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
_RUN_ID = re.compile(r"[0-9a-f]{8,64}")


def runs_root() -> Path:
    """Where runs are kept: the folder named by GPT_RUNS, or `runs/` beside app.py."""
    return Path(os.environ.get("GPT_RUNS") or Path(__file__).parent.parent / "runs")


def run_folder(key: str) -> Path | None:
    """The folder of a run that has published weights; None for anything else.

    A key comes from a URL, so it is only ever compared and matched, never trusted as a path.
    """
    if key == BUNDLED:
        return bundled_run_path()
    if not _RUN_ID.fullmatch(key):
        return None
    folder = runs_root() / key
    return folder if (folder / "model.safetensors").is_file() else None


@dataclass(frozen=True)
class LoadedModel:
    """A model in eval mode with the tokenizer that it was trained on. Shared by all visitors."""

    model: GPT
    tokenizer: Tokenizer
    fingerprint: str


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
    from gpt_core.run import Run

    run = Run.open(Path(folder))
    model = run.load_model().eval().requires_grad_(False)
    return LoadedModel(model, run.tokenizer(), fingerprint)
