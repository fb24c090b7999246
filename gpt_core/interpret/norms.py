"""What the norms of a model do to one text: before and after, by hand, and at another scale.

A norm is named by its place in the model: blocks.0.norm1 (attention's), blocks.0.norm2 (the
MLP's), …, norm_f (the last, before the logits; a post-norm model has none).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gpt_core.model.gpt import GPT
from gpt_core.model.norms import BatchNorm, LearnedNorm, NoNorm, RMSNorm
from gpt_core.model.observe import intervene, record, replace, scale
from gpt_core.model.recording import Recording, run

BRANCHES = tuple(
    f"blocks.*.{part}" for part in ("resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post")
)
"""The stream at each branch, and what the branch adds; see `gpt_core.model.recording.run`."""


@dataclass(frozen=True)
class NormTrace:
    """What one norm did to T tokens: its input, the normalised input, and γ · that + β.

    Each (T, C). A norm without γ and β returns what it normalised.
    """

    before: Tensor
    normalized: Tensor
    after: Tensor


@dataclass(frozen=True)
class DepthTrace:
    """One forward pass over T tokens, seen at the norms (L layers).

    norms: by name, in the order in which they run.
    stream: (2L + 1, T), length of the residual stream: embedding, then after each branch.
    added: (2L, T), length of what attention and the MLP add, in turn.
    probabilities: (V,), of the token after the last.
    loss: mean nats of each token given those before it; None for one token, which has none.
    """

    norms: dict[str, NormTrace]
    stream: Tensor
    added: Tensor
    probabilities: Tensor
    loss: float | None


@dataclass(frozen=True)
class HandCalculation:
    """One token through one norm, number by number: C plain numbers in each list.

    mean: what is subtracted. variance: the mean of squares whose root divides. scale: that root,
    ε included. LayerNorm and RMSNorm have one mean and one variance for all channels of a token;
    BatchNorm has one per channel. RMSNorm's mean is 0 because it subtracts none.
    """

    x: list[float]
    mean: list[float]
    centered: list[float]
    variance: list[float]
    epsilon: float
    scale: list[float]
    normalized: list[float]
    gain: list[float]
    bias: list[float]
    result: list[float]


@dataclass(frozen=True)
class Rescaled:
    """A norm's result (T, C), and the next token's probabilities (V,), at another scale."""

    output: Tensor
    probabilities: Tensor


def norm_names(model: GPT) -> list[str]:
    """The names of a model's norms, in the order in which they run."""
    layers = range(model.config.n_layer)
    names = [f"blocks.{layer}.{norm}" for layer in layers for norm in ("norm1", "norm2")]
    return [*names, "norm_f"] if model.config.norm_position == "pre" else names


def find_norm(model: GPT, name: str) -> nn.Module:
    """The norm of that name. Raises ValueError when the model has none."""
    if name not in norm_names(model):
        raise ValueError(f"No norm is called {name!r}; there are {', '.join(norm_names(model))}.")
    return model.get_submodule(name)


def mean_and_std(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation across channels: (…, C) → two of shape (…).

    The deviation divides by C, as LayerNorm does, not by C - 1.
    """
    return x.mean(dim=-1), x.std(dim=-1, correction=0)


def norm_inputs(model: GPT, seen: Recording) -> dict[str, Tensor]:
    """What each norm read, (T, C), by its name, in the order in which they run.

    seen: a pass that kept `BRANCHES`.
    """
    # Pre-norm reads the stream as it comes to a branch, post-norm the sum with what it added.
    inputs = _after_each_branch(seen)
    if model.config.norm_position == "post":
        inputs = inputs[:-1] + _added(seen)
    return dict(zip(norm_names(model), inputs, strict=True))


@torch.no_grad()
def trace_norms(model: GPT, ids: Sequence[int]) -> DepthTrace:
    """Run the model once over ids (1 to block_size of them) and keep what its norms did."""
    seen = run(model, ids, *BRANCHES, "*.normalized")
    norms = {}
    for name, before in norm_inputs(model, seen).items():
        normalized = seen[f"{name}.normalized"]
        after = _gain_and_bias(find_norm(model, name), normalized)
        norms[name] = NormTrace(before, normalized, after)
    return DepthTrace(
        norms=norms,
        stream=_after_each_branch(seen).norm(dim=-1),
        added=_added(seen).norm(dim=-1),
        probabilities=seen.logits[-1].float().softmax(dim=-1),
        loss=seen.loss,
    )


def normalize_by_hand(norm: nn.Module, x: Sequence[float]) -> HandCalculation:
    """What the norm does to one token's C numbers, in plain Python.

    BatchNorm uses the running averages that it kept while training, as it does in eval mode.
    """
    x = list(x)
    C = len(x)
    epsilon, gain, bias = _learned(norm, C)
    mean, variance = _mean_and_variance(norm, x)
    centered = [x[c] - mean[c] for c in range(C)]
    scale = [math.sqrt(variance[c] + epsilon) for c in range(C)]
    normalized = [centered[c] / scale[c] for c in range(C)]
    result = [gain[c] * normalized[c] + bias[c] for c in range(C)]
    return HandCalculation(
        x, mean, centered, variance, epsilon, scale, normalized, gain, bias, result
    )


@torch.no_grad()
def rescale_input(
    model: GPT, ids: Sequence[int], trace: DepthTrace, name: str, factor: float
) -> Rescaled:
    """Multiply what one norm reads, and nothing else: the skip connection keeps its size.

    trace is `trace_norms(model, ids)`. Raises ValueError for an unknown norm.
    """
    norm = find_norm(model, name)
    with record(norm, "normalized") as kept:
        output = norm(trace.norms[name].before[None] * factor)
    with intervene(model, {f"{name}.normalized": replace(kept["normalized"])}):
        seen = run(model, ids)
    return Rescaled(output[0], seen.logits[-1].float().softmax(dim=-1))


@torch.no_grad()
def rescale_stream(model: GPT, ids: Sequence[int], name: str, factor: float) -> Tensor:
    """Multiply the residual stream itself where a pre-norm reads it; probabilities (V,).

    The norm's result is that of `rescale_input`, but the skip connection carries the multiplied
    stream on, and what later branches add to it weighs less or more beside it. Only norm_f has no
    skip connection. Raises ValueError for an unknown norm and for a post-norm model, where a norm
    stands in the stream and nothing else reads its input.
    """
    find_norm(model, name)
    if model.config.norm_position == "post":
        raise ValueError("A post-norm reads the whole stream; use rescale_input.")
    last = f"blocks.{model.config.n_layer - 1}.resid_post"
    place = name.replace("norm1", "resid_pre").replace("norm2", "resid_mid")
    with intervene(model, {last if name == "norm_f" else place: scale(factor)}):
        return run(model, ids).logits[-1].float().softmax(dim=-1)


@torch.no_grad()
def size_at_scales(norm: nn.Module, x: Tensor, factors: Sequence[float]) -> list[float]:
    """How large the normalised token is when its input x (C,) is multiplied by each factor.

    The root mean square over channels, before γ and β: for LayerNorm a · σ / √(a² σ² + ε), which
    is 1 but for ε.
    """
    with record(norm, "normalized") as kept:
        norm(torch.stack([x * factor for factor in factors])[None])
    return kept["normalized"][0].square().mean(dim=-1).sqrt().tolist()


def _after_each_branch(seen: Recording) -> Tensor:
    """The residual stream as it begins, and after each branch, (2L + 1, T, C)."""
    branches = torch.stack((seen.layers("resid_mid"), seen.layers("resid_post")), dim=1)
    return torch.cat((seen["blocks.0.resid_pre"][None], branches.flatten(0, 1)))


def _added(seen: Recording) -> Tensor:
    """What attention and the MLP add, in turn, (2L, T, C)."""
    return torch.stack((seen.layers("attn_out"), seen.layers("mlp_out")), dim=1).flatten(0, 1)


def _gain_and_bias(norm: nn.Module, x: Tensor) -> Tensor:
    return norm.gain_and_bias(x) if isinstance(norm, LearnedNorm) else x


def _learned(norm: nn.Module, C: int) -> tuple[float, list[float], list[float]]:
    """ε, γ and β; 0, ones and zeros where a norm has none."""
    if not isinstance(norm, LearnedNorm):
        return 0.0, [1.0] * C, [0.0] * C
    bias = [0.0] * C if norm.bias is None else norm.bias.tolist()
    return norm.eps, norm.weight.tolist(), bias


def _mean_and_variance(norm: nn.Module, x: list[float]) -> tuple[list[float], list[float]]:
    """What is subtracted from each channel, and what its root divides by."""
    C = len(x)
    if isinstance(norm, NoNorm):
        return [0.0] * C, [1.0] * C
    if isinstance(norm, BatchNorm):
        return norm.running_mean.tolist(), norm.running_var.tolist()
    mean = 0.0 if isinstance(norm, RMSNorm) else sum(x) / C
    variance = sum((value - mean) ** 2 for value in x) / C
    return [mean] * C, [variance] * C
