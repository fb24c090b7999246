"""One token at a time, without computing anything twice.

The keys and values of earlier tokens never change in a causal model, so the decoder keeps them
(the KV cache; Pope et al. 2022, section 2) and only the newest token runs through the blocks. A
small model then spends its time on calling PyTorch rather than on arithmetic, so the decoder makes
as few calls as it can: it reads the model's weights directly (no modules, hence no hook points),
and queries, keys and values are written into their place in the cache by one matrix product.

Shapes: n new tokens at positions start … end - 1; C channels, H heads, D = C / H, V tokens in the
vocabulary. There is no batch dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt_core.compression.layers import Product, QuantizedLinear
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import ACTIVATIONS, GPT, Block, CausalSelfAttention
from gpt_core.model.norms import BatchNorm, LayerNorm, RMSNorm

_Cache = tuple[Tensor, Tensor, Tensor, Tensor]


class Decoder:
    """A causal GPT that remembers what it has read, up to block_size tokens.

    `length` tokens have been read so far; set it to 0 to start afresh. The same numbers as the
    model in eval mode (BatchNorm uses its running statistics), up to rounding.

    without: heads, as (layer, head), whose part of the output projection is left out, so that they
    write nothing. A layer that multiplies by codes does so here as well, but not where a head is
    left out of its block.
    """

    def __init__(self, model: GPT, without: Collection[tuple[int, int]] = ()) -> None:
        c = model.config
        if not c.causal:
            raise ValueError("Only a causal model can be decoded token by token.")
        self.length = 0
        self.ngrams = model.ngrams
        self.tokens: list[int] = []  # where runs of tokens have vectors: those read so far
        self.embedding = model.wte.weight
        self.positions = None
        if model.wpe is not None:
            every = torch.arange(c.block_size, device=self.embedding.device)
            self.positions = model.wpe(every).detach()  # (block_size, C)
        off = [[head for at, head in without if at == layer] for layer in range(c.n_layer)]
        self.blocks = [_block(b, heads, c) for b, heads in zip(model.blocks, off, strict=True)]
        (self.norm_f, self.settings_f), head = _norm(model.norm_f), model.lm_head
        self.head: Any = head.product if _has_codes(head) else head.weight.t()
        self.mm = _mm_codes if _has_codes(head) else torch.mm

        # One row per layer and position holds q, k and v side by side. The four names are views
        # of the same memory: a product written into rows is at once in q, k and v.
        D = c.head_dim
        # How much larger than the model's own q and k those in the cache are; see _scaled_qkv.
        self.scales = (D**-0.25, D**-0.25) if c.qk_norm else (D**-0.5, 1.0)
        heads = [block.attn.heads for block in model.blocks]
        self.own: list[_Cache] | None = None
        if set(heads) == {c.n_head}:
            self.rows, self.q, self.k, self.v = self._cache(c, c.n_layer, c.n_head)
        else:  # heads were cut out: layers differ, and each has a cache of its own
            self.own = [_of_one_layer(self._cache(c, 1, h)) for h in heads]

    @torch.inference_mode()
    def __call__(self, tokens: list[int]) -> Tensor:
        """Read n more tokens; returns the logits (V,) of the token after them."""
        return self.mm(self.norm_f(self._read(tokens)[-1:], *self.settings_f), self.head)[0]

    @torch.inference_mode()
    def read(self, tokens: list[int]) -> Tensor:
        """Read n more tokens; returns the logits (n, V) of what follows each of them."""
        return self.mm(self.norm_f(self._read(tokens), *self.settings_f), self.head)

    def remembered(self, start: int) -> tuple[Tensor, Tensor, Tensor]:
        """q, k, v (n_layer, H, n, D) of the tokens from `start` on, as the model computes them.

        Raises ValueError where layers differ in heads.
        """
        if self.own is not None:
            raise ValueError("Heads were cut out of this model: its layers don't fit one tensor.")
        here = slice(start, self.length)
        k = self.k[..., here].transpose(2, 3)
        return self.q[:, :, here] / self.scales[0], k / self.scales[1], self.v[:, :, here]

    def _read(self, tokens: list[int]) -> Tensor:
        """What leaves the blocks, (n, C)."""
        n, start, end = len(tokens), self.length, self.length + len(tokens)
        # (n, C); a single row is found more quickly by slicing
        x = self.embedding[tokens] if n > 1 else self.embedding.narrow(0, tokens[0], 1)
        # a copy in either case: the blocks add to it in place
        x = x.clone() if self.positions is None else x + self.positions.narrow(0, start, n)
        if self.ngrams is not None:
            x += self._runs(tokens)
        later = None
        if n > 1:  # the new tokens mustn't see each other's future; (n, end)
            later = torch.ones(n, end, dtype=torch.bool, device=x.device).triu(start + 1)
        places = self._places(start, end)
        for block, (rows, q, k, v) in zip(self.blocks, places, strict=True):
            x = block(x, start, rows, q, k, v, later)
        self.length = end
        return x

    def _cache(self, c: GPTConfig, layers: int, heads: int) -> _Cache:
        """Rows (layers, block_size, 3C); q, v (layers, H, block_size, D) and k, turned, in them."""
        cache = self.embedding.new_empty(layers, c.block_size, 3, heads, c.head_dim)
        q, k, v = cache.permute(2, 0, 3, 1, 4)
        return cache.flatten(2), q, k.transpose(2, 3), v  # k is ready for q @ k

    def _places(self, start: int, end: int) -> Iterable[tuple[Tensor, ...]]:
        """Of each layer: the new tokens' rows and q, and k and v of new and earlier ones."""
        if self.own is not None:
            return [
                (
                    rows.narrow(0, start, end - start),
                    q.narrow(1, start, end - start),
                    k.narrow(2, 0, end),
                    v.narrow(1, 0, end),
                )
                for rows, q, k, v in self.own
            ]
        return _between((self.rows, self.q, self.k, self.v), start, end)

    def _runs(self, tokens: list[int]) -> Tensor:
        """The vectors (n, C) of the runs that end with each of n new tokens."""
        assert self.ngrams is not None
        self.tokens[self.length :] = tokens
        known = self.tokens[-len(tokens) - self.ngrams.longest + 1 :]  # what they may reach back to
        idx = torch.tensor([known], device=self.embedding.device)
        return self.ngrams(idx)[0, -len(tokens) :]


def _of_one_layer(cache: _Cache) -> _Cache:
    """The cache of a single layer, without the dimension of layers."""
    rows, q, k, v = cache
    return rows[0], q[0], k[0], v[0]


def _between(cache: _Cache, start: int, end: int) -> Iterable[tuple[Tensor, ...]]:
    """A cache's part from start to end, layer by layer; of k and v also what comes before."""
    rows, q, k, v = cache
    return zip(
        rows.narrow(1, start, end - start).unbind(),
        q.narrow(2, start, end - start).unbind(),
        k.narrow(3, 0, end).unbind(),
        v.narrow(2, 0, end).unbind(),
        strict=True,
    )


def _block(block: Block, off: list[int], config: GPTConfig) -> Callable[..., Tensor]:
    """One block as a single function, written without calls of its own where it can be."""
    pre_norm, turn = block.pre_norm, _turn(block.attn, config)
    norm1, settings1 = _norm(block.norm1)
    norm2, settings2 = _norm(block.norm2)
    codes = not off and _has_codes(block.attn.proj)
    read = _codes_and_bias if codes else _weight_and_bias
    qkv_weight, qkv_bias = _scaled_qkv(block.attn.qkv, config, codes)
    proj_weight, proj_bias = read(block.attn.proj)  # (C, C): a head's rows, D each
    if off:
        proj_weight = proj_weight.clone()
        proj_weight.view(block.attn.heads, config.head_dim, -1)[off] = 0.0
    up_weight, up_bias = read(block.mlp.up)
    gate = read(block.mlp.gate) if block.mlp.gate is not None else None
    activation = F.silu if gate else ACTIVATIONS[config.activation]
    down_weight, down_bias = read(block.mlp.down)
    addmm: Callable[..., Tensor] = _addmm_codes if codes else torch.addmm
    bmm, softmax = torch.bmm, torch.softmax

    def run(
        x: Tensor, start: int, rows: Tensor, q: Tensor, k: Tensor, v: Tensor, later: Tensor | None
    ) -> Tensor:
        # x: (n, C), changed in place. rows: (n, 3C), where q (H, n, D) and the end of k (H, D, end)
        # and v (H, end, D) lie. later: (n, end), True where a new token mustn't look; None for n=1.
        addmm(qkv_bias, norm1(x, *settings1) if pre_norm else x, qkv_weight, out=rows)
        if turn is not None:
            turn(rows, start)
        scores = bmm(q, k)  # (H, n, end)
        if later is not None:
            scores.masked_fill_(later, float("-inf"))
        z = bmm(softmax(scores, -1), v)  # (H, n, D); next (n, C): heads side by side
        z = z.view(1, -1) if later is None else z.transpose(0, 1).flatten(1)
        if codes:
            x.add_(addmm(proj_bias, z, proj_weight))
        else:
            x.addmm_(z, proj_weight).add_(proj_bias)
        if not pre_norm:
            x = norm1(x, *settings1)
        y = norm2(x, *settings2) if pre_norm else x
        h = addmm(up_bias, y, up_weight)
        h = h * activation(addmm(gate[1], y, gate[0])) if gate else activation(h)
        if codes:
            x.add_(addmm(down_bias, h, down_weight))
        else:
            x.addmm_(h, down_weight).add_(down_bias)
        return x if pre_norm else norm2(x, *settings2)

    return run


def _weight_and_bias(layer: nn.Linear) -> tuple[Tensor, Tensor]:
    """What turns x (n, in) into x @ weight + bias: (in, out) and (out,); no bias is a bias of 0."""
    bias = layer.bias if layer.bias is not None else layer.weight.new_zeros(len(layer.weight))
    return layer.weight.detach().t(), bias.detach()


def _has_codes(layer: nn.Module) -> bool:
    """Whether a layer multiplies by codes."""
    return isinstance(layer, QuantizedLinear)


def _codes_and_bias(layer: Any) -> tuple[Any, Tensor]:
    """The same of a QuantizedLinear: its product in the place of a weight."""
    bias = layer.bias if layer.bias is not None else torch.zeros(layer.out_features)
    return layer.product, bias


def _mm_codes(x: Tensor, product: Product) -> Tensor:
    """torch.mm where a product takes the place of a weight."""
    return product(x)


def _addmm_codes(bias: Tensor, x: Tensor, product: Product, out: Tensor | None = None) -> Tensor:
    """torch.addmm where a product takes the place of a weight."""
    y = product(x).add_(bias)
    return y if out is None else out.copy_(y)


def _scaled_qkv(layer: nn.Linear, config: GPTConfig, codes: bool) -> tuple[Any, Tensor]:
    """The weight and bias of q, k and v, with the scores' division by √D already done in q."""
    scale = layer.weight.new_ones(layer.out_features)
    if not config.qk_norm:  # which would undo it; see _turn
        scale[: layer.out_features // 3] = config.head_dim**-0.5
    if isinstance(layer, QuantizedLinear) and codes:
        return _codes_and_bias(layer.times(scale))
    bias = _weight_and_bias(layer)[1]
    return (layer.weight.detach() * scale[:, None]).t(), bias * scale


def _turn(attn: CausalSelfAttention, config: GPTConfig) -> Callable[[Tensor, int], None] | None:
    """What query-key norm and RoPE do to new queries and keys in their rows, if anything."""
    H, D, rope, qk_norm = attn.heads, config.head_dim, config.position == "rope", config.qk_norm
    if not (rope or qk_norm):
        return None
    # q · k / √D = (q / D^¼) · (k / D^¼)
    gain = attn.qkv.weight.new_full((D,), D**-0.25)
    if rope:
        cos, sin = attn.cos.to(gain.dtype), attn.sin.to(gain.dtype)
        cos = cos[:, None, None, None]  # (block_size, 1, 1, 1, D / 2)
        sin = torch.stack((-sin, sin), 1)[:, None, None]  # (block_size, 1, 1, 2, D / 2)

    def turn(rows: Tensor, start: int) -> None:
        n = len(rows)
        qk = new = rows.view(n, 3, H, D).narrow(1, 0, 2)
        if qk_norm:
            new = F.rms_norm(qk, (D,), gain)
        if rope:  # halves (a, b) become (a cos - b sin, b cos + a sin); see model.rotate
            new = new.unflatten(-1, (2, D // 2))
            c, s = cos.narrow(0, start, n), sin.narrow(0, start, n)
            new = torch.addcmul(new * c, new.flip(-2), s).flatten(-2)
        qk.copy_(new)

    return turn


def _norm(norm: nn.Module) -> tuple[Callable[..., Tensor], tuple[Any, ...]]:
    """The norm without its hook points: a function of x and of some settings that never change."""
    if isinstance(norm, LayerNorm):
        return torch.layer_norm, (norm.weight.shape, norm.weight, norm.bias, norm.eps)
    if isinstance(norm, RMSNorm):
        return torch.rms_norm, (norm.weight.shape, norm.weight, norm.eps)
    if isinstance(norm, BatchNorm):  # with its running statistics
        statistics = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
        return F.batch_norm, (*statistics, False, 0.0, norm.eps)
    return lambda x: x, ()
