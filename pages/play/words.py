"""What the page of a single run says."""

from __future__ import annotations

NOTHING = "There is no model under this address. It may have been deleted, or isn't trained yet."
PROMPT = "Begin a text"
WRITE = "Write on"
EMPTY = "Type a few characters first."
HOME = "See how it works, in the whole course"


def unknown(characters: str) -> str:
    """Of a text that the model's tokenizer can't read."""
    return f"This model has never seen {characters}, so it can't read that."
