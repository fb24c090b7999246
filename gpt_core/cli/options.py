"""Which options of a command can take effect together: the others are refused, not dropped."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from gpt_core.model.config import GPTConfig
from gpt_core.tokenizers import Tokenizer, WordTokenizer, train_tokenizer, unknown_pieces
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run

MOST_THREADS = 1024
MOST_UNKNOWN = 0.25  # of the tokens of a text (half of its words, since spaces are known)
DRAWING = ("temperature", "top_k", "top_p", "min_p", "seed")
# Settings that are read only where another one has this value.
_ONLY_WITH = {
    "embedding_lr": ("optimizer", "muon"),
    "head_lr": ("optimizer", "muon"),
    "momentum": ("optimizer", "muon"),
    "newton_schulz": ("optimizer", "muon"),
    "cooldown": ("schedule", "linear"),
    "lora_rank": ("tune", "lora"),
    "lora_alpha": ("tune", "lora"),
}
_NOT_WITH: dict[str, tuple[str, object]] = {
    "min_lr_ratio": ("schedule", "constant"),
    "norm_position": ("norm", "none"),
    "ngram_rows": ("ngrams", 0),
    "ngram_dropout": ("ngrams", 0),
    "ngram_lr": ("ngrams", 0),
}


class OptionError(ValueError):
    """An option that can't take effect or can't be meant; the message says what can."""


def check_train(args: Namespace) -> None:
    """Raise OptionError for options of `train` that exclude each other."""
    ways = [way for way in ("text", "sitcom_scenes", "run") if getattr(args, way) is not None]
    if args.stay:
        _refuse(args, (*ways, "threads"), "with --stay: standard input says what to train")
        return
    if not ways:
        raise OptionError("Name a text with --text FILE, or a run to go on with by --run DIR.")
    if len(ways) > 1:
        raise OptionError(f"{_named(args, ways)} exclude each other; choose one of them.")
    if args.threads is not None and not 1 <= args.threads <= MOST_THREADS:
        raise OptionError(
            f"--threads is {args.threads}; it must be between 1 and {MOST_THREADS:,}."
        )
    if args.sitcom_scenes is None:
        _refuse(args, ["sitcom_seed"], "without --sitcom-scenes")
    check_text(args)
    _check_start(args)
    if args.run is not None:
        began = ("out", "from", "tokenizer", "vocab_size", "preset")
        _refuse(
            args,
            (*began, *(f.name for cls in (GPTConfig, TrainConfig) for f in fields(cls))),
            "with --run, since a run goes on as it began: leave out all but --run, --device and "
            "--threads, or begin a new run with --text FILE",
        )


def _check_start(args: Namespace) -> None:
    """Raise OptionError for what can't take effect with --from, or without it."""
    if getattr(args, "from") is None:
        _refuse(args, ["tune"], "without --from: all of a new model is trained")
        return
    design = ("tokenizer", "vocab_size", "preset", *(f.name for f in fields(GPTConfig)))
    _refuse(args, design, "with --from: its tokenizer and its design are kept")


def check_known(tokenizer: Tokenizer, text: str) -> str:
    """Say what of a text a tokenizer doesn't know, in a sentence and a line break; "" if nothing.

    Raises OptionError when that is most of it.
    """
    unknown, total = unknown_pieces(tokenizer, text), len(tokenizer.encode(text))
    if not unknown:
        return ""
    share = unknown.total() / total
    first = ", ".join(f"{piece!r} × {n:,}" for piece, n in unknown.most_common(5))
    more = len(unknown) - 5
    said = f"The model's tokenizer doesn't know {first}" + f" and {more:,} others" * (more > 0)
    if share > MOST_UNKNOWN:
        raise OptionError(
            f"{said}: {share:.0%} of the text would be unknown to it; choose a model that knows "
            f"these characters, or begin with new weights."
        )
    return f"{said}: {share:.2%} of the text, which it reads as unknown.\n"


def check_text(args: Namespace) -> None:
    """Raise OptionError for an option about a text where none is named."""
    if args.text is None:
        _refuse(args, ["encoding"], "without --text")


def check_settings(args: Namespace, model: GPTConfig, train: TrainConfig) -> None:
    """Raise OptionError for a setting that was given and that the others make useless."""
    chosen = model.to_dict() | train.to_dict()
    for name, (other, value) in _ONLY_WITH.items():
        if chosen[other] != value:
            _refuse(args, [name], f"with {other} {chosen[other]}; choose --{other} {value} for it")
    for name, (other, off) in _NOT_WITH.items():
        if chosen[other] == off:
            option = other.replace("_", "-")
            _refuse(args, [name], f"with {other} {off}; choose another --{option} for it")


def check_eval(args: Namespace, run: Run) -> None:
    """Raise OptionError for options of `eval` that this way of measuring doesn't read."""
    recipe, text = run.recipe(), run.has_text()
    if args.scenes is None:
        _refuse(args, (*DRAWING, "sitcom_scenes", "sitcom_seed", "json", "out"), "without --scenes")
        if text or not recipe:
            _refuse(args, ["held_out_seed"], "without --scenes: the run has a text to measure on")
        return
    if text or recipe:
        _refuse(args, ["sitcom_scenes", "sitcom_seed"], "here: the run says itself what it learned")
    if args.sitcom_scenes is None:
        _refuse(args, ["sitcom_seed"], "without --sitcom-scenes")
    check_drawing(args)
    if args.json and args.out and args.json.resolve() == args.out.resolve():
        raise OptionError("--json and --out name the same file; choose two.")


def check_drawing(args: Namespace) -> None:
    """Raise OptionError for a choice among tokens where there is none."""
    if args.temperature == 0:
        _refuse(
            args,
            ["top_k", "top_p", "min_p", "seed"],
            "with --temperature 0, which always takes the likeliest token",
        )


def tokenizer_for(kind: str, text: str, size: int | None) -> Tokenizer:
    """Train a tokenizer; size: what --vocab-size asked for.

    Raises OptionError for a size that can't be meant, TokenizerError for one that can't be.
    """
    if size is None:
        return train_tokenizer(kind, text)
    if kind == "char":
        raise OptionError(
            f"--vocab-size can't take effect with characters: each of the {len(set(text)):,} "
            f"different ones in this text is a token. Leave it out, or choose --tokenizer word or "
            f"bpe."
        )
    tokenizer = train_tokenizer(kind, text, size)
    if tokenizer.vocab_size < size:
        raise OptionError(
            f"--vocab-size is {size:,}, but this text has only {tokenizer.vocab_size:,} tokens of "
            f"that kind; choose at most so many."
        )
    if isinstance(tokenizer, WordTokenizer):
        _check_words(tokenizer, text)
    return tokenizer


def _check_words(tokenizer: WordTokenizer, text: str) -> None:
    """Raise OptionError when most words, and so most of what they say, are unknown."""
    words = Counter(piece for piece in tokenizer.split(text) if not piece.isspace())
    unknown = sum(n for word, n in words.items() if tokenizer.encode(word) == [0])
    if unknown > words.total() / 2:
        raise OptionError(
            f"With --vocab-size {tokenizer.vocab_size:,}, {unknown / words.total():.0%} of this "
            f"text's words would be unknown: it has {len(words):,} different ones. Choose a larger "
            f"number, or leave it out."
        )


def _refuse(args: Namespace, names: Iterable[str], why: str) -> None:
    """Raise OptionError if one of these options was given."""
    given = [name for name in names if getattr(args, name, None) is not None]
    if given:
        raise OptionError(f"{_named(args, given)} can't take effect {why}.")


def _named(args: Namespace, names: list[str]) -> str:
    """--one, --no-two and --three: options as they were typed."""
    typed = [f"--{'no-' * _is_no(args, name)}{name.replace('_', '-')}" for name in names]
    return " and ".join(filter(None, (", ".join(typed[:-1]), typed[-1])))


def _is_no(args: Namespace, name: str) -> bool:
    value: Any = getattr(args, name)
    return value is False
