"""A model without its numbers: shapes and counts at no cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT


class _NoNumbers(TorchFunctionMode):
    """Leaves out what is pointless for tensors without numbers, and slow.

    The first random fill on the meta device makes PyTorch import its compiler: 2 seconds.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") == "normal_":
            return kwargs.get("tensor", args[0] if args else None)
        if func is torch.arange:
            kwargs = {**kwargs, "device": "cpu"}
        return func(*args, **kwargs)


def shapes_of(config: GPTConfig) -> GPT:
    """A GPT whose weights have shapes but take no memory (PyTorch's meta device)."""
    # Positions that aren't learned are a table of numbers, and no weights: a short one will do. Nor
    # do first numbers matter, and some of them would take PyTorch's compiler again to leave out.
    shorter = replace(config, residual_init="zero")
    if config.position != "learned":
        shorter = replace(shorter, block_size=1)
    with torch.device("meta"), _NoNumbers():
        model = GPT(shorter)
    model.config = config
    return model
