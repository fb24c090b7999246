"""One token at a time, without computing anything twice.

The keys and values of earlier tokens never change in a causal model, so the decoder keeps them
(the KV cache; Pope et al. 2022, section 2) and only the newest token runs through the blocks. A
small model then spends its time on calling PyTorch rather than on arithmetic, so the decoder makes
as few calls as it can: it reads the model's weights directly (no modules, hence no taps), and
queries, keys and values are written into their place in the cache by one matrix product.

Shapes: n new tokens at positions start … end - 1; C channels, H heads, D = C / H, V tokens in the
vocabulary. There is no batch dimension.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt_core.config import GPTConfig
from gpt_core.model import ACTIVATIONS, GPT, Block
from gpt_core.norms import BatchNorm, LayerNorm, RMSNorm

Function = Callable[[Tensor], Tensor]


class Decoder:
    """A causal GPT that remembers what it has read, up to block_size tokens.

    `length` tokens have been read so far; set it to 0 to start afresh. The same numbers as the
    model in eval mode (BatchNorm uses its running statistics), up to rounding.
    """

    def __init__(self, model: GPT) -> None:
        c = model.config
        if not c.causal:
            raise ValueError("Only a causal model can be decoded token by token.")
        self.length = 0
        self.embedding = model.wte.weight
        self.positions = None
        if model.wpe is not None:
            every = torch.arange(c.block_size, device=self.embedding.device)
            self.positions = model.wpe(every).detach()  # (block_size, C)
        self.layers = [_Layer(block, c) for block in model.blocks]
        self.norm_f, self.head = _norm(model.norm_f), _linear(model.lm_head)

        # One row per layer and position holds q, k and v side by side. The four names are views
        # of the same memory: a product written into rows is at once in q, k and v.
        cache = self.embedding.new_zeros(c.n_layer, c.block_size, 3, c.n_head, c.head_dim)
        self.rows = cache.flatten(2)  # (n_layer, block_size, 3C)
        self.q, k, self.v = cache.permute(2, 0, 3, 1, 4)  # (n_layer, H, block_size, D)
        self.k = k.transpose(2, 3)  # (n_layer, H, D, block_size), ready for q @ k

    @torch.inference_mode()
    def __call__(self, tokens: list[int]) -> Tensor:
        """Read n more tokens; returns the logits (V,) of the token after them."""
        n, start, end = len(tokens), self.length, self.length + len(tokens)
        # (n, C); a single row is found more quickly by slicing
        x = self.embedding[tokens] if n > 1 else self.embedding.narrow(0, tokens[0], 1)
        # a copy in either case: the blocks add to it in place
        x = x.clone() if self.positions is None else x + self.positions.narrow(0, start, n)
        later = None
        if n > 1:  # the new tokens mustn't see each other's future; (n, end)
            later = torch.ones(n, end, dtype=torch.bool, device=x.device).triu(start + 1)
        views = zip(  # of each layer: rows and q of the new tokens, k and v of all so far
            self.rows.narrow(1, start, n).unbind(),
            self.q.narrow(2, start, n).unbind(),
            self.k.narrow(3, 0, end).unbind(),
            self.v.narrow(2, 0, end).unbind(),
            strict=True,
        )
        for layer, (rows, q, k, v) in zip(self.layers, views, strict=True):
            x = layer(x, _Place(rows, q, k, v, later, start))
        self.length = end
        return self.head(self.norm_f(x[-1:]))[0]


class _Place(NamedTuple):
    """Where new tokens stand, in one layer."""

    rows: Tensor  # (n, 3C): where to write q, k and v of the new tokens
    q: Tensor  # (H, n, D): the new tokens' queries
    k: Tensor  # (H, D, end): every token's key
    v: Tensor  # (H, end, D): every token's value
    later: Tensor | None  # (n, end): True where a new token mustn't look; None if it may anywhere
    start: int  # position of the first new token


class _Layer:
    """One block as a few functions of plain tensors."""

    def __init__(self, block: Block, config: GPTConfig) -> None:
        self.config, self.pre_norm = config, block.pre_norm
        self.norm1, self.norm2 = _norm(block.norm1), _norm(block.norm2)
        self.qkv, self.add_attention = _linear(block.attn.qkv), _add_linear(block.attn.proj)
        self.hidden, self.add_mlp = _hidden(block.mlp), _add_linear(block.mlp.down)
        self.turns = config.qk_norm or config.position == "rope"
        self.scale = 1 / math.sqrt(config.head_dim)
        self.zero = block.attn.qkv.weight.new_zeros(1)
        if config.position == "rope":
            cos, sin = block.attn.cos.to(self.zero.dtype), block.attn.sin.to(self.zero.dtype)
            self.cos = cos[:, None, None, None]  # (block_size, 1, 1, 1, D / 2)
            self.sin = torch.stack((-sin, sin), 1)[:, None, None]  # (block_size, 1, 1, 2, D / 2)

    def __call__(self, x: Tensor, place: _Place) -> Tensor:
        """The residual stream (n, C), before and after the block."""
        if self.pre_norm:
            x = self.add_attention(x, self.attend(self.norm1(x), place))
            return self.add_mlp(x, self.hidden(self.norm2(x)))
        x = self.norm1(self.add_attention(x, self.attend(x, place)))
        return self.norm2(self.add_mlp(x, self.hidden(x)))

    def attend(self, x: Tensor, place: _Place) -> Tensor:
        """(n, C) → (n, C): what the heads bring, side by side, before the projection."""
        self.qkv(x, out=place.rows)  # which fills place.q and the end of place.k and place.v
        if self.turns:
            self.turn(place.rows, place.start)
        # (H, n, end)
        scores = torch.baddbmm(self.zero, place.q, place.k, beta=0, alpha=self.scale)
        if place.later is not None:
            scores.masked_fill_(place.later, float("-inf"))
        z = torch.bmm(torch.softmax(scores, -1), place.v)  # (H, n, D)
        return z.transpose(0, 1).reshape(x.shape)

    def turn(self, rows: Tensor, start: int) -> None:
        """Normalise the new queries and keys, turn them by their position, and put them back."""
        n, H, D = len(rows), self.config.n_head, self.config.head_dim
        qk = new = rows.view(n, 3, H, D).narrow(1, 0, 2)
        if self.config.qk_norm:
            new = F.rms_norm(qk, (D,))
        if self.config.position == "rope":  # halves (a, b) → (a cos - b sin, b cos + a sin)
            new = new.unflatten(-1, (2, D // 2))
            cos, sin = self.cos.narrow(0, start, n), self.sin.narrow(0, start, n)
            new = torch.addcmul(new * cos, new.flip(-2), sin).flatten(-2)
        qk.copy_(new)


def _norm(norm: nn.Module) -> Function:
    """The norm as one call, without its taps."""
    if isinstance(norm, LayerNorm):
        shape = (norm.weight.numel(),)
        return partial(
            F.layer_norm, normalized_shape=shape, weight=norm.weight, bias=norm.bias, eps=norm.eps
        )
    if isinstance(norm, RMSNorm):
        shape = (norm.weight.numel(),)
        return partial(F.rms_norm, normalized_shape=shape, weight=norm.weight, eps=norm.eps)
    if isinstance(norm, BatchNorm):  # in eval mode a fixed gain and shift per channel
        gain = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
        shift = -norm.running_mean * gain + (norm.bias.detach() if norm.bias is not None else 0)
        return lambda x: torch.addcmul(shift, x, gain)
    return lambda x: x


def _linear(layer: nn.Linear) -> Callable[..., Tensor]:
    """x → W x + b; takes `out`, where to write the result."""
    weight = layer.weight.detach().t()
    if layer.bias is None:
        return lambda x, out=None: torch.mm(x, weight, out=out)
    bias = layer.bias.detach()
    return lambda x, out=None: torch.addmm(bias, x, weight, out=out)


def _add_linear(layer: nn.Linear) -> Callable[[Tensor, Tensor], Tensor]:
    """(stream, x) → stream += W x + b: the branch and its addition to the stream in one."""
    weight = layer.weight.detach().t()
    if layer.bias is None:
        return lambda stream, x: stream.addmm_(x, weight)
    bias = layer.bias.detach()
    return lambda stream, x: stream.addmm_(x, weight).add_(bias)


def _hidden(mlp: nn.Module) -> Function:
    """The MLP up to its hidden layer: (n, C) → (n, hidden)."""
    up = _linear(mlp.up)
    if mlp.gate is not None:
        gate = _linear(mlp.gate)
        return lambda x: up(x) * F.silu(gate(x))
    activation = ACTIVATIONS[mlp.activation]
    return lambda x: activation(up(x))
