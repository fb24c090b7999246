"""A text as coloured chips, one a token, to be taken along."""

from __future__ import annotations

from collections.abc import Sequence

from ui.show.tables import show_markup
from ui.show.tokens import TokenLike, chips_html, short

TOKENS = "The prompt in tokens"


def show_chips(tokens: Sequence[TokenLike], key: str, limit: int = 400) -> None:
    """Draw the chips with their ids. key: of the picture."""
    show_markup(
        chips_html(tokens, limit),
        key,
        TOKENS,
        lambda: (
            [("position", "token", "id")]
            + [(place, short(token.text), token.id) for place, token in enumerate(tokens)]
        ),
    )
