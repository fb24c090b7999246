"""What the lesson on lean models computes while one looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from gpt_core.compression.rounding import GRIDS, nearest, relative_error
from gpt_core.model.codes import GROUP, spread
from gpt_core.model.weights import weights
from gpt_core.training.needs import Needs, grown, needs_of
from ui.services.caches import shared
from ui.services.models import LoadedModel

BINS = 121


def matrices_of(loaded: LoadedModel) -> list[str]:
    """The names of all matrices, those of the blocks first."""
    names = [name for name, tensor in weights(loaded.model).items() if tensor.dim() == 2]
    return sorted(names, key=lambda name: not name.startswith("blocks."))


@dataclass(frozen=True)
class Rounding:
    """A matrix on a grid, and what one large channel does to the others.

    centers, counts: the histogram of all weights. points: of the grid of one channel (a middle
    one), number `channel`. levels: how many different codes that channel has, `possible` of them
    exist. error: of the whole matrix. others: error of all channels but the enlarged one, by grid.
    """

    centers: list[float]
    counts: list[int]
    points: list[float]
    channel: int
    levels: int
    possible: int
    shape: tuple[int, int]
    error: float
    others: dict[str, float]


@shared()
def rounding_of(loaded: LoadedModel, name: str, grid: str, factor: float) -> Rounding:
    """Round one matrix; factor: what its largest channel (row) is multiplied by before."""
    weight = weights(loaded.model)[name].detach().float().cpu().clone()
    sizes = weight.abs().amax(dim=1)
    large = int(sizes.argmax())
    weight[large] *= factor
    rest = torch.arange(len(weight)) != large
    rounded = {n: nearest(weight, g) for n, g in GRIDS.items()}
    found = rounded[grid]
    middle = int(sizes.argsort()[len(sizes) // 2])
    step = spread(found.scale, weight.shape[1]).expand(weight.shape)[middle, 0]
    steps = torch.arange(-GRIDS[grid].largest, GRIDS[grid].largest + 1)
    counts, edges = np.histogram(weight.numpy(), BINS)
    near = found.codes[middle, :GROUP] if GRIDS[grid].per == "group" else found.codes[middle]
    errors = {
        n: relative_error(weight[rest], r.weight()[rest]) if rest.any() else 0.0
        for n, r in rounded.items()
    }
    return Rounding(
        centers=((edges[1:] + edges[:-1]) / 2).tolist(),
        counts=counts.tolist(),
        points=(steps * step).tolist(),
        channel=middle,
        levels=len(near.unique()),
        possible=len(steps),
        shape=(weight.shape[0], weight.shape[1]),
        error=relative_error(weight, found.weight()),
        others=errors,
    )


@shared()
def needs_here(loaded: LoadedModel, batch: tuple[int, int], times: int) -> Needs:
    """What the loaded model needs, or one of so many times its size."""
    config = loaded.model.config
    return needs_of(config if times == 1 else grown(config, times), batch)
