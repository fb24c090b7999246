"""One optimizer step on one sentence, under the microscope.

Everything happens on a private copy of the model. The copy is in eval mode: dropout is off and
BatchNorm uses its running averages, so that before and after differ by the weights alone. The
optimizer starts without memory, as at the first step of a training run.

A first step's moves are proportional to the learning rate. So one backward pass shows the steps at
all rates: the weights w + factor · move.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt_core.model.gpt import GPT
from gpt_core.model.observe import record
from gpt_core.training.config import TrainConfig
from gpt_core.training.optim import Optimizer, gradient, make_optimizer

FACTORS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""What the learning rate is multiplied by."""

LONGEST = 64
"""Tokens of the sentence, at most."""

OPTIMIZERS = ("adamw", "muon")
_PRESETS = {"adamw": "classic", "muon": "modern"}

KINDS = {
    "attn.proj": "attention output",
    "mlp.up": "MLP up",
    "mlp.gate": "MLP up",
    "mlp.down": "MLP down",
    "norm1": "norms",
    "norm2": "norms",
    "norm_f": "last norm",
    "wte": "token vectors",
    "ngrams.table": "vectors of runs",
    "wpe": "positions",
    "lm_head": "output table",
}


@dataclass(frozen=True)
class Part:
    """One kind of weights in one layer (None outside of the blocks).

    count: how many numbers. weight, gradient, move: Euclidean lengths over all of them, of the
    weights before the step, of the loss's gradient, and of the step at factor 1. slope: what that
    move changes the loss by to first order, gradient · move, in nats per token.
    """

    layer: int | None
    kind: str
    count: int
    weight: float
    gradient: float
    move: float
    slope: float


@dataclass(frozen=True)
class Outcome:
    """The model after the step, times a factor; factor 0 is before it.

    loss, elsewhere: of the sentence and of the other text, in nats per token; NaN or inf when the
    numbers burst. right: (T - 1,) probability of each of the sentence's tokens but the first, given
    those before it. candidates: (V,) probabilities of all tokens at the report's place. pattern:
    (L, H, T - 1, T - 1).
    """

    factor: float
    loss: float
    elsewhere: float
    right: Tensor
    candidates: Tensor
    pattern: Tensor


@dataclass(frozen=True)
class Report:
    """One step. outcomes: before it, then one for each factor.

    place: the token of the sentence that surprised the model most, 1 to T - 1. only_head: the
    pattern is of one head alone, this one.
    """

    parts: tuple[Part, ...]
    outcomes: tuple[Outcome, ...]
    place: int
    only_head: tuple[int, int] | None = None

    @property
    def slope(self) -> float:
        """What the step at factor 1 changes the sentence's loss by, to first order."""
        return sum(part.slope for part in self.parts)

    def at(self, factor: float) -> Outcome:
        """The outcome at a factor (0: before). Raises KeyError."""
        for outcome in self.outcomes:
            if outcome.factor == factor:
                return outcome
        raise KeyError(f"There is no outcome at {factor}.")

    def moved_most(self) -> tuple[int, int]:
        """The head whose attention the step at factor 1 changes most, as (layer, head)."""
        change = (self.at(1.0).pattern.float() - self.at(0.0).pattern.float()).abs().sum((2, 3))
        return divmod(int(change.nan_to_num().argmax()), change.shape[1])

    def to_plain(self, top: int = 8) -> dict[str, Any]:
        """Plain JSON values: the likeliest tokens and the head that moves most instead of all."""
        layer, head = self.moved_most()
        likely = torch.stack([o.candidates.nan_to_num().topk(top).indices for o in self.outcomes])
        ids = likely.unique().tolist()
        return {
            "parts": [vars(part) for part in self.parts],
            "head": [layer, head],
            "place": self.place,
            "ids": ids,
            "outcomes": [
                {
                    "factor": o.factor,
                    "loss": _finite(o.loss),
                    "elsewhere": _finite(o.elsewhere),
                    "right": _rounded(o.right),
                    "candidates": _rounded(o.candidates[ids]),
                    "pattern": [_rounded(row) for row in o.pattern[layer, head]],
                }
                for o in self.outcomes
            ],
        }

    @classmethod
    def from_plain(cls, value: dict[str, Any], vocab_size: int) -> Report:
        """What `to_plain` gave; every other token's probability is left at 0."""
        outcomes = []
        for o in value["outcomes"]:
            candidates = torch.zeros(vocab_size)
            candidates[value["ids"]] = torch.tensor(o["candidates"])
            loss, elsewhere = (math.nan if n is None else n for n in (o["loss"], o["elsewhere"]))
            right, pattern = torch.tensor(o["right"]), torch.tensor([[o["pattern"]]])
            outcomes.append(Outcome(o["factor"], loss, elsewhere, right, candidates, pattern))
        parts = tuple(Part(**part) for part in value["parts"])
        return cls(parts, tuple(outcomes), value["place"], tuple(value["head"]))


def recipe(own: TrainConfig, optimizer: str) -> TrainConfig:
    """The run's own settings if it used that optimizer, else those of a preset that does."""
    if own.optimizer == optimizer:
        return own
    return TrainConfig.from_preset(_PRESETS[optimizer])


def private_copy(model: GPT) -> GPT:
    """The same model with weights of its own, in eval mode, ready to be trained."""
    return deepcopy(model).requires_grad_(True).eval()


def pairs(model: GPT, ids: Sequence[int]) -> tuple[Tensor, Tensor]:
    """What the model reads of a sentence and what comes next, each (1, T - 1)."""
    row = torch.tensor([list(ids)], device=model.device)
    return row[:, :-1], row[:, 1:]


def one_step(
    model: GPT,
    ids: Sequence[int],
    other: Sequence[int],
    config: TrainConfig,
    factors: Sequence[float] = FACTORS,
) -> Report:
    """Take one step on the sentence ids and look at the model after it, at each learning rate.

    factors: what the learning rate is multiplied by, for each outcome; every one costs two passes.

    ids, other: token ids, at least 2 and at most block_size of each. config says which optimizer
    and which rates. Gradients aren't clipped: neither optimizer's first step depends on their
    size. The model itself is not changed. Raises ValueError for a sentence of one token.
    """
    if len(ids) < 2 or len(other) < 2:
        raise ValueError("There is nothing to predict in one token; a step needs at least two.")
    own = private_copy(model)
    place = _most_surprising(own, ids)
    backward(own, ids)
    start = [p.detach().clone() for p in own.parameters()]
    make_optimizer(own, config).step(0, 1.0)
    with torch.no_grad():
        moves = [p - before for p, before in zip(own.parameters(), start, strict=True)]
    parts = _parts(own, start, moves)
    for p in own.parameters():
        p.grad = None
    every = (0.0, *factors)
    outcomes = []
    for factor in every:
        with torch.no_grad():
            for p, before, move in zip(own.parameters(), start, moves, strict=True):
                torch.add(before, move, alpha=factor, out=p)
        outcomes.append(_outcome(own, factor, ids, other, place))
    return Report(parts, tuple(outcomes), place)


def backward(model: GPT, ids: Sequence[int]) -> float:
    """Leave the gradient of the sentence's loss in the parameters; return the loss."""
    for p in model.parameters():
        p.grad = None
    loss = model(*pairs(model, ids))[1]
    loss.backward()
    return loss.item()


def steps(
    model: GPT, optimizer: Optimizer, ids: Sequence[int], factor: float, count: int
) -> Iterator[int]:
    """Change the model by up to `count` steps on one sentence; yield after each. Stops early when
    the loss is no number any more."""
    for step in range(count):
        if not math.isfinite(backward(model, ids)):
            return
        optimizer.step(step, factor)
        yield step + 1


@torch.no_grad()
def loss_of(model: GPT, ids: Sequence[int]) -> float:
    """The sentence's loss in nats per token."""
    return model(*pairs(model, ids))[1].item()


@torch.no_grad()
def _most_surprising(model: GPT, ids: Sequence[int]) -> int:
    x, y = pairs(model, ids)
    logits, _ = model(x)
    return 1 + int(F.cross_entropy(logits[0].float(), y[0], reduction="none").argmax())


@torch.no_grad()
def _outcome(
    own: GPT, factor: float, ids: Sequence[int], other: Sequence[int], place: int
) -> Outcome:
    x, y = pairs(own, ids)
    with record(own, "blocks.*.pattern") as tensors:
        logits, loss = own(x, y)
    probabilities = logits[0].float().softmax(dim=-1)
    return Outcome(
        factor=factor,
        loss=loss.item(),
        elsewhere=loss_of(own, other),
        right=probabilities.gather(1, y[0, :, None])[:, 0],
        candidates=probabilities[place - 1].clone(),
        pattern=torch.cat(list(tensors.values())).half(),
    )


def _parts(own: GPT, start: list[Tensor], moves: list[Tensor]) -> tuple[Part, ...]:
    """Add up the parameters of each layer and kind, in the order of the forward pass."""
    found: dict[tuple[int | None, str], Part] = {}
    named = own.named_parameters()
    for (name, p), before, move in zip(named, start, moves, strict=True):
        layer, kinds = _place(name)
        whole = gradient(p).to_dense()  # of runs of tokens, only the rows that occur have one
        pieces = (t.detach().chunk(len(kinds)) for t in (before, whole, move))
        for kind, weight, grad, moved in zip(kinds, *pieces, strict=True):
            old = found.get((layer, kind), Part(layer, kind, 0, 0.0, 0.0, 0.0, 0.0))
            found[layer, kind] = replace(
                old,
                count=old.count + weight.numel(),
                weight=math.hypot(old.weight, _length(weight)),
                gradient=math.hypot(old.gradient, _length(grad)),
                move=math.hypot(old.move, _length(moved)),
                slope=old.slope + (grad.double() * moved.double()).sum().item(),
            )
    return tuple(found.values())


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _rounded(x: Tensor) -> list[float]:
    """Four digits after the point; what is no number becomes 0."""
    return [round(value, 4) for value in x.float().nan_to_num().tolist()]


def _length(x: Tensor) -> float:
    return torch.linalg.vector_norm(x, dtype=torch.float64).item()


def _place(name: str) -> tuple[int | None, tuple[str, ...]]:
    """A parameter's layer and kind; the matrix of queries, keys and values has all three."""
    layer = None
    if name.startswith("blocks."):
        _, number, name = name.split(".", 2)
        layer = int(number)
    module = name.rpartition(".")[0]
    return layer, ("Q", "K", "V") if module == "attn.qkv" else (KINDS[module],)
