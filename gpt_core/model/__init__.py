"""The model: its settings, its layers, and how to look into it.

    from gpt_core.model import GPT, GPTConfig

The settings can be read without PyTorch, which takes a second to import. So the model itself is
imported by whoever asks for it first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpt_core.model.config import GPTConfig
from gpt_core.model.settings import ConfigError

if TYPE_CHECKING:
    from gpt_core.model.gpt import GPT, Block, CausalSelfAttention

__all__ = ["GPT", "Block", "CausalSelfAttention", "ConfigError", "GPTConfig"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gpt_core.model import gpt

    return getattr(gpt, name)
