"""Fewer weights: which ones can go, and a model without them.

Masks name the parameters they are for and say 1 for what stays and 0 for what goes. Single weights
go by their size (Han et al. 2015, section 3); whole neurons and heads by scores that say what they
are worth (heads: Michel et al. 2019). Only the blocks are pruned.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from gpt_core.model.gpt import GPT
from gpt_core.model.observe import record

Masks = dict[str, Tensor]
FEWEST_HEADS = 4  # of a whole model, from which on a share of them means something


def kept(scores: Tensor, share: float) -> Tensor:
    """Which of some scores (any shape) are not among the lowest `share` of them, as booleans.

    Exactly round(share · n) are dropped; of equal scores the first ones. Raises ValueError for a
    share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"The share to prune is {share}; it must be between 0 and 1.")
    flat = scores.detach().float().flatten()
    keep = torch.ones(len(flat), dtype=torch.bool, device=flat.device)
    keep[flat.argsort(stable=True)[: round(share * len(flat))]] = False
    return keep.view(scores.shape)


def weight_masks(model: GPT, share: float) -> Masks:
    """In each matrix of the blocks, the smallest weights go."""
    return {
        name: kept(parameter.abs(), share).float()
        for name, parameter in model.named_parameters()
        if name.startswith("blocks.") and parameter.dim() == 2
    }


def neuron_masks(model: GPT, scores: Tensor, share: float) -> Masks:
    """In each layer, the neurons with the lowest scores (L, hidden) go, with all their weights."""
    masks: Masks = {}
    for layer, block in enumerate(model.blocks):
        keep, path = kept(scores[layer], share).float(), f"blocks.{layer}.mlp"
        for name, parameter in block.mlp.named_parameters():
            if name == "down.weight":
                masks[f"{path}.{name}"] = keep.expand_as(parameter).clone()
            elif name != "down.bias":  # rows of the first matrix, and of the gate's
                rows = keep[:, None] if parameter.dim() == 2 else keep
                masks[f"{path}.{name}"] = rows.expand_as(parameter).clone()
    return masks


def head_masks(model: GPT, scores: Tensor, share: float) -> Masks:
    """Of all heads of the model, those with the lowest scores (L, H) go, with all their weights."""
    keep, masks = kept(scores, share).float(), {}
    for layer, block in enumerate(model.blocks):
        channels = keep[layer].repeat_interleave(model.config.head_dim)  # (C,)
        path = f"blocks.{layer}.attn"
        masks[f"{path}.proj.weight"] = channels.expand_as(block.attn.proj.weight).clone()
        rows = channels.repeat(3)  # of queries, keys and values
        masks[f"{path}.qkv.weight"] = rows[:, None].expand_as(block.attn.qkv.weight).clone()
        if block.attn.qkv.bias is not None:
            masks[f"{path}.qkv.bias"] = rows
    return masks


@torch.no_grad()
def apply_masks(model: GPT, masks: Masks) -> None:
    """Set what goes to zero, in place. After every training step, it keeps zeros at zero."""
    parameters = dict(model.named_parameters())
    for name, mask in masks.items():
        parameters[name].mul_(mask)


def pruned_share(model: GPT, masks: Masks) -> float:
    """Which part of all learned numbers the masks take away."""
    return sum(int((mask == 0).sum()) for mask in masks.values()) / model.num_parameters()


@torch.no_grad()
def neuron_scores(model: GPT, idx: Tensor) -> Tensor:
    """What each neuron adds to the stream over a text (B, T), on average: (L, hidden).

    The root mean square of its activation, times the length of the vector that it writes.
    """
    with record(model, "blocks.*.mlp_post") as tensors:
        model(idx)
    rows = []
    for layer, block in enumerate(model.blocks):
        size = tensors[f"blocks.{layer}.mlp_post"].float().square().mean(dim=(0, 1)).sqrt()
        rows.append(size * block.mlp.down.weight.norm(dim=0))
    return torch.stack(rows)


def cut_neurons(model: GPT, masks: Masks) -> GPT:
    """A copy without the neurons that `neuron_masks` drops: smaller matrices, the same results."""
    small = copy.deepcopy(model).eval().requires_grad_(False)
    for layer, block in enumerate(small.blocks):
        keep = masks[f"blocks.{layer}.mlp.down.weight"][0].bool()
        for part in (block.mlp.up, block.mlp.gate):
            if part is not None:
                _keep_rows(part, keep)
        _keep_columns(block.mlp.down, keep)
    return small


def cut_heads(model: GPT, masks: Masks) -> GPT:
    """A copy without the heads that `head_masks` drops: smaller matrices, the same results."""
    small = copy.deepcopy(model).eval().requires_grad_(False)
    for layer, block in enumerate(small.blocks):
        keep = masks[f"blocks.{layer}.attn.proj.weight"][0].bool()
        _keep_rows(block.attn.qkv, keep.repeat(3))
        _keep_columns(block.attn.proj, keep)
        block.attn.heads = int(keep.sum()) // model.config.head_dim
    return small


def _keep_rows(layer: nn.Linear, keep: Tensor) -> None:
    """Cut the other results out of a layer."""
    layer.weight = nn.Parameter(layer.weight[keep], requires_grad=False)
    layer.out_features = len(layer.weight)
    if layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias[keep], requires_grad=False)


def _keep_columns(layer: nn.Linear, keep: Tensor) -> None:
    """Cut the other inputs out of a layer."""
    layer.weight = nn.Parameter(layer.weight[:, keep].contiguous(), requires_grad=False)
    layer.in_features = layer.weight.shape[1]
