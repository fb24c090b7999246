"""The residual stream, multiplied at one depth: what do the branches after it still weigh?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gpt_core.interpret.norms import DepthTrace, trace_norms
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import intervene, scale


@dataclass(frozen=True)
class Surgery:
    """The same ids without and with the operation."""

    before: DepthTrace
    after: DepthTrace

    @property
    def moved(self) -> float:
        """Share of the next token's probability that went elsewhere, 0 to 1."""
        return (self.after.probabilities - self.before.probabilities).abs().sum().item() / 2


@torch.no_grad()
def multiply_stream(model: GPT, ids: Sequence[int], layer: int, factor: float) -> Surgery:
    """Multiply every token's residual vector as it enters a layer; nothing else is touched.

    Whatever adds to the stream after that adds as it always does, and skip connections carry the
    multiplied vector on. Raises KeyError when the model has no such layer.
    """
    before = trace_norms(model, ids)
    with intervene(model, {f"blocks.{layer}.resid_pre": scale(factor)}):
        after = trace_norms(model, ids)
    return Surgery(before, after)


def added_share(trace: DepthTrace, layer: int) -> tuple[float, float]:
    """What attention and the MLP of a layer add, as a share of the stream after adding it.

    Ratios of lengths, averaged over tokens. In a post-norm model the stream is measured after its
    norm, so they are no shares there.
    """
    places = (2 * layer, 2 * layer + 1)
    attention, mlp = ((trace.added[i] / trace.stream[i + 1]).mean().item() for i in places)
    return attention, mlp
