"""Which tokens of a prompt the Surprise lesson asks about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

MOST = 4


def candidates(texts: Sequence[str], bits: Sequence[float]) -> list[int]:
    """At most four places, in the order of the text: the dearest word, the cheapest, two between.

    Words alone (with a letter or a digit), and only those that occur once: an option says which
    token is meant.
    """
    times = Counter(texts)
    words = [i for i, text in enumerate(texts) if times[text] == 1 and any(map(str.isalnum, text))]
    words.sort(key=lambda i: -bits[i])
    if len(words) <= MOST:
        return sorted(words)
    last = len(words) - 1
    return sorted(words[round(rank * last / (MOST - 1))] for rank in range(MOST))
