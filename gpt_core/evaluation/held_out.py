"""Pieces of text that a run did not learn from, to measure its model on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gpt_core.tokenizers import Token, Tokenizer
from gpt_core.training.run import Run

SCENES_SEED = 1
"""The seed of held-out scenes."""
_HEADING = "INT. "  # how a scene begins


@dataclass(frozen=True)
class Piece:
    """At least two tokens in a row; their start and end are places in text."""

    text: str
    tokens: tuple[Token, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """The tokens' ids, (T,)."""
        return tuple(token.id for token in self.tokens)

    @property
    def characters(self) -> int:
        """How many characters there are to predict: all but the first token's."""
        return self.tokens[-1].end - self.tokens[0].end


@dataclass(frozen=True)
class HeldOut:
    """Pieces, and in words where they come from."""

    pieces: list[Piece]
    what: str


def held_out(run: Run, count: int, longest: int | None = None) -> HeldOut:
    """At most `count` pieces of at most `longest` tokens (the context, if None).

    Of a generated sitcom: scenes that were held out of training. Of any other text: pieces from all
    over its validation split. Raises RunError when the text is missing.
    """
    length = min(longest or run.block_size, run.block_size)
    tokenizer = run.tokenizer()
    if run.recipe():
        scenes = _scenes(tokenizer, count, length)
        cut = any(scene.tokens[-1].end < len(scene.text) for scene in scenes)
        part = f"the first {length} tokens of " if cut else ""
        return HeldOut(scenes, f"{part}{len(scenes)} scenes that were held out of training")
    _, val = run.tokens()
    pieces = [_piece(tokenizer.decode(ids), tokenizer, length) for ids in _cut(val, count, length)]
    whole = [piece for piece in pieces if len(piece.tokens) > 1]
    part = "part of its text kept for validation"
    if run.was_imported():  # nobody knows what it learned; this text came with it
        part = "last part of the text that came with it"
    return HeldOut(whole, f"{len(whole)} pieces of the {part}")


def windows_of(run: Run, count: int, longest: int | None = None) -> HeldOut:
    """The same, of a sitcom too from anywhere: pieces that begin in the middle of a scene.

    In such pieces a token's place says how much of the text before it can be seen, and nothing
    about where in a scene it stands.
    """
    if not run.recipe():
        return held_out(run, count, longest)
    length = min(longest or run.block_size, run.block_size)
    pieces = _from_anywhere(run.tokenizer(), count, length)
    return HeldOut(pieces, f"{len(pieces)} pieces of scenes that were held out of training")


def _from_anywhere(tokenizer: Tokenizer, count: int, length: int) -> list[Piece]:
    """Held-out scenes as one text, cut after every `length` tokens."""
    from corpus.sitcom import generate, in_one_text

    scenes, pieces = 4, list[Piece]()
    while len(pieces) < count:
        scenes *= 2
        made = (scene.text for scene in generate(SCENES_SEED, scenes, held_out=True))
        text = "".join(in_one_text(made))
        tokens = tokenizer.tokenize(text)
        starts = range(0, len(tokens) - length + 1, length)
        pieces = [_cut_out(text, tokens[start : start + length]) for start in starts]
    return pieces[:count]


def _cut_out(text: str, tokens: list[Token]) -> Piece:
    first, last = tokens[0].start, tokens[-1].end
    moved = (Token(t.id, t.text, t.start - first, t.end - first, t.known) for t in tokens)
    return Piece(text[first:last], tuple(moved))


def _scenes(tokenizer: Tokenizer, count: int, length: int) -> list[Piece]:
    """Each with what stands around it in a text: the separator, and again the separator.

    Its end is cut into tokens as before another scene: BPE would join the newlines otherwise, to a
    token that the model never saw there.
    """
    from corpus.sitcom import SEPARATOR, generate

    pieces = []
    for scene in generate(SCENES_SEED, count, held_out=True):
        text = f"{SEPARATOR}{scene.text}{SEPARATOR}"
        tokens = [t for t in tokenizer.tokenize(text + _HEADING) if t.end <= len(text)]
        pieces.append(Piece(text, tuple(tokens[:length])))
    return pieces


def _piece(text: str, tokenizer: Tokenizer, length: int) -> Piece:
    return Piece(text, tuple(tokenizer.tokenize(text)[:length]))


def _cut(tokens: np.ndarray, count: int, length: int) -> list[list[int]]:
    """Pieces without overlap, as far from each other as they can be."""
    count = max(1, min(count, len(tokens) // length))
    starts = np.linspace(0, max(0, len(tokens) - length), count).astype(int)
    return [tokens[start : start + length].tolist() for start in starts]
