"""Normalization, written out. All share one interface: (B, T, C) in, (B, T, C) out.

Each has two hook points: `scale`, what it divides by, and `normalized`, the result before the
learned gain and bias. While nobody watches them, PyTorch's fused kernel does the same in one step.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt_core.model.config import GPTConfig
from gpt_core.model.observe import HookedModule, HookPoint


class _Norm(HookedModule):
    """What all norms share: the hook points, and the choice between explicit and fused."""

    def __init__(self, n_embd: int, bias: bool, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(n_embd))
        self.bias = nn.Parameter(torch.zeros(n_embd)) if bias else None
        self.scale = HookPoint()
        self.normalized = HookPoint()

    @property
    def watched(self) -> bool:
        """Whether the explicit path is needed."""
        return self.scale.hooked or self.normalized.hooked

    def gain_and_bias(self, x: Tensor) -> Tensor:
        """Multiply by the learned gain γ and add the learned bias β, one number per channel."""
        x = x * self.weight
        return x if self.bias is None else x + self.bias


class LayerNorm(_Norm):
    """Each token's vector is shifted to mean 0 and scaled to variance 1, across its C channels.

    Ba, Kiros & Hinton 2016, section 3. `scale` is √(variance + ε), shape (B, T, 1).
    """

    def __init__(self, n_embd: int, bias: bool = True, eps: float = 1e-5) -> None:
        super().__init__(n_embd, bias, eps)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) → (B, T, C)."""
        if not self.watched:
            return F.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.eps)
        centered = x - x.mean(dim=-1, keepdim=True)
        variance = centered.square().mean(dim=-1, keepdim=True)
        scale = self.scale((variance + self.eps).sqrt())
        return self.gain_and_bias(self.normalized(centered / scale))


class RMSNorm(_Norm):
    """Each token's vector is scaled to root mean square 1; no mean is subtracted, no bias added.

    Zhang & Sennrich 2019, section 4. `scale` is √(mean of squares + ε), shape (B, T, 1).
    """

    def __init__(self, n_embd: int, eps: float = 1e-5) -> None:
        super().__init__(n_embd, False, eps)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) → (B, T, C)."""
        if not self.watched:
            return F.rms_norm(x, x.shape[-1:], self.weight, self.eps)
        mean_square = x.square().mean(dim=-1, keepdim=True)
        scale = self.scale((mean_square + self.eps).sqrt())
        return self.gain_and_bias(self.normalized(x / scale))


class BatchNorm(_Norm):
    """Each channel is normalised over all tokens of all sequences of the batch.

    Ioffe & Szegedy 2015, section 3.1. While training, a token's result therefore depends on other
    sequences and on later tokens: a leak, and one reason why GPTs don't use it. In eval mode a
    running average of the training statistics is used instead. `scale` has shape (1, 1, C).
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(
        self, n_embd: int, bias: bool = True, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__(n_embd, bias, eps)
        self.momentum = momentum
        self.register_buffer("running_mean", torch.zeros(n_embd))
        self.register_buffer("running_var", torch.ones(n_embd))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) → (B, T, C)."""
        mean, variance = self._statistics(x) if self.training else self._running(x)
        scale = self.scale((variance + self.eps).sqrt())
        return self.gain_and_bias(self.normalized((x - mean) / scale))

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = x.mean(dim=(0, 1), keepdim=True)
        variance = (x - mean).square().mean(dim=(0, 1), keepdim=True)
        count = x.shape[0] * x.shape[1]
        unbiased = variance * count / max(count - 1, 1)
        with torch.no_grad():
            self.running_mean.lerp_(mean.flatten().float(), self.momentum)
            self.running_var.lerp_(unbiased.flatten().float(), self.momentum)
        return mean, variance

    def _running(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.running_mean.to(x.dtype)[None, None], self.running_var.to(x.dtype)[None, None]


class NoNorm(HookedModule):
    """No normalization: the control in an experiment. `scale` is all ones."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = HookPoint()
        self.normalized = HookPoint()

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) → (B, T, C), unchanged."""
        scale = self.scale(x.new_ones(*x.shape[:-1], 1)) if self.scale.hooked else None
        return self.normalized(x if scale is None else x / scale)


# Those that have γ, and perhaps β.
LearnedNorm = LayerNorm | RMSNorm | BatchNorm


def make_norm(config: GPTConfig) -> nn.Module:
    """The norm that a config names."""
    if config.norm == "layernorm":
        return LayerNorm(config.n_embd, config.bias)
    if config.norm == "rmsnorm":
        return RMSNorm(config.n_embd)
    if config.norm == "batchnorm":
        return BatchNorm(config.n_embd, config.bias)
    return NoNorm()


def freeze_gain_and_bias(model: nn.Module) -> None:
    """Keep γ and β of every norm as they are: at 1 and 0 in a model that has just been made.

    To be called before a Trainer is made, which then moves everything else.
    """
    for module in model.modules():
        if isinstance(module, _Norm):
            module.requires_grad_(False)
