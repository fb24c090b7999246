"""Boxes in which a reader chooses a token: one of the likeliest, or any that is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ui.app import widgets
from ui.show.tokens import short

if TYPE_CHECKING:
    from gpt_core.tokenizers import Tokenizer


def choose_token(
    label: str, fixed: Sequence[str], likely: Sequence[int], tokenizer: Tokenizer, key: str
) -> str | int:
    """One of the fixed answers, or a token's id. The choice is in the URL.

    likely: ids offered by name. What is typed instead counts as its first token.
    """
    by_name = {short(tokenizer.token_text(i)): i for i in reversed(likely)}
    names = [name for name in reversed(by_name) if name not in fixed]
    chosen = widgets.open_selectbox(
        label, [*fixed, *names], key=key, help="Choose, or type any other token.", longest=100
    )
    if chosen in fixed or not chosen:
        return chosen or fixed[0]
    if chosen in by_name:
        return by_name[chosen]
    ids = tokenizer.encode(chosen.replace("␣", " ").replace("⏎", "\n"))
    return ids[0] if ids else fixed[0]
