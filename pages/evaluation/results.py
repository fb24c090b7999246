"""What the Evaluation lesson computes of a model: how it reads text that it did not learn from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gpt_core.evaluation.calibration import (
    Bin,
    best_temperature,
    expected_calibration_error,
    reliability,
)
from gpt_core.evaluation.held_out import HeldOut, held_out, windows_of
from gpt_core.evaluation.intervals import Estimate, ratio
from gpt_core.evaluation.ngram import Ngram, NgramError
from gpt_core.evaluation.reading import Reading, predictions, read
from gpt_core.training.run import Run
from gpt_core.training.run_files import RunError
from ui.services.caches import shared
from ui.services.models import LoadedModel

ORDERS = (1, 2, 3, 5)
EDGES = (1, 2, 3, 5, 9, 17, 33, 65, 129, 257, 513, 1025)  # of the ranges of context
_MOST_PIECES, _FEWEST_PIECES, _LONGEST = 40, 4, 512
_OPERATIONS = 3e10  # floating point, for one reading: about a second on one core
_MOST_WINDOWS = 20  # they are longer than scenes
_COUNTED = 400_000  # tokens that n-grams are counted on
_SCENES = 500
BEGINS, GOES_ON, MARKS = "begins a word", "goes on in a word", "marks and spaces"


@dataclass(frozen=True)
class Measured:
    """A model's reading of held-out text. pieces: the text; reading: what it expected there."""

    pieces: HeldOut
    reading: Reading


@shared(wait="The model reads text that it did not learn from …")
def measured(loaded: LoadedModel) -> Measured | str:
    """Or the sentence that says why there is nothing to read; empty where the text is too short.

    Scenes are read from their beginning, as in every lesson: one quantity has one number.
    """
    return _read(loaded, held_out, _MOST_PIECES)


@shared(wait="The model reads from everywhere …")
def windows(loaded: LoadedModel) -> Measured | str:
    """The same of pieces whose tokens' places say how much context they have, and nothing else."""
    if not loaded.run.recipe():
        return measured(loaded)
    return _read(loaded, windows_of, _MOST_WINDOWS)


def _read(
    loaded: LoadedModel, take: Callable[[Run, int, int], HeldOut], most: int
) -> Measured | str:
    length = min(loaded.model.config.block_size, _LONGEST)
    per_piece = length * loaded.model.flops_per_token() // 3
    count = max(_FEWEST_PIECES, min(most, int(_OPERATIONS / per_piece)))
    try:
        found = take(loaded.run, count, length)
    except RunError as error:
        return str(error)
    pieces = [piece for piece in found.pieces if len(piece.ids) > 1 and piece.characters]
    if not pieces:
        return ""
    reading = read(loaded.model, pieces)
    return Measured(HeldOut(pieces, found.what), reading)


@dataclass(frozen=True)
class Clothes:
    """One loss in four units, each with its interval, and what others need for the same text.

    guessing: bits per character of guessing among all tokens. counted: bits per character of
    n-gram models, by how many tokens they look at; what they counted on, in words.
    """

    per_token: Estimate
    per_character: Estimate
    vocabulary: int
    characters: float  # of a token, on average
    guessing: float
    counted: dict[int, float]
    counted_tokens: int


@shared(wait="Counting n-grams …")
def clothes_of(loaded: LoadedModel) -> Clothes | None:
    """None where there is no held-out text."""
    found = measured(loaded)
    if isinstance(found, str):
        return None
    reading, vocabulary = found.reading, loaded.tokenizer.vocab_size
    characters = reading.characters.sum() / len(reading.bits)
    counts, tokens = _counted(loaded, found.pieces)
    return Clothes(
        reading.per_token,
        reading.per_character,
        vocabulary,
        float(characters),
        math.log2(vocabulary) / float(characters),
        counts,
        tokens,
    )


def _counted(loaded: LoadedModel, held: HeldOut) -> tuple[dict[int, float], int]:
    """Bits per character of n-gram models that counted the beginning of the training text."""
    tokens = _training_tokens(loaded)
    characters = sum(piece.characters for piece in held.pieces)
    found: dict[int, float] = {}
    for order in ORDERS:
        try:
            model = Ngram(tokens, loaded.tokenizer.vocab_size, order)
        except NgramError:
            break
        nats = sum(-model.logprob(np.array(p.ids), given=1).sum() for p in held.pieces)
        found[order] = float(nats) / math.log(2) / characters
    return found, len(tokens)


def _training_tokens(loaded: LoadedModel) -> np.ndarray:
    recipe = loaded.run.recipe()
    if recipe:
        text = recipe.beginning(_SCENES)
        return np.array(loaded.tokenizer.encode(text), dtype=np.int64)[:_COUNTED]
    return loaded.run.tokens()[0][:_COUNTED].astype(np.int64)


@dataclass(frozen=True)
class Kind:
    """Tokens of one kind in the held-out text: how many, and their mean bits."""

    name: str
    count: int
    bits: Estimate


@shared()
def kinds_of(loaded: LoadedModel) -> list[Kind]:
    """Where the held-out text is easy and where it is hard."""
    found = measured(loaded)
    if isinstance(found, str):
        return []
    names = np.array(
        [
            _kind(before.text, token.text)
            for piece in found.pieces.pieces
            for before, token in pairwise(piece.tokens)
        ]
    )
    kinds, reading = [], found.reading
    for name in (BEGINS, GOES_ON, MARKS):
        here = names == name
        if here.any():
            bits = ratio(reading.of_pieces(reading.bits * here), reading.of_pieces(here))
            kinds.append(Kind(name, int(here.sum()), bits))
    return kinds


def _kind(before: str, text: str) -> str:
    """What a token does in its text."""
    if not any(map(str.isalnum, text)):
        return MARKS
    return GOES_ON if text[0].isalnum() and before[-1:].isalnum() else BEGINS


@dataclass(frozen=True)
class Context:
    """Bits per character by how many tokens the model sees before; ends of a range included."""

    first: int
    last: int
    bits: Estimate


@shared()
def by_context(loaded: LoadedModel) -> list[Context]:
    """From one token before to a full window."""
    found = windows(loaded)
    if isinstance(found, str):
        return []
    most = int(found.reading.before.max())
    edges = [edge for edge in EDGES if edge <= most] + [most + 1]
    ranges = found.reading.by_context(edges)
    return [Context(low, high - 1, bits) for low, high, bits in ranges]


def gap_of(reading: Reading) -> Estimate:
    """Mean probability of the best guesses − the share of them that came true."""
    over = reading.of_pieces(reading.confidence - reading.right)
    return ratio(over, np.bincount(reading.piece))


@dataclass(frozen=True)
class Calibration:
    """How the probability of the model's best guess compares with how often it comes true.

    temperature: what was found on every other piece; bins, error and bits (per token) before and
    after it are of the pieces in between.
    """

    bins: list[Bin]
    error: float
    bits: float
    temperature: float
    mended_bins: list[Bin]
    mended_error: float
    mended_bits: float


@shared(wait="Looking for the temperature that fits …")
def calibration_of(loaded: LoadedModel) -> Calibration | None:
    """None where there is too little text to judge on another part than was fitted."""
    found = measured(loaded)
    if isinstance(found, str) or len(found.pieces.pieces) < 2:
        return None
    pieces = found.pieces.pieces
    temperature = best_temperature(*predictions(loaded.model, pieces[::2]))
    kept = read(loaded.model, pieces[1::2])
    mended = read(loaded.model, pieces[1::2], temperature)
    bins, mended_bins = (reliability(each.confidence, each.right) for each in (kept, mended))
    return Calibration(
        bins,
        expected_calibration_error(bins),
        float(kept.bits.mean()),
        temperature,
        mended_bins,
        expected_calibration_error(mended_bins),
        float(mended.bits.mean()),
    )


def unknown_share(held: HeldOut) -> float:
    """The share of the predicted tokens that the tokenizer doesn't know."""
    known = [token.known for piece in held.pieces for token in piece.tokens[1:]]
    return known.count(False) / len(known)
