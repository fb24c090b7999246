"""Many small GPTs of one shape, trained side by side as if each were alone.

A small model's step is mostly the cost of starting operations. N models of the same shape, whose
weights lie on top of each other as (N, P), need as many operations as one of them
(`torch.func.vmap`), so that a model 16 wide takes half the time of one that trains by itself. They
may differ in their text, seed, learning rate, warm-up, weight decay and clipping.

    members = [Member(learning_rate=rate) for rate in (1e-3, 1e-2)]
    for losses in Stack(members, Shape(n_embd=32), 300, tokens, vocab_size):
        print(losses)  # (2,), nats per token
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, vmap

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.training import data
from gpt_core.training.config import TrainConfig
from gpt_core.training.optim import lr_factor

# vmap runs the fused attention model by model, and warns of it; the explicit one takes as long.
warnings.filterwarnings("ignore", message="There is a performance drop", category=UserWarning)

BETA1, BETA2, EPS = 0.9, 0.99, 1e-8
BASE_WIDTH = 32  # where both parametrizations are the same


@dataclass(frozen=True)
class Shape:
    """What all models of a stack have in common; the rest is GPT-2's design, weights untied.

    batch_size: pieces of block_size tokens in a step. head_dim: the width of a head; n_head, if
    given, instead. mup: initial weights and learning rates scaled by width, see `scales`.
    """

    n_embd: int = 32
    n_layer: int = 2
    block_size: int = 64
    batch_size: int = 8
    dropout: float = 0.0
    norm_position: str = "pre"
    n_head: int = 0
    mup: bool = False

    def config(self, vocab_size: int) -> GPTConfig:
        """The model's configuration."""
        return GPTConfig.from_preset(
            "classic",
            vocab_size=vocab_size,
            block_size=self.block_size,
            n_layer=self.n_layer,
            n_embd=self.n_embd,
            n_head=self.n_head or max(1, self.n_embd // 16),
            dropout=self.dropout,
            norm_position=self.norm_position,
            tie_weights=False,
        )


@dataclass(frozen=True)
class Member:
    """What one model of a stack has of its own. tokens: how many of the text's first it reads."""

    learning_rate: float = 1e-2
    seed: int = 1
    warmup: float = 0.1
    weight_decay: float = 0.1
    grad_clip: float = 1.0
    tokens: int | None = None
    schedule: str = "cosine"

    def config(self, shape: Shape, steps: int) -> TrainConfig:
        """The same as the Trainer would be given. warmup is a share of all steps."""
        return TrainConfig.from_dict(
            {
                "steps": steps,
                "batch_size": shape.batch_size,
                "learning_rate": self.learning_rate,
                "warmup_steps": round(self.warmup * steps),
                "schedule": self.schedule,
                "weight_decay": self.weight_decay,
                "grad_clip": self.grad_clip,
                "seed": self.seed,
                "beta1": BETA1,
                "beta2": BETA2,
                "precision": "float32",
            }
        )


@dataclass
class Stack:
    """N models in training; iterate to take steps: each gives the losses (N,) before it.

    tokens: the text's ids, (length,). flat: all weights, (N, P). rates: if given, called with the
    step (from 0), gives the learning rates (N,) in place of the schedule's.
    """

    members: Sequence[Member]
    shape: Shape
    steps: int
    tokens: np.ndarray
    vocab_size: int
    step: int = 0
    flat: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.configs = [member.config(self.shape, self.steps) for member in self.members]
        models = [new_model(self.shape, self.vocab_size, m.seed) for m in self.members]
        self.model = models[0]
        named = dict(self.model.named_parameters())
        self.shapes = {name: p.shape for name, p in named.items()}
        self.flat = torch.stack([_flat(model) for model in models])
        self.mean, self.square = torch.zeros_like(self.flat), torch.zeros_like(self.flat)
        per_weight = {name: torch.ones(p.numel()) for name, p in named.items()}
        self.decays = torch.cat([w * (named[n].dim() >= 2) for n, w in per_weight.items()])
        factors = scales(named, self.shape)
        self.rate_factors = torch.cat([w * factors[n][1] for n, w in per_weight.items()])

    def __iter__(self) -> Iterator[Tensor]:
        while self.step < self.steps:
            rates = [c.learning_rate * lr_factor(self.step, c) for c in self.configs]
            yield self.take_step(torch.tensor(rates))

    def take_step(self, rates: Tensor) -> Tensor:
        """One step of all models with these learning rates (N,): the losses (N,) before it."""
        x, y = self.batch()
        self.flat.requires_grad_(True)
        losses = self._losses(self.flat, x, y, training=True)
        (grad,) = torch.autograd.grad(losses.sum(), self.flat)
        self.flat = self.flat.detach()
        self._adamw(self._clipped(grad), rates)
        self.step += 1
        return losses.detach()

    def batch(self) -> tuple[Tensor, Tensor]:
        """Inputs and targets (N, B, T) of this step, each model's by its own seed and text."""
        drawn: dict[tuple[int, int | None], tuple[Tensor, Tensor]] = {}
        for member in self.members:
            key = member.seed, member.tokens
            if key not in drawn:
                drawn[key] = data.batch(
                    self.tokens[: member.tokens],
                    self.step,
                    batch_size=self.shape.batch_size,
                    block_size=self.shape.block_size,
                    seed=member.seed,
                )
        pairs = [drawn[member.seed, member.tokens] for member in self.members]
        return torch.stack([x for x, _ in pairs]), torch.stack([y for _, y in pairs])

    @torch.no_grad()
    def losses_on(self, tokens: np.ndarray) -> Tensor:
        """Mean loss (N,) of each model over tokens (length,), nats per token; dropout is off."""
        total, count = torch.zeros(len(self.members)), 0
        for x, y in data.windows(tokens, self.shape.block_size, 16):
            many = x.expand(len(self.members), *x.shape), y.expand(len(self.members), *y.shape)
            total += self._losses(self.flat, many[0], many[1], training=False) * y.numel()
            count += y.numel()
        return total / count

    def _losses(self, flat: Tensor, x: Tensor, y: Tensor, training: bool) -> Tensor:
        self.model.train(training)
        if training and self.shape.dropout:
            torch.manual_seed((self.members[0].seed << 32) + self.step)

        def one(weights: Tensor, x: Tensor, y: Tensor) -> Tensor:
            return functional_call(self.model, self._named(weights), (x, y))[1]

        return vmap(one, randomness="different")(flat, x, y)

    def _named(self, weights: Tensor) -> dict[str, Tensor]:
        """One model's weights (P,) by name."""
        parts = weights.split([shape.numel() for shape in self.shapes.values()])
        return {n: p.view(s) for (n, s), p in zip(self.shapes.items(), parts, strict=True)}

    def _clipped(self, grad: Tensor) -> Tensor:
        """Every model's gradient, (N, P), no longer than its own limit; 0 is none."""
        limits = torch.tensor([c.grad_clip or float("inf") for c in self.configs])
        self.norms = grad.norm(dim=1)
        return grad * (limits / (self.norms + 1e-6)).clamp(max=1.0)[:, None]

    def _adamw(self, grad: Tensor, rates: Tensor) -> None:
        """Loshchilov & Hutter 2019, algorithm 2, as in `gpt_core.training.optim.AdamW`."""
        t = self.step + 1
        self.mean.lerp_(grad, 1 - BETA1)
        self.square.mul_(BETA2).addcmul_(grad, grad, value=1 - BETA2)
        size = (self.square / (1 - BETA2**t)).sqrt_().add_(EPS)
        rate = rates[:, None] * self.rate_factors  # (N, P)
        decays = torch.tensor([c.weight_decay for c in self.configs])[:, None] * self.decays
        self.flat.mul_(1 - rate * decays).sub_(self.mean / size * rate / (1 - BETA1**t))


def scales(named: dict[str, Any], shape: Shape) -> dict[str, tuple[float, float]]:
    """By which an initial weight and a learning rate are multiplied, for each parameter.

    Standard: 1 and 1. muP for Adam (Yang et al. 2022, "Tensor Programs V", table 3): with m the
    width over BASE_WIDTH, matrices between hidden layers begin at 1/√m and learn at 1/m, the
    output layer begins at 1/m and learns at 1/m. Heads are equally wide at all widths, so that
    attention needs no other scale.
    """
    if not shape.mup:
        return dict.fromkeys(named, (1.0, 1.0))
    m = shape.n_embd / BASE_WIDTH

    def of(name: str, dim: int) -> tuple[float, float]:
        if name.startswith("lm_head"):
            return 1 / m, 1 / m
        return (m**-0.5, 1 / m) if name.startswith("blocks") and dim == 2 else (1.0, 1.0)

    return {name: of(name, p.dim()) for name, p in named.items()}


def new_model(shape: Shape, vocab_size: int, seed: int) -> GPT:
    """A model as training begins with it: the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GPT(shape.config(vocab_size))
    named = dict(model.named_parameters())
    with torch.no_grad():
        for name, (start, _) in scales(named, shape).items():
            named[name].mul_(start)
    return model


def _flat(model: GPT) -> Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])
