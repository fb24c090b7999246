"""The decoder again, with its step for one token compiled by numba, which is an optional extra:

    pip install ".[fast]"

PyTorch stays the default and the reference. The compiled step is used once `prepare` has been
called, for a model of float32 on the processor all of whose parts it knows, and never while a
tensor is watched or changed (`generate` sees to that). It reads one token at a time; prompts are
left to PyTorch, which reads many at once.
"""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gpt_core.compression.rounding import GRIDS, nearest
from gpt_core.generate.decoder import Decoder
from gpt_core.model import norms
from gpt_core.model.gpt import GPT, Block, CausalSelfAttention, FeedForward, SinusoidalPositions
from gpt_core.model.modules import ModuleList
from gpt_core.model.observe import HookPoint

_KNOWN = {
    GPT, ModuleList, Block, CausalSelfAttention, FeedForward, SinusoidalPositions, HookPoint,
    norms.LayerNorm, norms.RMSNorm, norms.BatchNorm, norms.NoNorm,
    nn.Linear, nn.Embedding, nn.Dropout, nn.Identity,
}  # fmt: skip
_ACTIVATIONS = ("gelu", "gelu_tanh", "relu", "relu2", "swiglu")  # in the order of compiled_step
BYTES = GRIDS["int8 per channel"]
_compiling = threading.Lock()
_step: Any = None  # the compiled function, once there is one


def prepare() -> bool:
    """Compile the step, or load it from numba's cache. False where numba is missing.

    Takes seconds the first time on a machine: to be called beside other work. Threads may call it
    at once.
    """
    global _step
    with _compiling:
        if _step is None:
            try:
                from gpt_core.generate.compiled_step import compile_step
            except ImportError:  # no numba, or one that doesn't know this numpy
                return False
            _step = compile_step()
    return True


def is_prepared() -> bool:
    """Whether the step is compiled."""
    return _step is not None


def can_decode(model: GPT) -> bool:
    """Whether the step is compiled, and knows all parts of a model."""
    return (
        is_prepared()
        and model.config.causal
        and all(type(module) in _KNOWN for module in model.modules())
        and all(block.attn.heads == model.config.n_head for block in model.blocks)
        and all(
            p.dtype == torch.float32 and p.device.type == "cpu" and p.is_contiguous()
            for p in model.parameters()
        )
    )


class CompiledDecoder:
    """A causal GPT that remembers what it has read: the numbers of `Decoder`, up to rounding.

    `length` tokens have been read so far; set it to 0 to start afresh.

    int8: keep the matrices in one byte a weight, each row with a scale of its own. A quarter of the
    memory is then read for a token; what the network passes on stays in float32.

    Raises ValueError for a model that `can_decode` refuses.
    """

    def __init__(self, model: GPT, int8: bool = False) -> None:
        if not can_decode(model):
            raise ValueError("This model can't be read by the compiled step; see can_decode.")
        from gpt_core.generate import compiled_step as compiled

        self.model, self.length, self.int8, c = model, 0, int8, model.config
        self._kept: list[Tensor] = []  # whatever an address below points to
        self.design, self.matrices, self.norms = self._design(), self._matrices(), self._norms()
        self.eps = np.float32(getattr(model.blocks[0].norm1, "eps", 0.0))
        widest = max(3 * c.n_embd, self.design.hidden, c.block_size)
        self.work = np.zeros((compiled.WORK, widest), np.float32)
        sizes = c.n_layer, c.n_head, c.head_dim, c.block_size
        self.keys, self.values = np.zeros(sizes, np.float32), np.zeros(sizes, np.float32)

    def __call__(self, tokens: list[int]) -> Tensor:
        """Read n more tokens; returns the logits (V,) of the token after them.

        Raises ValueError for tokens that the model doesn't have, and for more than it has room for.
        """
        c = self.model.config
        if min(tokens) < 0 or max(tokens) >= c.vocab_size:  # once compiled, nobody looks
            raise ValueError(f"There are only tokens from 0 to {c.vocab_size - 1}.")
        if self.length + len(tokens) > c.block_size:
            raise ValueError(f"The model reads at most {c.block_size} tokens.")
        if len(tokens) > 1 and self.length == 0:
            return self._read_prompt(tokens)
        logits = np.empty(c.vocab_size, np.float32)
        for token in tokens:
            _step(
                self.design, self.matrices, self.norms, self.eps, self.keys, self.values,
                self.work, token, self.length, logits,
            )  # fmt: skip
            self.length += 1
        return torch.from_numpy(logits)

    @cached_property
    def _prompts(self) -> Decoder:
        return Decoder(self.model)

    def _read_prompt(self, tokens: list[int]) -> Tensor:
        """The same by PyTorch, whose keys and values are taken over."""
        prompts, n = self._prompts, len(tokens)
        prompts.length = 0
        logits = prompts(tokens)
        _, k, v = prompts.remembered(0)
        self.keys[..., :n] = k.transpose(2, 3).numpy()
        self.values[..., :n] = v.transpose(2, 3).numpy()
        self.length = n
        return logits

    def _address(self, tensor: Tensor | None) -> int:
        """Where a tensor lies, for as long as this decoder is there; 0 for none."""
        if tensor is None:
            return 0
        self._kept.append(tensor.detach().contiguous())
        return self._kept[-1].data_ptr()

    def _design(self) -> Any:
        """What the compiled step has to know of the model."""
        from gpt_core.generate import compiled_step as compiled

        model, c, attn = self.model, self.model.config, self.model.blocks[0].attn
        kinds = {"layernorm": compiled.LAYERNORM, "rmsnorm": compiled.RMSNORM}
        positions = None if model.wpe is None else model.wpe(torch.arange(c.block_size))
        turned = c.position == "rope"
        return compiled.Design(
            layers=c.n_layer,
            heads=c.n_head,
            width=c.n_embd,
            hidden=model.blocks[0].mlp.up.out_features,
            norm=kinds.get(c.norm, compiled.AFFINE),
            pre=int(c.norm_position == "pre"),
            activation=_ACTIVATIONS.index(c.activation),
            qk_norm=int(c.qk_norm),
            tokens=self._address(model.wte.weight),
            positions=self._address(positions),
            cosines=self._address(attn.cos if turned else None),
            sines=self._address(attn.sin if turned else None),
        )

    def _matrices(self) -> np.ndarray:
        """Where each matrix, its bias and its scales lie, (5 · n_layer + 1, 3)."""
        layers: list[nn.Linear | None] = []
        for block in self.model.blocks:
            mlp = block.mlp
            layers += [block.attn.qkv, block.attn.proj, mlp.up, mlp.gate, mlp.down]
        rows = [self._matrix(layer) for layer in (*layers, self.model.lm_head)]
        return np.array(rows, np.int64)

    def _matrix(self, layer: nn.Linear | None) -> tuple[int, int, int]:
        if layer is None:
            return 0, 0, 0
        bias = self._address(layer.bias)
        if not self.int8:
            return self._address(layer.weight), bias, 0
        kept = nearest(layer.weight, BYTES)
        return self._address(kept.codes), bias, self._address(kept.scale)

    def _norms(self) -> np.ndarray:
        """Where the gain and the bias of each norm lie, (2 · n_layer + 1, 2)."""
        own = [norm for block in self.model.blocks for norm in (block.norm1, block.norm2)]
        pairs = [_gain_and_bias(norm) for norm in (*own, self.model.norm_f)]
        return np.array([[self._address(x) for x in pair] for pair in pairs], np.int64)


def _gain_and_bias(norm: nn.Module) -> tuple[Tensor | None, Tensor | None]:
    """γ and β (C,). BatchNorm in eval mode is nothing else; without a norm there is neither."""
    if isinstance(norm, norms.BatchNorm):
        gain = norm.weight / (norm.running_var + norm.eps).sqrt()
        shift = -norm.running_mean * gain
        return gain, shift if norm.bias is None else shift + norm.bias
    if isinstance(norm, norms.LayerNorm | norms.RMSNorm):
        return norm.weight, norm.bias
    return None, None
