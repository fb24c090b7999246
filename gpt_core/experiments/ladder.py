"""From a bigram model to a GPT in seven rungs: each adds the part that the one before lacked.

After Karpathy, "Let's build GPT" (2023). All rungs read the same text, as characters, and learn for
the same time. B texts of T tokens, C numbers a token.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt_core.training import data
from gpt_core.training.optim import AdamW

WIDTH, HEADS, CONTEXT, BATCH, RATE = 64, 4, 64, 32, 3e-3


@dataclass(frozen=True)
class Rung:
    """What a model has.

    mix: how a token sees the ones before it: not at all, by their mean, or by so many heads of
    attention. mlp, residual: whether a layer has these (residual: x + part(norm(x))). layers: how
    many there are.
    """

    name: str
    mix: str | int = ""
    mlp: bool = False
    residual: bool = False
    layers: int = 1


RUNGS = (
    Rung("bigram"),
    Rung("+ averaging", "mean"),
    Rung("+ attention", 1),
    Rung("+ several heads", HEADS),
    Rung("+ MLP", HEADS, mlp=True),
    Rung("+ residual stream and norms", HEADS, mlp=True, residual=True),
    Rung("+ depth", HEADS, mlp=True, residual=True, layers=4),
)


class Mean(nn.Module):
    """(B, T, C) → (B, T, C): each token gets the mean of the values up to its own."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Linear(WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Add up, and divide by how many there are."""
        counts = torch.arange(1, x.shape[1] + 1, device=x.device)[:, None]
        return self.value(x).cumsum(dim=1) / counts


class Attention(nn.Module):
    """(B, T, C) → (B, T, C): each token gets a weighted mean, with weights by query and key."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """All heads beside each other, then one matrix."""
        B, T, C = x.shape
        q, k, v = (p.view(B, T, self.heads, -1).transpose(1, 2) for p in self.qkv(x).split(C, 2))
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, H, T, D)
        return self.out(z.transpose(1, 2).reshape(B, T, C))


class Ladder(nn.Module):
    """The model of a rung: (B, T) ids → logits (B, T, V)."""

    def __init__(self, rung: Rung, vocab_size: int, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.rung = rung
        self.tokens = nn.Embedding(vocab_size, WIDTH)
        self.places = nn.Embedding(CONTEXT, WIDTH) if rung.mix else None
        self.parts = nn.ModuleList(part for _ in range(rung.layers) for part in _layer(rung))
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(len(self.parts) + 1))
        self.scores = nn.Linear(WIDTH, vocab_size)
        if not rung.residual:
            self.norms = nn.ModuleList()

    def forward(self, idx: Tensor) -> Tensor:
        """A part replaces its input; with a residual stream it adds to it."""
        x = self.tokens(idx)
        if self.places is not None:
            x = x + self.places.weight[: idx.shape[1]]
        for i, part in enumerate(self.parts):
            x = x + part(self.norms[i](x)) if self.rung.residual else part(x)
        return self.scores(self.norms[-1](x) if self.rung.residual else x)


def _layer(rung: Rung) -> list[nn.Module]:
    parts: list[nn.Module] = []
    if rung.mix:
        parts.append(Mean() if rung.mix == "mean" else Attention(int(rung.mix)))
    if rung.mlp:
        hidden = 4 * WIDTH
        parts.append(nn.Sequential(nn.Linear(WIDTH, hidden), nn.GELU(), nn.Linear(hidden, WIDTH)))
    return parts


def climb(model: Ladder, tokens: np.ndarray, seconds: float, seed: int) -> Iterator[float]:
    """Train for so many seconds of processor time; yield the seconds used after each step.

    tokens (N,): the text. Processor time of this process, so that other programs don't count.
    """
    optimizer, step, used = AdamW(list(model.parameters()), learning_rate=RATE), 0, 0.0
    while used < seconds:
        began = time.process_time()
        x, y = data.batch(tokens, step, batch_size=BATCH, block_size=CONTEXT, seed=seed)
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        model.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step(step, factor=1 - 0.9 * min(1.0, used / seconds))  # ever smaller moves
        step += 1
        used += time.process_time() - began
        yield used


@torch.no_grad()
def losses(model: Ladder, tokens: np.ndarray, pieces: int) -> Tensor:
    """Mean nats per token of so many pieces (pieces,), evenly spread over tokens (N,)."""
    starts = np.linspace(0, len(tokens) - CONTEXT - 1, pieces).astype(int)
    rows = torch.from_numpy(
        np.stack([tokens[i : i + CONTEXT + 1] for i in starts]).astype(np.int64)
    )
    logits = model(rows[:, :-1])
    nats = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none")
    return nats.view(pieces, CONTEXT).mean(dim=1)


@torch.no_grad()
def write(model: Ladder, first: list[int], count: int, seed: int) -> list[int]:
    """Draw `count` tokens after `first`."""
    random, written = torch.Generator().manual_seed(seed), list(first)
    for _ in range(count):
        logits = model(torch.tensor([written[-CONTEXT:]]))[0, -1]
        written.append(int(torch.multinomial(logits.softmax(-1), 1, generator=random)))
    return written[len(first) :]
