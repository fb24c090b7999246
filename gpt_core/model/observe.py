"""Watch and change what flows through a model.

Every intermediate tensor passes through a `HookPoint`, a module that returns its input. One with no
hook costs one empty call; `record` and `intervene` put PyTorch forward hooks on those that they
name and remove them again. A hook acts only in the thread that asked for it, so that many can look
at one shared model at once. The names:

    embed, pos_embed                        token and position vectors
    blocks.0.resid_pre                      the residual stream as it enters block 0
    blocks.0.norm1.scale, .normalized       what the norm divides by; its result before γ, β
    blocks.0.q, .k, .v                      (B, H, T, D), after rotary positions and query-key norm
    blocks.0.scores, .pattern               (B, H, T, T), before and after softmax
    blocks.0.z                              (B, H, T, D), each head's weighted sum of values
    blocks.0.attn_out, blocks.0.resid_mid   what attention adds; the stream after adding it
    blocks.0.norm2.scale, .normalized
    blocks.0.mlp_pre, .mlp_post, .mlp_out   before and after the activation; what the MLP adds
    blocks.0.resid_post                     the stream as it leaves block 0
    norm_f.scale, norm_f.normalized, logits

The names follow TransformerLens (Nanda & Bloom 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import lru_cache
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, nn

Change = Callable[[Tensor], Tensor]
Hook = Callable[["HookPoint", Any, Tensor], Tensor | None]


class HookPoint(nn.Module):
    """A named place where a tensor can be watched or changed. Returns its input."""

    def __call__(self, x: Tensor) -> Tensor:
        """Return x, or what a hook replaces it by.

        PyTorch keeps the hooks; calling them here, and nothing else that a module's call looks
        after, makes a pass through it several times cheaper.
        """
        if self._forward_hooks:
            for hook in tuple(self._forward_hooks.values()):  # another thread may add or take one
                changed = hook(self, (x,), x)
                x = x if changed is None else changed
        return x

    def __deepcopy__(self, memo: dict[int, Any]) -> HookPoint:
        """A copy of a model has nobody watching, whoever watches the original meanwhile."""
        return HookPoint()

    @property
    def hooked(self) -> bool:
        """Whether anyone is watching."""
        return bool(self._forward_hooks)


class HookedModule(nn.Module):
    """A module with hook points, kept where Python looks for an attribute first.

    PyTorch's own search for a submodule takes longer than passing a hook point that nobody watches.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if isinstance(value, HookPoint):
            self.__dict__[name] = value


def find_hook_points(model: nn.Module) -> dict[str, HookPoint]:
    """Name every hook point of a model: its path, without the `.attn` and `.mlp` in between."""
    return {
        path.replace(".attn.", ".").replace(".mlp.", "."): module
        for path, module in model.named_modules()
        if isinstance(module, HookPoint)
    }


@lru_cache(1024)  # looking through all names takes a tenth as long as a small model's pass
def _match(names: tuple[str, ...], patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The names that match any of the patterns (`*` and `?` as in file names); all without one.

    Raises KeyError for a pattern that matches nothing: a typing slip must not record silence.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise KeyError(f"No tensor is called {pattern!r}; there are {', '.join(names)}.")
    return tuple(n for n in names if not patterns or any(fnmatchcase(n, p) for p in patterns))


@contextmanager
def record(model: nn.Module, *patterns: str) -> Iterator[dict[str, Tensor]]:
    """Keep tensors by name while the model runs; no pattern keeps all of them.

    with record(model, "blocks.*.pattern") as tensors:
        model(idx)
    tensors["blocks.0.pattern"]  # (B, H, T, T)

    Tensors are detached. A second forward inside the block overwrites the first. A norm's or a
    pattern's tensor exists only on the explicit path, which watching selects by itself.
    """
    tensors: dict[str, Tensor] = {}
    mine = get_ident()

    def keep(name: str) -> Hook:
        def hook(_point: HookPoint, _args: object, output: Tensor) -> None:
            if get_ident() == mine:
                tensors[name] = output.detach() if output.requires_grad else output

        return hook

    points = find_hook_points(model)
    with _hooked([(points[name], keep(name)) for name in _match(tuple(points), patterns)]):
        yield tensors


@contextmanager
def intervene(model: nn.Module, changes: dict[str, Change]) -> Iterator[None]:
    """Change tensors by name while the model runs.

    with intervene(model, {"blocks.0.z": zero_heads(2), "blocks.1.mlp_out": zero}):
        logits, _ = model(idx)

    Each change takes the tensor and returns one of the same shape. Interventions nest: the inner
    one sees what the outer one made. A record opened inside sees the changed tensors.
    """

    mine = get_ident()

    def apply(change: Change, name: str) -> Hook:
        def hook(_point: HookPoint, _args: object, output: Tensor) -> Tensor | None:
            if get_ident() != mine:
                return None
            changed = change(output)
            if changed.shape != output.shape:
                raise ValueError(
                    f"The change of {name} turned shape {tuple(output.shape)} into "
                    f"{tuple(changed.shape)}; it must keep the shape."
                )
            return changed

        return hook

    points = find_hook_points(model)
    with _hooked(
        [
            (points[name], apply(change, name))
            for pattern, change in changes.items()
            for name in _match(tuple(points), (pattern,))
        ]
    ):
        yield


@contextmanager
def _hooked(hooks: Sequence[tuple[HookPoint, Hook]]) -> Iterator[None]:
    """Put hooks on hook points for a while.

    Into PyTorch's own dictionary of hooks, but not by `register_forward_hook`: on the many points
    of a small model that takes as long as a tenth of the forward pass.
    """
    keys: list[Any] = [object() for _ in hooks]  # PyTorch's own keys are numbers
    try:
        for (point, hook), key in zip(hooks, keys, strict=True):
            point._forward_hooks[key] = hook
        yield
    finally:
        for (point, _), key in zip(hooks, keys, strict=True):
            point._forward_hooks.pop(key, None)


def zero(x: Tensor) -> Tensor:
    """A change that removes a part: `{"blocks.0.mlp_out": zero}` removes an MLP."""
    return torch.zeros_like(x)


def zero_heads(*heads: int) -> Change:
    """A change of `z` (B, H, T, D) that silences some heads: they bring no value."""

    def change(z: Tensor) -> Tensor:
        z = z.clone()
        z[:, list(heads)] = 0.0
        return z

    return change


def replace(value: Tensor) -> Change:
    """A change that puts another tensor in place, for example a pattern made by hand."""
    return lambda x: value.to(x).expand_as(x)


def scale(by: float | Tensor) -> Change:
    """A change that multiplies, for example the residual stream before a norm."""
    return lambda x: x * by
