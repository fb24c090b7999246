"""GPTQ: round a column of weights, and let the columns still to come make up for the error.

Rounding to nearest keeps each weight as close as it can. What counts is the layer's result: for
inputs x, ‖W x − Q x‖². Where two inputs go up and down together, an error in the one's weight can
be undone in the other's. Frantar et al. 2023, "GPTQ", section 3.3 and algorithm 1; the rule for one
weight is Hassibi & Stork's, 1993.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from gpt_core.compression.rounding import Codes, Grid, round_model
from gpt_core.model.codes import GROUP, spread
from gpt_core.model.gpt import GPT, Block

DAMPING = 0.01  # of the mean diagonal, added to it: the inverse is then a well-behaved one


def gptq(weight: Tensor, moments: Tensor, grid: Grid) -> Codes:
    """Round a matrix (out, in), column by column.

    moments: Σ x xᵀ of the layer's inputs, (in, in). Scales are those of rounding to nearest, except
    that a group's are taken when its first column's turn comes, from the weights as they are then.
    """
    w, width = weight.detach().double().clone(), weight.shape[1]
    answers = _answers(moments)
    scale = grid.scale(weight)
    codes = torch.empty(weight.shape, dtype=torch.int8)
    for j in range(width):
        if grid.per == "group" and j % GROUP == 0:
            scale[:, j // GROUP] = grid.scale(w[:, j : j + GROUP])[:, 0]
        step = spread(scale, width).expand(weight.shape)[:, j].double()  # (out,)
        code = (w[:, j] / step).round().clamp(-grid.largest, grid.largest)
        codes[:, j] = code.to(torch.int8)
        error = (w[:, j] - code * step) / answers[j, j]
        w[:, j + 1 :] -= error[:, None] * answers[j, j + 1 :]
    return Codes(codes, scale, grid.bits)


def _answers(moments: Tensor) -> Tensor:
    """Row j, divided by its diagonal: how the columns after j best answer an error of 1 in it.

    The upper Cholesky factor of the inverse of the moments, (in, in): its rows are what one gets by
    inverting what is left of the moments after each column, but all at once.
    """
    h = moments.double().clone()
    silent = h.diagonal() == 0  # an input that was always 0: its weights don't matter
    h.diagonal()[silent] = 1.0
    h.diagonal().add_(DAMPING * h.diagonal().mean())
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(h))
    return torch.linalg.cholesky(inverse, upper=True)


@torch.no_grad()
def input_moments(
    model: GPT, layers: Sequence[nn.Linear], batches: Iterable[Tensor]
) -> list[Tensor]:
    """Σ x xᵀ, (in, in), of what goes into each layer while the model reads batches (B, T) of ids.

    The model must be nobody else's: every pass through it would be counted.
    """
    found = [torch.zeros(layer.in_features, layer.in_features) for layer in layers]

    def watch(moments: Tensor) -> Callable[..., None]:
        def see(_layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            x = inputs[0].flatten(0, -2).float()  # (B · T, in)
            moments.addmm_(x.t(), x)

        return see

    with ExitStack() as hooks:
        for layer, moments in zip(layers, found, strict=True):
            hooks.callback(layer.register_forward_pre_hook(watch(moments)).remove)
        for idx in batches:
            model(idx)
    return found


def gptq_model(model: GPT, grid: Grid, batches: Sequence[Tensor]) -> dict[str, Codes]:
    """All matrices of a model by name: those of the blocks by GPTQ, tables of vectors to nearest.

    batches: ids (B, T) of a text like the model's own. Each block is measured with those before it
    rounded already, so that it makes up for their errors, too.
    """
    codes, work = round_model(model, grid), copy.deepcopy(model).eval()
    for number, block in enumerate(work.blocks):
        layers = linear_layers(block)
        found = input_moments(work, list(layers.values()), batches)
        for (name, layer), moments in zip(layers.items(), found, strict=True):
            rounded = gptq(layer.weight, moments, grid)
            codes[f"blocks.{number}.{name}.weight"] = rounded
            layer.weight.data.copy_(rounded.weight())
    return codes


def linear_layers(block: Block) -> dict[str, nn.Linear]:
    """The linear layers of a block by name."""
    return {n: layer for n, layer in block.named_modules() if isinstance(layer, nn.Linear)}


def result_error(weight: Tensor, rounded: Tensor, moments: Tensor) -> float:
    """How far a layer's results are off, relative to their size, for inputs with these moments.

    √(Σ ‖(Q − W) x‖² ÷ Σ ‖W x‖²), from moments Σ x xᵀ (in, in) alone; 0 for a layer without results.
    """
    w, apart, h = weight.double(), (rounded - weight).double(), moments.double()
    size = float(((w @ h) * w).sum())
    return (max(0.0, float(((apart @ h) * apart).sum())) / size) ** 0.5 if size > 0 else 0.0
