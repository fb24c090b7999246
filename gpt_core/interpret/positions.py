"""Run a model as if its tokens stood somewhere else, and see what rotary positions do to q · k.

No weight and no table is changed: where a token stands enters a GPT at a few named places, and
`intervene` changes what comes out of them, in this thread alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.interpret.attention import Ablation, compare
from gpt_core.model.gpt import GPT, rotary_angles, rotate
from gpt_core.model.observe import Change, intervene, replace
from gpt_core.model.recording import run


@dataclass(frozen=True)
class Moved:
    """What a model predicts for a text with its positions as they are, and with others.

    effect: the next token's probabilities and the text's loss, before and after. logits: the
    largest difference in any logit of any token.
    """

    effect: Ablation
    logits: float


def shifted(length: int, by: int) -> list[int]:
    """Positions of `length` tokens that all stand `by` places further on."""
    return list(range(by, by + length))


def stretched(length: int, by: int) -> list[int]:
    """Positions of `length` tokens with `by` steps from each to the next."""
    return list(range(0, by * length, by))


@torch.no_grad()
def at_positions(model: GPT, positions: Sequence[int] | None, length: int) -> dict[str, Change]:
    """The intervention that lets `length` tokens stand at other positions; None removes them.

    Learned and sinusoidal positions: the vectors that are added are those of other rows, or zero.
    Rotary positions: q and k, which are turned already, are turned on by the difference (turning
    by a and then by b is turning by a + b), or back to where they began. A model without positions
    has nothing to change. Raises ValueError where a table has no such row.
    """
    kind, size = model.config.position, model.config.block_size
    if positions is not None and len(positions) != length:
        raise ValueError(f"There are {length} tokens and {len(positions)} positions.")
    if kind == "rope":
        change = _turned_on([-i if positions is None else positions[i] - i for i in range(length)])
        return {"blocks.*.q": change, "blocks.*.k": change}
    if model.wpe is None:
        return {}
    if positions is None:
        return {"pos_embed": torch.zeros_like}
    if not all(0 <= position < size for position in positions):
        raise ValueError(f"This model's table has positions 0 to {size - 1}.")
    rows = torch.tensor(list(positions), device=model.device)
    return {"pos_embed": replace(model.wpe(rows))}


@torch.no_grad()
def predict_at(model: GPT, ids: Sequence[int], positions: Sequence[int] | None) -> Moved:
    """Run the model over ids twice: with its positions as they are, and with others (None: none).

    Raises ValueError as `at_positions` does.
    """
    changes = at_positions(model, positions, len(ids))
    before = run(model, ids)
    with intervene(model, changes):
        after = run(model, ids)
    largest = (after.logits - before.logits).abs().max().item()
    return Moved(compare(ids, before.logits, after.logits), largest)


def turn(x: Tensor, position: int) -> Tensor:
    """Turn q or k (..., D) on by as many positions, or back by a negative number.

    RoPE, Su et al. 2021, section 3.4. With the position where x stands, turned back by it, x is
    what the token asks or offers wherever it stands.
    """
    cos, sin = _angles([position], x.shape[-1])
    return rotate(x, cos[0].to(x.device), sin[0].to(x.device))


def turn_per_position(width: int) -> Tensor:
    """By how many degrees each pair of channels is turned from one position to the next, (D/2,)."""
    return torch.rad2deg(10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width))


def pairs(x: Tensor) -> Tensor:
    """The channels (D,) as the pairs that are turned together, (D/2, 2): i with i + D/2."""
    return x.unflatten(-1, (2, -1)).transpose(-2, -1)


@torch.no_grad()
def score_by_distance(q: Tensor, k: Tensor, distances: Sequence[int]) -> Tensor:
    """q · k / √D for each distance between the two tokens, (len(distances),).

    q, k: (D,), both turned back to position 0. Distance d: the key stands d before the query.
    """
    cos, sin = _angles(distances, len(q))
    return rotate(q.expand(len(distances), -1), cos, sin) @ k / math.sqrt(len(q))


def _turned_on(by: Sequence[int]) -> Change:
    """A change of q or k (B, H, T, D): token t is turned on by `by[t]` positions."""

    def change(x: Tensor) -> Tensor:
        cos, sin = _angles(by, x.shape[-1])
        return rotate(x, cos.to(x.device), sin.to(x.device))

    return change


def _angles(positions: Sequence[int], width: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the angles at any positions, negative ones too, each (T, D / 2)."""
    cos, sin = rotary_angles(max(abs(position) for position in positions) + 1, width)
    place = torch.tensor(positions)
    return cos[place.abs()], sin[place.abs()] * place.sign()[:, None]
