"""Scenes as one text to train on, no longer than a visitor's own text may be."""

from __future__ import annotations

from corpus.sitcom.scene import generate
from corpus.texts import Corpus, CorpusError

FEWEST_SCENES, MOST_SCENES = 100, 3_000
MOST_SEED = 999_999


def generated(seed: int, scenes: int) -> Corpus:
    """Return training scenes, two blank lines between them. Raises CorpusError."""
    if not FEWEST_SCENES <= scenes <= MOST_SCENES:
        raise CorpusError(f"Ask for {FEWEST_SCENES:,} to {MOST_SCENES:,} scenes.")
    if not 0 <= seed <= MOST_SEED:
        raise CorpusError(f"Give a seed from 0 to {MOST_SEED:,}.")
    text = "\n\n\n".join(scene.text for scene in generate(seed, scenes)) + "\n"
    return Corpus(f"The Spin Cycle, {scenes:,} scenes, seed {seed}", text)
