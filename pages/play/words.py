"""What the page of a single run says."""

from __future__ import annotations

from collections.abc import Sequence

NOTHING = "There is no model under this address. It may have been deleted, or isn't trained yet."
PROMPT = "Begin a text"
WRITE = "Write on"
EMPTY = "Type a few characters first."
HOME = "See how it works, in the whole course"


_NAMED = 5


def unknown(texts: Sequence[str]) -> str:
    """Of a prompt that holds what the model's tokenizer doesn't know."""
    named = ", ".join(f"“{text}”" for text in texts[:_NAMED])
    more = ", …" if len(texts) > _NAMED else ""
    return f"This model has never seen {named}{more}. Write something without it."
