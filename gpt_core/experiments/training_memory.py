"""Ways to train the same model in less memory or time, each against the plain step.

Every function takes a model in eval mode (dropout is off, so that all compute the same) and a batch
x, y (B, T), and leaves the weights as they were. Gradients are compared by the largest difference,
as a share of the largest gradient.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from gpt_core.experiments.stopwatch import KeptForBackward, take_turns
from gpt_core.model.gpt import GPT
from gpt_core.training.optim import numbers

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Against:
    """A way of computing gradients beside the plain one.

    speed: how many times as fast, the median, lowest and highest of several rounds. kept: bytes
    kept for the backward pass at once, plain and this way. difference: of gradients, see above.
    loss: its loss less the plain one's, in nats.
    """

    speed: list[float]
    kept: tuple[int, int]
    difference: float
    loss: float


def against(
    model: GPT,
    plain: Callable[[], float],
    other: Callable[[], float],
    rounds: int = 5,
) -> Against:
    """Compare two ways that leave gradients in the model's parameters and return the loss."""
    found = [_once(model, way) for way in (plain, other)]
    (loss, kept, grads), (loss2, kept2, grads2) = found
    largest = max(float(g.abs().max()) for g in grads)
    apart = max(float((a - b).abs().max()) for a, b in zip(grads, grads2, strict=True))
    times = take_turns([plain, other], rounds)
    model.zero_grad()
    return Against(times.ratio(1), (kept, kept2), apart / largest if largest else 0.0, loss2 - loss)


def _once(model: GPT, way: Callable[[], float]) -> tuple[float, int, list[Tensor]]:
    model.zero_grad()
    with KeptForBackward(model.parameters()) as kept:
        loss = way()
    grads = [numbers(p.grad).clone() for p in model.parameters() if p.grad is not None]
    return loss, kept.nbytes, grads


def whole_batch(model: GPT, batch: Batch) -> Callable[[], float]:
    """The plain step: forward and backward over the whole batch."""
    return in_parts(model, batch, 1)


def in_parts(model: GPT, batch: Batch, parts: int) -> Callable[[], float]:
    """Gradient accumulation: the batch in equal parts, whose mean gradients are averaged."""
    x, y = batch
    size = len(x) // parts

    def step() -> float:
        model.zero_grad()
        total = 0.0
        for some_x, some_y in zip(x.split(size), y.split(size), strict=True):
            loss = model(some_x, some_y)[1] / parts
            loss.backward()
            total += loss.item()
        return total

    return step


def checkpointed(model: GPT, batch: Batch) -> Callable[[], float]:
    """Activation checkpointing: of a block only its input is kept; the rest is computed again.

    Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost".
    """
    x, y = batch

    def step() -> float:
        model.zero_grad()
        stream = model.token_vectors(x)
        if model.wpe is not None:
            stream = stream + model.wpe(torch.arange(x.shape[1], device=x.device))
        stream = model.dropout(stream)
        for block in model.blocks:
            stream = checkpoint(block, stream, use_reentrant=True)
        logits = model.lm_head(model.norm_f(stream))
        loss = F.cross_entropy(logits.flatten(0, 1).float(), y.flatten())
        loss.backward()
        return loss.item()

    return step


def explicit_attention(model: GPT, batch: Batch) -> Callable[[], float]:
    """Attention as the formula says it, with the T × T pattern in memory."""
    plain = whole_batch(model, batch)

    def step() -> float:
        before = [block.attn.use_fused for block in model.blocks]
        model.use_fused = False
        try:
            return plain()
        finally:
            for block, fused in zip(model.blocks, before, strict=True):
                block.attn.use_fused = fused

    return step


def in_bfloat16(model: GPT, batch: Batch) -> Callable[[], float]:
    """Mixed precision: products of matrices in bfloat16, weights and sums in float32.

    Micikevicius et al. 2018; bfloat16 needs no scaling of the loss.
    """
    plain, device = whole_batch(model, batch), batch[0].device.type

    def step() -> float:
        with torch.autocast(device, dtype=torch.bfloat16):
            return plain()

    return step


@dataclass(frozen=True)
class Compiled:
    """torch.compile: seconds until the first step was done, how many times as fast a step is then,
    and the largest difference of the logits."""

    seconds: float
    speed: list[float]
    difference: float


def compiled(model: GPT, batch: Batch, rounds: int = 5) -> Compiled | None:
    """Compile the model and time its training step; None on a machine without a compiler."""
    x, y = batch
    fast = torch.compile(model)

    def step(forward: Callable[..., tuple[Tensor, Tensor]]) -> None:
        model.zero_grad()
        forward(x, y)[1].backward()

    started = time.perf_counter()
    try:
        step(fast)
        seconds = time.perf_counter() - started
        with torch.no_grad():
            apart = float((fast(x, y)[0] - model(x, y)[0]).abs().max())
    except Exception as error:
        if _no_compiler(error):
            return None
        raise
    times = take_turns([lambda: step(model), lambda: step(fast)], rounds)
    model.zero_grad()
    return Compiled(seconds, times.ratio(1), apart)


def _no_compiler(error: Exception) -> bool:
    """Whether the machine lacks what torch.compile builds with."""
    said = f"{type(error).__name__} {error}".lower()
    return "compiler" in said or "c++" in said or "python.h" in said


def seconds_of(way: Callable[[], float], rounds: int = 5) -> float:
    """The median seconds of a step."""
    return take_turns([way], rounds).typical(0)
