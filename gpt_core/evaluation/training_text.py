"""The text that a run learned from as a stream of bytes, however long it is.

A text of a program's making takes minutes to make again. The first time that all of it streams by
it is kept in the cache folder (see `corpus.download.cache_folder`), and read from there afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.download import cache_folder
from corpus.files import replacing
from gpt_core.training.run import Run
from gpt_core.training.text_source import SitcomText

LEARNED = 0.9  # the rest is for validation
_PIECE = 1 << 20


@dataclass(frozen=True)
class TrainingText:
    """Bytes of UTF-8 in all, and the text in pieces, which can be gone through once."""

    size: int
    pieces: Iterator[bytes]


def training_text(run: Run) -> TrainingText:
    """What a run learned from, without its validation part. Raises RunError when it is missing."""
    recipe = run.recipe()
    if recipe is not None and not run.has_text():
        size = int(LEARNED * run.corpus["characters"])  # the sitcom is ASCII
        return TrainingText(size, _generated(recipe, size, cached_path(run)))
    train, _ = run.tokens()
    data = run.tokenizer().decode(train.tolist()).encode("utf-8", "surrogatepass")
    return TrainingText(len(data), iter([data]))


def cached_path(run: Run) -> Path:
    """Where a text of a program's making is kept."""
    return cache_folder() / "texts" / f"{run.corpus['sha256'][:16]}.txt"


def _generated(recipe: SitcomText, size: int, path: Path) -> Iterator[bytes]:
    """The first `size` bytes: from the cache, or made anew and then kept there."""
    if path.is_file() and path.stat().st_size == size:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{path.name}.*.tmp"):  # of somebody who was ended on the way
        left.unlink(missing_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        for piece in _made(recipe, size):
            file.write(piece)
            yield piece


def _made(recipe: SitcomText, size: int) -> Iterator[bytes]:
    """Scene after scene until there are `size` bytes."""
    from corpus.sitcom import generate, in_one_text

    scenes, left = generate(recipe.seed, recipe.scenes), size
    for text in in_one_text(scene.text for scene in scenes):
        piece = text.encode()[:left]
        left -= len(piece)
        yield piece
        if not left:
            return
