"""What can be counted about samples of any text, without taste."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from corpus.statistics import WORD
from gpt_core.evaluation.intervals import Estimate, ratio

REPEATED = 4  # words in a row


@dataclass(frozen=True)
class Look:
    """Shares over some samples, with their 95% intervals over samples.

    words: how many in all. known: words that the training text has. distinct: different words, and
    different pairs of words, of all in their sample (distinct-1 and -2: Li and others 2016, section
    5.2). repeated: runs of four words that stood earlier in the same sample (as seq-rep-4: Welleck
    and others 2020, section 6.1).
    """

    words: int
    known: Estimate
    distinct: Estimate
    distinct_pairs: Estimate
    repeated: Estimate


def look(samples: Sequence[str], known: Collection[str], most_words: int | None = None) -> Look:
    """Count all about at least one sample.

    known: words in small letters. most_words: how many of each sample are looked at; a longer one
    repeats itself more, so only samples of about the same length can be compared.
    """
    texts = [words_of(sample)[:most_words] for sample in samples]
    counts = [len(words) for words in texts]
    runs = [_runs(words, REPEATED) for words in texts]
    pairs = [_runs(words, 2) for words in texts]
    return Look(
        sum(counts),
        known=ratio([sum(word in known for word in words) for words in texts], counts),
        distinct=ratio([len(set(words)) for words in texts], counts),
        distinct_pairs=ratio([len(set(each)) for each in pairs], [len(each) for each in pairs]),
        repeated=ratio([len(r) - len(set(r)) for r in runs], [len(r) for r in runs]),
    )


def words_of(text: str) -> list[str]:
    """Its words, in small letters."""
    return WORD.findall(text.lower())


def _runs(words: Sequence[str], length: int) -> list[tuple[str, ...]]:
    """All runs of so many words in a row."""
    return [tuple(words[i : i + length]) for i in range(len(words) - length + 1)]
