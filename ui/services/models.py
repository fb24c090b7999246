"""Trained models by key: the bundled ones, the hex id of a visitor's run, or a folder's name.

Whoever runs the app can put a run into its folder of runs under a name, by `python -m gpt_core
train` or `import … --out runs/name`. It is then there for every visitor.
"""

from __future__ import annotations

import os
import re
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gpt_core.bundled import BUNDLED, COPYING, bundled_run_path, copying_run_path
from gpt_core.training.run import Run
from gpt_core.training.run_files import RunError, RunFolder
from ui import PROJECT
from ui.services.caches import MODELS, shared

if TYPE_CHECKING:
    from gpt_core.interpret.attention import Head
    from gpt_core.model.gpt import GPT
    from gpt_core.tokenizers import Tokenizer

_WITH_THE_APP = {BUNDLED: bundled_run_path(), COPYING: copying_run_path()}
# What the training service calls the runs of visitors; only those who know the id see them. A
# folder that somebody else named so has no file that says whose it is.
RUN_ID = re.compile(r"[0-9a-f]{16}")
_private: set[Path] = set()  # folders seen to have it; they keep it


def runs_root() -> Path:
    """Where runs are kept: the folder named by GPT_RUNS, or `runs/` beside app.py."""
    return Path(os.environ.get("GPT_RUNS") or PROJECT / "runs")


def run_folder(key: str) -> Path | None:
    """The folder of a run that has published weights; None for anything else.

    A key comes from a URL, so it is only ever compared with what is here, never made into a path.
    """
    if key in _WITH_THE_APP:
        return _WITH_THE_APP[key]
    root = runs_root()
    folder = next((root / name for name in _names(root) if name == key), None)
    return folder if folder and RunFolder(folder).has_model() else None


def named_runs() -> list[str]:
    """The names of the runs that lie here for everybody, newest first.

    That is every folder in which somebody trained or imported a model from the command line.
    """
    root = runs_root()
    public = {}
    for name in _names(root):
        folder = RunFolder(root / name)
        if not _is_private(folder) and folder.has_model():
            public[name] = folder.began()
    return sorted(public, key=lambda name: (-public[name], name))


def _names(root: Path) -> list[str]:
    """What lies in the folder of runs and can be shown: nothing hidden, no unreadable name."""
    try:
        names = [entry.name for entry in os.scandir(root)]
    except OSError:  # no run was ever made
        return []
    return [
        n for n in names if n.isprintable() and not n.startswith(".") and n not in _WITH_THE_APP
    ]


def _is_private(folder: RunFolder) -> bool:
    if not RUN_ID.fullmatch(folder.name):
        return False
    if folder.path not in _private and folder.has_notes():
        _private.add(folder.path)
    return folder.path in _private


@dataclass(frozen=True)
class LoadedModel:
    """A model in eval mode with the tokenizer that it was trained on. Shared by all visitors."""

    run: Run
    model: GPT
    tokenizer: Tokenizer
    fingerprint: str
    imported: bool = False  # already trained when it came here: no curves were recorded

    @property
    def key(self) -> str:
        """What tells it from other models, see `ui.services.caches.shared`."""
        return self.fingerprint


def load(key: str) -> LoadedModel:
    """The model of a run, loaded once for all visitors; raises RunError when it is damaged."""
    folder = run_folder(key)
    version = folder and RunFolder(folder).version()
    if not version:
        raise RunError(f"There is no trained model {key!r} here; choose another at the top.")
    return _load(str(folder), f"{key}-{version}")


@shared(MODELS)
def _load(folder: str, fingerprint: str) -> LoadedModel:
    run = Run.open(folder)
    model = run.load_model().eval().requires_grad_(False)
    return LoadedModel(run, model, run.tokenizer(), fingerprint, run.was_imported())


@shared(MODELS)
def own_copy(loaded: LoadedModel) -> GPT:
    """The model again, for sampling alone.

    Lessons put hooks on the model that all visitors share, and a hooked model is sampled by the
    slow path, with whatever the hooks change. Nobody hooks this one.
    """
    from gpt_core.model.gpt import GPT  # PyTorch, which the first words of a page needn't wait for

    copy = GPT(loaded.model.config)
    copy.load_state_dict(loaded.model.state_dict())
    return copy.eval().requires_grad_(False)


@shared(MODELS)
def without_heads(loaded: LoadedModel, heads: tuple[Head, ...]) -> LoadedModel:
    """The model with some heads off: what reads their output reads 0 times of it.

    It is as if their output were 0, and needs no hook, so that it can be sampled as well.
    """
    from torch import nn

    # All tensors but the changed ones are those of the model itself.
    tensors = [*loaded.model.parameters(), *loaded.model.buffers()]
    model = deepcopy(loaded.model, {id(tensor): tensor for tensor in tensors})
    size = model.config.head_dim
    for layer, head in heads:
        proj = model.blocks[layer].attn.proj
        weight = proj.weight.clone()
        weight[:, head * size : (head + 1) * size] = 0.0
        proj.weight = nn.Parameter(weight, requires_grad=False)
    off = ",".join(f"{layer}.{head}" for layer, head in heads)
    return replace(loaded, model=model, fingerprint=f"{loaded.fingerprint} without {off}")
