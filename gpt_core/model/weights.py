"""A model's weights as named tensors, in memory and in safetensors files (never pickle)."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from corpus.files import is_file, replacing
from gpt_core.model.codes import decode, groups
from gpt_core.model.gpt import GPT

SCALE = ".scale"  # the name of a matrix's scales, after the matrix's own; see `codes`
FLOATS = ("F64", "F32", "F16", "BF16")  # how a safetensors file may keep weights as they are
HALF_MAX = 65504  # the largest number of half precision


class WeightsError(ValueError):
    """Weights that can't be used; the message says why in one sentence."""


def weights(model: GPT) -> dict[str, Tensor]:
    """All parameters and running statistics by name; a tied output layer appears once, as wte."""
    state = model.state_dict()
    if model.config.tie_weights:
        del state["lm_head.weight"]
    return state


def load_weights(model: GPT, tensors: dict[str, Tensor]) -> None:
    """Copy what `weights` gave into a model. Raises WeightsError, and changes nothing, if the names
    or shapes are not the model's own."""
    copy_tensors(tensors, weights(model))


def copy_tensors(tensors: dict[str, Tensor], own: dict[str, Tensor]) -> None:
    """Copy numbers into a model's own tensors. Raises WeightsError as load_weights does."""
    check_shapes({n: tuple(t.shape) for n, t in tensors.items()}, own)
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(tensors[name])


def check_shapes(found: dict[str, tuple[int, ...]], expected: dict[str, Tensor]) -> None:
    """Raise WeightsError unless names and shapes are exactly the expected ones."""
    for name in expected.keys() - found.keys():
        raise WeightsError(f"The tensor {name} is missing.")
    for name in found.keys() - expected.keys():
        raise WeightsError(f"The tensor {name} belongs to no part of this model.")
    for name, tensor in expected.items():
        if found[name] != tuple(tensor.shape):
            raise WeightsError(
                f"The tensor {name} has shape {found[name]}; this model needs "
                f"{tuple(tensor.shape)}."
            )


def quantize(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights in a quarter of the space: each row of a matrix as whole numbers up to ±127
    and one number that scales them (`name.scale`); everything else in half precision.

    Good enough to look at a model as it was; a weight is off by at most 1/254 of the largest in
    its row.
    """
    small = {}
    for name, tensor in tensors.items():
        if tensor.dim() != 2:
            small[name] = tensor.half() if tensor.abs().max() < HALF_MAX else tensor.clone()
            continue
        scale = tensor.detach().float().abs().amax(dim=1).clamp(min=1e-12) / 127
        small[name] = (tensor / scale[:, None]).round().to(torch.int8)
        small[f"{name}{SCALE}"] = scale
    return small


def _as_stored(
    expected: dict[str, Tensor], shapes: dict[str, tuple[int, ...]], kinds: dict[str, str]
) -> dict[str, Tensor]:
    """What is expected of a file in which matrices may be kept as codes; see `codes`."""
    stored = dict(expected)
    for name, tensor in expected.items():
        scale = f"{name}{SCALE}"
        if tensor.dim() != 2 or scale not in shapes:
            continue
        width = tensor.shape[1]
        kept = {(): tensor[0, 0], (len(tensor), groups(width)): tensor[:, : groups(width)]}
        stored[scale] = kept.get(shapes[scale], tensor[:, 0])
        if kinds.get(name) == "U8" and width % 2 == 0:
            stored[name] = tensor[:, : width // 2]
    return stored


def _check_codes(found: dict[str, str], expected: dict[str, Tensor]) -> None:
    """Raise WeightsError for whole numbers that no scale turns into weights."""
    for name, tensor in expected.items():
        halves = found[name] == "U8" and tensor.dim() == 2 and tensor.shape[1] % 2 == 0
        scaled = f"{name}{SCALE}" in found and (halves or found[name] == "I8")
        if tensor.is_floating_point() and not scaled and found[name] not in FLOATS:
            raise WeightsError(f"The tensor {name} is kept as {found[name]} and has no scales.")


def _dequantize(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Codes become the weights that they stand for; half precision becomes float32 as well."""
    whole = {}
    for name, tensor in tensors.items():
        if name.endswith(SCALE):
            continue
        scale = tensors.get(f"{name}{SCALE}")
        if scale is not None:
            tensor = decode(tensor, scale)
        whole[name] = tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
    return whole


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file that is there whole or not at all. Raises OSError."""
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        try:
            save_file(whole, temporary, metadata)
        except SafetensorError as error:  # its message ends with the system's number of the error
            number = re.search(r"\(os error (\d+)\)", str(error))
            code = int(number[1]) if number else errno.EIO
            raise OSError(code, os.strerror(code)) from None


def load_tensors(
    path: Path, expected: dict[str, Tensor] | None = None
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a safetensors file: its tensors (float32 where they are shortened) and its metadata.

    expected: names and shapes are checked against these (which may be on the meta device) before
    anything is read. Raises WeightsError for a file that is missing, damaged, of other names or
    shapes, or that holds numbers that are not finite.
    """
    if not is_file(path):
        raise WeightsError(f"{path.name} is missing.")
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            if expected is not None:
                slices = {name: file.get_slice(name) for name in names}
                shapes = {name: tuple(part.get_shape()) for name, part in slices.items()}
                kinds = {name: part.get_dtype() for name, part in slices.items()}
                check_shapes(shapes, _as_stored(expected, shapes, kinds))
                _check_codes(kinds, expected)
            tensors = {name: file.get_tensor(name) for name in names}
            metadata = file.metadata() or {}
    except WeightsError as error:
        raise WeightsError(f"{path.name} doesn't fit: {error}") from None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path.name} is damaged: {error}.") from None
    whole = _dequantize(tensors)
    for name, tensor in (*tensors.items(), *whole.items()):  # scales, and what they make of bytes
        if not torch.isfinite(tensor).all():
            raise WeightsError(f"{path.name} has a number in {name} that is not finite.")
    return whole, metadata
