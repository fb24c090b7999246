"""Ways to train a model that has learned something already: all of it, its end, or adapters."""

from __future__ import annotations

from typing import Literal

from gpt_core.adapters.lora import add_lora, linear_layers
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.shapes import shapes_of

Tune = Literal["all", "last", "lora"]


def prepare(model: GPT, tune: Tune, *, rank: int, alpha: float, seed: int) -> None:
    """Leave only those parameters trainable that this way trains.

    "all": every one. "last": the last block and the norm after it. "lora": adapters, which are put
    beside the matrices of all blocks; see `add_lora` for rank, alpha and seed.
    """
    if tune == "lora":
        add_lora(model, rank, alpha, seed)
    elif tune == "last":
        model.requires_grad_(False)
        for part in (model.blocks[-1], model.norm_f):
            part.requires_grad_(True)


def count_trained(config: GPTConfig, tune: Tune, rank: int) -> int:
    """How many numbers such a way trains; nothing is allocated to find out."""
    model = shapes_of(config)
    if tune == "lora":
        layers = [layer for _, _, layer in linear_layers(model)]
        return sum(rank * (layer.in_features + layer.out_features) for layer in layers)
    parts = (model.blocks[-1], model.norm_f) if tune == "last" else (model,)
    return sum(p.numel() for part in parts for p in part.parameters())
