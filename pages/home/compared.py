"""What two machines beside each other have in common, and what not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pages.home import words
from pages.home.results import Pass
from ui.app.compare import Other
from ui.components.machine import Beside
from ui.services.study import Study
from ui.show.tokens import short

T = TypeVar("T")


def same_weights(study: Study, other: Other) -> bool:
    """Whether A and B are one model, but for a head: then their vectors can be compared."""
    return other.plain.fingerprint == study.fingerprint


def beside_of(own: Pass, other: Pass, name: str, comparable: bool) -> Beside:
    """What the other picture has in the places of this one. name: the other's."""

    def placed(values: Sequence[T]) -> list[T | None]:
        shift, count = own.seen.first - other.seen.first, len(own.columns)
        at = range(shift, shift + count)
        return [values[i] if 0 <= i < len(values) else None for i in at]

    text = other.study.tokenizer.token_text
    return Beside(
        name,
        placed(other.columns),
        placed([short(text(token)) for token in other.seen.best.tolist()]),
        likely_in(own, other),
        _apart(own, other) if comparable else None,
    )


def likely_in(own: Pass, other: Pass) -> list[float | None]:
    """The other's probabilities of this one's likeliest tokens; None for what it doesn't know."""
    best = own.seen.probabilities.topk(min(words.LIKELY, len(own.seen.probabilities)))
    mine, theirs = own.study.tokenizer, other.study.tokenizer
    found: list[float | None] = []
    for token in best.indices.tolist():
        tokens = theirs.tokenize(mine.token_text(token))
        ids = [token] if mine is theirs else [each.id for each in tokens if each.known]
        one = len(ids) == 1 and (mine is theirs or len(tokens) == 1)
        found.append(float(other.seen.probabilities[ids[0]]) if one else None)
    return found


def _apart(own: Pass, other: Pass) -> list[list[float | None]]:
    """How far the vectors are apart, in this picture's columns."""
    from gpt_core.interpret.machine import apart

    distances = apart(own.seen, other.seen)  # (2L + 1, P)
    before = min(max(own.seen.first, other.seen.first) - own.seen.first, len(own.columns))
    after = len(own.columns) - before - distances.shape[1]
    return [
        [None] * before + [round(x, 5) if x > words.SAME else 0.0 for x in row] + [None] * after
        for row in distances.tolist()
    ]


def said_apart(passes: Sequence[Pass], comparable: bool) -> list[str]:
    """Where two machines differ, from their numbers."""
    a, b = passes
    pairs = list(zip(a.ids, b.ids, strict=False))
    texts = [each.study.tokenizer.token_text for each in passes]
    same = [texts[0](i) == texts[1](j) for i, j in pairs]
    first = same.index(False) if False in same else len(pairs)
    said = [words.tokens_differ(first, len(a.ids), len(b.ids))]
    if not comparable:
        return [*said, words.OTHER_WEIGHTS]
    from gpt_core.interpret.machine import distance

    ends = [each.seen.stream[:, -1].float() for each in passes]
    distances = distance(*ends).tolist()  # by station
    differing = [place for place, far in enumerate(distances) if far > words.SAME]
    return [*said, words.vectors_apart(differing[0] if differing else None, distances[-1])]
