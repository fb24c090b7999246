"""GPT-2 checkpoints in Hugging Face's format: theirs in, ours out, with equal logits.

A checkpoint is a folder:

    config.json          the shape, in transformers' words
    model.safetensors    the weights (never pytorch_model.bin: reading a pickle can run a program)
    vocab.json           GPT-2's tokenizer: ids of tokens, …
    merges.txt           … and merges; or both in tokenizer.json

transformers' GPT-2 keeps most matrices transposed, because it calls them one-dimensional
convolutions ("Conv1D"). Nothing else differs but names.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from corpus.download import DownloadError, NotThereError, Progress, cache_folder, download
from corpus.files import replacing_folder
from gpt_core.model.config import Activation, GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.settings import ConfigError
from gpt_core.model.shapes import shapes_of
from gpt_core.model.weights import FLOATS, WeightsError, check_shapes, save_tensors, weights
from gpt_core.tokenizers import (
    BPETokenizer,
    GPT2Tokenizer,
    Tokenizer,
    TokenizerError,
    load_tokenizer,
)
from gpt_core.tokenizers.gpt2 import (
    END_OF_TEXT,
    SPELLING,
    checked_merges,
    checked_vocabulary,
    merges_of_file,
)
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from gpt_core.training.run_files import IMPORTED

ADDRESS = "https://huggingface.co"
# Short names that need no owner.
KNOWN = {
    "gpt2": "openai-community/gpt2",
    "gpt2-medium": "openai-community/gpt2-medium",
    "distilgpt2": "distilbert/distilgpt2",
}
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
# The files that are read, with the most bytes that each may have.
_FILES = {
    "config.json": 1_000_000,
    "vocab.json": 50_000_000,
    "merges.txt": 50_000_000,
    "tokenizer.json": 100_000_000,
    "model.safetensors": 8_000_000_000,
}
OUR_TOKENIZER = "gpt_core_tokenizer.json"  # of a kind that transformers doesn't have
# All files that an export may have, and its mark in those of the weights.
OUR_FILES = {*_FILES, "tokenizer_config.json", OUR_TOKENIZER} - {"tokenizer.json"}
EXPORTED = {"exported_by": "gpt_core"}
# In other formats weights are codes, which mean nothing by themselves.
_WHOLE = "only 16, 32 or 64 bits a weight can be read: get the one that isn't quantized."

# Their name of an activation, by ours. "gelu_pytorch_tanh" is "gelu_new" by another name.
ACTIVATIONS: dict[Activation, str] = {
    "gelu_tanh": "gelu_new",
    "gelu": "gelu",
    "relu": "relu",
    "relu2": "relu2",
}
# Their name of a layer, by ours; and those whose weight they keep transposed.
LAYERS = {
    "norm1": "ln_1",
    "attn.qkv": "attn.c_attn",
    "attn.proj": "attn.c_proj",
    "norm2": "ln_2",
    "mlp.up": "mlp.c_fc",
    "mlp.down": "mlp.c_proj",
}
TRANSPOSED = ("qkv", "proj", "up", "down")
# What transformers' GPT-2 can be told to do otherwise, and we can't.
FIXED = {
    "layer_norm_epsilon": 1e-5,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
}
# What a model of ours must be, to be a GPT-2 in their code.
GPT2_DESIGN = {
    "norm": "layernorm",
    "norm_position": "pre",
    "position": "learned",
    "bias": True,
    "qk_norm": False,
    "ngrams": 0,
    "causal": True,
}


class CheckpointError(ValueError):
    """A checkpoint that can't be read or written; the message says why in one sentence."""


def load_gpt2(source: str | Path, progress: Progress | None = None) -> tuple[GPT, Tokenizer]:
    """Read a GPT-2 with its tokenizer: the model in eval mode, in float32.

    source: a folder, or a name on the Hugging Face hub: one of KNOWN, or "owner/name". A name is
    looked up only where no such folder exists. Raises CheckpointError; nothing is ever unpickled.
    """
    folder = Path(source)
    if not folder.is_dir():
        folder = fetch(str(source), progress)
    config = config_of(read_json(folder / "config.json"))
    tokenizer = tokenizer_in(folder, config.vocab_size)
    return _load_model(config, _weights_file(folder)), tokenizer


def save_gpt2(model: GPT, tokenizer: Tokenizer, folder: str | Path) -> None:
    """Write a model and its tokenizer so that transformers can read them.

    The folder appears whole, in place of an earlier export. Raises CheckpointError for a design
    that transformers' GPT-2 hasn't got, for a tokenizer of another size, for a folder that holds
    anything but an export, and for one that can't be written. A tokenizer that isn't byte-level BPE
    has no counterpart there; it is kept in a file of our own, which only load_gpt2 reads.
    """
    folder = Path(folder)
    if tokenizer.vocab_size != model.config.vocab_size:
        raise CheckpointError("The model and the tokenizer have different numbers of tokens.")
    files = {"config.json": their_config(model.config, tokenizer)} | _tokenizer_files(tokenizer)
    tensors = {"transformer." + theirs: t for theirs, t in renamed(model)}
    if not model.config.tie_weights:
        tensors["lm_head.weight"] = tensors.pop("transformer.lm_head.weight")
    try:
        check_export_folder(folder)
        with replacing_folder(folder) as new:
            for name, content in files.items():
                whole = content if isinstance(content, str) else _json(content)
                (new / name).write_text(whole, encoding="utf-8", newline="\n")
            save_tensors(new / "model.safetensors", tensors, {"format": "pt"} | EXPORTED)
    except OSError as error:
        raise CheckpointError(f"The folder {folder} can't be written: {error.strerror}.") from None


def check_export_folder(folder: Path) -> None:
    """Raise CheckpointError for a folder that holds anything but what save_gpt2 wrote."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder; choose another name.")
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not found:
        return
    foreign = sorted(found - OUR_FILES) or sorted(found)
    if found - OUR_FILES or not _is_export(folder / "model.safetensors"):
        raise CheckpointError(
            f"{folder} holds {foreign[0]}, which no export wrote; choose a new folder, since this "
            f"one would be replaced."
        )


def _is_export(path: Path) -> bool:
    """Whether the weights bear save_gpt2's mark."""
    try:
        with safe_open(path, framework="pt") as file:
            return EXPORTED.items() <= (file.metadata() or {}).items()
    except (SafetensorError, OSError):
        return False


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def import_run(loaded: tuple[GPT, Tokenizer], folder: str | Path, text: str, text_name: str) -> Run:
    """Make a run folder of a checkpoint that was read: finished, with no steps of its own.

    text: what it is to be measured on; it was not trained on it. Raises RunError when the folder
    can't be made.
    """
    model, tokenizer = loaded
    folder = Path(folder)
    run = Run.create(
        folder.parent,
        name=folder.name,
        model_config=model.config,
        train_config=TrainConfig(steps=1),
        tokenizer=tokenizer,
        text=text,
        corpus_name=text_name,
    )
    try:
        run.save_model(model, 0)
        run.set_status("finished", 0, IMPORTED)
    except BaseException:  # a full disk, or Ctrl-C: half a run is of no use
        shutil.rmtree(run.path, ignore_errors=True)
        raise
    return run


# The shape -------------------------------------------------------------------------------------


def config_of(theirs: dict[str, Any]) -> GPTConfig:
    """Our config of what config.json says. Raises CheckpointError for what we can't compute."""
    kind = theirs.get("model_type")
    if kind != "gpt2":
        raise CheckpointError(
            f"This is a checkpoint of type {kind!r}; only GPT-2 can be read."
            if kind
            else "Its config.json names no type of model, and it has no weights of nanoGPT's that "
            "can be read."
        )
    if theirs.get("quantization_config"):
        raise CheckpointError(f"This checkpoint is quantized, and {_WHOLE}")
    for name, value in FIXED.items():
        if theirs.get(name, value) != value:
            raise CheckpointError(f"{name} is {theirs[name]!r}; only {value!r} can be read.")
    width = theirs.get("n_embd", 768)
    if theirs.get("n_inner") not in (None, 4 * width):
        raise CheckpointError(f"n_inner is {theirs['n_inner']!r}; only 4 × n_embd can be read.")
    activation = theirs.get("activation_function", "gelu_new")
    ours = {name: own for own, name in ACTIVATIONS.items()}
    ours["gelu_pytorch_tanh"] = "gelu_tanh"
    if activation not in ours:
        raise CheckpointError(
            f"The activation is {activation!r}; only {', '.join(ours)} can be read."
        )
    try:
        return GPTConfig(
            vocab_size=theirs.get("vocab_size", 50_257),
            block_size=theirs.get("n_positions", 1_024),
            n_layer=theirs.get("n_layer", 12),
            n_head=theirs.get("n_head", 12),
            n_embd=width,
            dropout=theirs.get("resid_pdrop", 0.1),
            tie_weights=theirs.get("tie_word_embeddings", True),
            activation=ours[activation],
        )
    except ConfigError as error:
        raise CheckpointError(f"config.json can't be used: {error}") from None


def their_config(config: GPTConfig, tokenizer: Tokenizer) -> dict[str, Any]:
    """config.json for transformers. Raises CheckpointError for a design that it hasn't got."""
    for name, value in GPT2_DESIGN.items():
        if getattr(config, name) != value:
            raise CheckpointError(
                f"This model has {name} = {getattr(config, name)!r}, and transformers' GPT-2 only "
                f"{value!r}: it can't be exported."
            )
    if config.activation not in ACTIVATIONS:
        raise CheckpointError(
            f"transformers' GPT-2 has no {config.activation}: this model can't be exported."
        )
    special = tokenizer.special if isinstance(tokenizer, GPT2Tokenizer) else {}
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": config.vocab_size,
        "n_positions": config.block_size,
        "n_layer": config.n_layer,
        "n_head": config.n_head,
        "n_embd": config.n_embd,
        "n_inner": None,
        "activation_function": ACTIVATIONS[config.activation],
        "tie_word_embeddings": config.tie_weights,
        **dict.fromkeys(("attn_pdrop", "embd_pdrop", "resid_pdrop"), config.dropout),
        **dict.fromkeys(("bos_token_id", "eos_token_id"), special.get(END_OF_TEXT)),
        **FIXED,
    }


# The weights -----------------------------------------------------------------------------------


def renamed(model: GPT, turned: bool = True) -> Iterator[tuple[str, Tensor]]:
    """Our weights under GPT-2's names (views, no copies).

    turned: the way that transformers keeps matrices, (inputs, outputs); else as nn.Linear does.
    """
    for name, tensor in weights(model).items():
        layer, kind = name.rsplit(".", 1)
        turn = turned and kind == "weight" and layer.rsplit(".", 1)[-1] in TRANSPOSED
        for own, theirs in LAYERS.items():
            layer = layer.replace(own, theirs)
        layer = layer.replace("blocks", "h").replace("norm_f", "ln_f")
        yield f"{layer}.{kind}", tensor.t() if turn else tensor


def _load_model(config: GPTConfig, path: Path) -> GPT:
    """The model of a safetensors file in eval mode; shapes are checked before memory is taken."""
    try:
        with safe_open(path, framework="pt") as file:
            names = {_plain(name): name for name in file.keys()}  # noqa: SIM118
            if config.tie_weights:
                names.pop("lm_head.weight", None)  # the same numbers as wte.weight
            model = read_weights(config, file, names, turned=True)
    except WeightsError as error:
        raise CheckpointError(f"{path.name} doesn't fit config.json: {error}") from None
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path.name} is damaged: {error}.") from None
    return model


def read_weights(config: GPTConfig, file: Any, names: dict[str, str], turned: bool) -> GPT:
    """The model of an opened safetensors file in eval mode, in float32.

    names: its tensors by GPT-2's names of them. turned: see `renamed`. Shapes are checked before
    memory is taken. Raises WeightsError.
    """
    names = {name: full for name, full in names.items() if not _is_mask(name)}
    shapes = {n: tuple(file.get_slice(full).get_shape()) for n, full in names.items()}
    check_shapes(shapes, dict(renamed(shapes_of(config), turned)))
    for name, full in names.items():
        if (kind := file.get_slice(full).get_dtype()) not in FLOATS:
            raise WeightsError(f"{name} is kept as {kind}, and {_WHOLE}")
    model = GPT(config)
    for name, own in renamed(model, turned):
        tensor = file.get_tensor(names[name]).float()
        if not torch.isfinite(tensor).all():
            raise WeightsError(f"{name} has a number that is not finite.")
        with torch.no_grad():
            own.copy_(tensor)
    return model.eval()


def _plain(name: str) -> str:
    """A tensor's name without the prefix that only some checkpoints have."""
    return name.removeprefix("transformer.")


def _is_mask(name: str) -> bool:
    """Old checkpoints carry the triangle of the causal mask with them; it was never learned."""
    return name.endswith((".attn.bias", ".attn.masked_bias"))


def _weights_file(folder: Path) -> Path:
    path = folder / "model.safetensors"
    if path.is_file():
        return path
    if (folder / "pytorch_model.bin").exists():
        raise CheckpointError(
            f"{folder.name} has its weights only in pytorch_model.bin, which is a pickle and could "
            f"run a program when read: save it again as safetensors."
        )
    if (folder / "model.safetensors.index.json").exists():
        raise CheckpointError(f"{folder.name} is cut into several files: save it again as one.")
    raise CheckpointError(f"There is no model.safetensors in {folder}.")


# The tokenizer ---------------------------------------------------------------------------------


def tokenizer_in(folder: Path, vocab_size: int) -> Tokenizer:
    """The folder's tokenizer, or the published one where it has none of its own and that fits.

    Raises CheckpointError.
    """
    try:
        if (folder / OUR_TOKENIZER).exists():
            tokenizer = load_tokenizer(folder / OUR_TOKENIZER)
        elif (folder / "vocab.json").exists() and (folder / "merges.txt").exists():
            vocabulary = checked_vocabulary(read_json(folder / "vocab.json"))
            merges = (folder / "merges.txt").read_text(encoding="utf-8")
            tokenizer = GPT2Tokenizer(vocabulary, merges_of_file(merges))
        elif (folder / "tokenizer.json").exists():
            tokenizer = _fast_tokenizer(read_json(folder / "tokenizer.json"))
        else:
            tokenizer = GPT2Tokenizer.published()
        if isinstance(tokenizer, GPT2Tokenizer):
            tokenizer = tokenizer.padded(vocab_size)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"The tokenizer of {folder.name} can't be read: {error}") from None
    if tokenizer.vocab_size != vocab_size:
        raise CheckpointError(
            f"The model has {vocab_size:,} tokens and its tokenizer {tokenizer.vocab_size:,}; "
            f"put the right vocab.json and merges.txt into {folder.name}."
        )
    return tokenizer


def _fast_tokenizer(data: dict[str, Any]) -> GPT2Tokenizer:
    """The tokenizer in a tokenizer.json of the Rust library."""
    model = data.get("model")
    cut: Any = data.get("pre_tokenizer")
    byte_level = isinstance(cut, dict) and cut.get("type") == "ByteLevel"
    plain = byte_level and not cut.get("add_prefix_space") and data.get("normalizer") is None
    if not (isinstance(model, dict) and model.get("type") == "BPE" and plain):
        raise TokenizerError("tokenizer.json is not GPT-2's kind, byte-level BPE.")
    vocabulary = checked_vocabulary(model.get("vocab"))
    added = {token["content"]: token["id"] for token in data.get("added_tokens") or []}
    return GPT2Tokenizer(vocabulary | added, checked_merges(model.get("merges")))


def _tokenizer_files(tokenizer: Tokenizer) -> dict[str, Any]:
    """The files of a tokenizer by name: JSON values, and merges.txt as text."""
    if isinstance(tokenizer, BPETokenizer):
        tokenizer = as_gpt2(tokenizer)
    if not isinstance(tokenizer, GPT2Tokenizer):
        return {OUR_TOKENIZER: tokenizer.to_dict()}
    end = END_OF_TEXT if END_OF_TEXT in tokenizer.special else None
    lines = ["#version: 0.2", *(f"{left} {right}" for left, right in tokenizer.pairs)]
    return {
        "vocab.json": tokenizer.vocabulary,
        "merges.txt": "\n".join(lines) + "\n",
        "tokenizer_config.json": {
            "tokenizer_class": "GPT2Tokenizer",
            "add_prefix_space": False,
            **dict.fromkeys(("bos_token", "eos_token", "unk_token"), end),
        },
    }


def as_gpt2(bpe: BPETokenizer) -> GPT2Tokenizer:
    """A BPE trained here in GPT-2's spelling, with the same ids. Raises CheckpointError."""
    spelled = ["".join(SPELLING[b] for b in bpe.token_bytes(i)) for i in range(bpe.vocab_size)]
    pairs = [(spelled[merge.left], spelled[merge.right]) for merge in bpe.merges]
    try:
        return GPT2Tokenizer({text: i for i, text in enumerate(spelled)}, pairs)
    except TokenizerError as error:
        raise CheckpointError(f"This tokenizer can't be exported: {error}") from None


# The hub ---------------------------------------------------------------------------------------


def fetch(name: str, progress: Progress | None = None) -> Path:
    """The folder of a checkpoint from the Hugging Face hub, downloaded the first time.

    name: one of KNOWN, or "owner/name". Only the files that load_gpt2 reads are fetched. Raises
    CheckpointError when the hub can't be reached or has no such files.
    """
    repository = KNOWN.get(name, name)
    if not _HUB_NAME.fullmatch(repository):
        raise CheckpointError(
            f"{name} is neither a folder nor a checkpoint on the hub: name a folder, "
            f"{', '.join(KNOWN)}, or owner/name."
        )
    folder = cache_folder() / "hub" / repository.replace("/", "--")
    try:
        _fetch_file(repository, "config.json", folder, progress)
        try:
            _fetch_file(repository, "vocab.json", folder, progress)
            _fetch_file(repository, "merges.txt", folder, progress)
        except NotThereError:  # newer checkpoints have one file instead of the two
            _fetch_file(repository, "tokenizer.json", folder, progress)
        _fetch_file(repository, "model.safetensors", folder, progress)
    except DownloadError as error:
        raise CheckpointError(f"{name} can't be fetched: {error}") from None
    return folder


def _fetch_file(repository: str, file: str, folder: Path, progress: Progress | None) -> None:
    if not (folder / file).is_file():
        address = f"{ADDRESS}/{repository}/resolve/main/{file}"
        download(address, folder / file, max_bytes=_FILES[file], progress=progress)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a checkpoint. Raises CheckpointError for anything else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"There is no {path.name} in {path.parent}.") from None
    except (OSError, ValueError, RecursionError):
        raise CheckpointError(f"{path.name} can't be read as JSON.") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"{path.name} must hold a JSON object.")
    return value
