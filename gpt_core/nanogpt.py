"""nanoGPT checkpoints (Karpathy 2022) that were saved as safetensors: theirs in, with equal logits.

nanoGPT itself saves a pickle, which could run a program when read. Saved anew it is

    model.safetensors    its "model": GPT-2's names, matrices as nn.Linear keeps them
    config.json          its "model_args": n_layer, n_head, n_embd, block_size, bias, vocab_size

in a folder, or model.safetensors alone. All but the number of heads can be read off the shapes.
Training leaves prefixes before the names: `_orig_mod.` (torch.compile), `module.` (several GPUs).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from gpt_core.huggingface import CheckpointError, read_json, read_weights, tokenizer_in
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.settings import ConfigError
from gpt_core.model.weights import WeightsError
from gpt_core.tokenizers import Tokenizer

PREFIXES = ("_orig_mod.", "module.", "transformer.")
QKV = "h.0.attn.c_attn.weight"
SIZES = ("n_layer", "n_embd", "block_size", "vocab_size", "bias")  # that shapes tell as well


def is_nanogpt(source: str | Path) -> bool:
    """Whether this is a file, or a folder with a file, whose matrices lie as nanoGPT's do.

    In a GPT-2 of transformers the first layer's queries, keys and values are a matrix (C, 3C), in
    nanoGPT (3C, C).
    """
    path = _weights_of(Path(source))
    try:
        with safe_open(path, framework="pt") as file:
            names = _names(file)
            shape = file.get_slice(names[QKV]).get_shape() if QKV in names else []
    except (SafetensorError, OSError):
        return False
    return len(shape) == 2 and shape[0] == 3 * shape[1]


def load_nanogpt(source: str | Path, n_head: int | None = None) -> tuple[GPT, Tokenizer]:
    """Read a checkpoint with its tokenizer: the model in eval mode, in float32.

    n_head: heads of a layer, for a checkpoint without config.json. The tokenizer is GPT-2's, with
    names for the ids that a rounded-up table has beyond it, unless the folder holds another one
    (see `gpt_core.huggingface`). The activation is GELU as in nanoGPT's model.py. Raises
    CheckpointError.
    """
    path = _weights_of(Path(source))
    try:
        with safe_open(path, framework="pt") as file:
            names = _names(file)
            tied = _untie(file, names)
            config = _config(file, names, _model_args(path, n_head), tied)
            model = read_weights(config, file, names, turned=False)
    except (WeightsError, ConfigError) as error:
        raise CheckpointError(f"{path.name} is no whole nanoGPT: {error}") from None
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path.name} is damaged: {error}.") from None
    return model, tokenizer_in(path.parent, config.vocab_size)


def _weights_of(source: Path) -> Path:
    return source / "model.safetensors" if source.is_dir() else source


def _names(file: Any) -> dict[str, str]:
    """The file's names by GPT-2's: without prefixes, in whichever order they stand."""
    found = {}
    for name in file.keys():  # noqa: SIM118
        plain = name
        while prefix := next((p for p in PREFIXES if plain.startswith(p)), ""):
            plain = plain.removeprefix(prefix)
        if plain in found:
            raise WeightsError(f"It holds {plain} twice.")
        found[plain] = name
    return found


def _untie(file: Any, names: dict[str, str]) -> bool:
    """Whether the output layer is the token table, as in nanoGPT; then it is named once.

    A file may keep the same numbers under either name, or under both.
    """
    head, table = (names.get(name) for name in ("lm_head.weight", "wte.weight"))
    if head and table and not torch.equal(file.get_tensor(head), file.get_tensor(table)):
        return False
    if head:
        names["wte.weight"] = names.pop("lm_head.weight")
    return True


def _model_args(path: Path, n_head: int | None) -> dict[str, Any]:
    """What config.json says, with n_head as it was given. Raises CheckpointError."""
    file = path.with_name("config.json")
    told = read_json(file) if file.exists() else {}
    known = told.get("n_head")
    if n_head is not None and known not in (None, n_head):
        raise CheckpointError(f"config.json says {known} heads, and --n-head {n_head}.")
    if n_head is None and known is None:
        raise CheckpointError(
            "This nanoGPT doesn't say how many heads it has, and its weights can't tell: add "
            "--n-head N, or save its model_args as config.json beside the weights."
        )
    return told | {"n_head": n_head or known}


def _config(file: Any, names: dict[str, str], told: dict[str, Any], tied: bool) -> GPTConfig:
    """The config that the shapes tell. Raises WeightsError where config.json says another."""

    def shape(name: str) -> list[int]:
        if name not in names:
            raise WeightsError(f"The tensor {name} is missing.")
        found = file.get_slice(names[name]).get_shape()
        if len(found) != 2:
            raise WeightsError(f"The tensor {name} is no matrix.")
        return found

    vocab_size, n_embd = shape("wte.weight")
    found: dict[str, Any] = {
        "vocab_size": vocab_size,
        "block_size": shape("wpe.weight")[0],
        "n_layer": sum(name.endswith(QKV.removeprefix("h.0")) for name in names),
        "n_embd": n_embd,
        "bias": "ln_f.bias" in names,
    }
    for name in SIZES:
        if name in told and told[name] != found[name]:
            raise WeightsError(
                f"config.json says {name} {told[name]}, and the weights say {found[name]}."
            )
    dropout = told.get("dropout", 0.0)
    return GPTConfig(**found, n_head=told["n_head"], dropout=dropout, tie_weights=tied)
