"""A link that goes into the clipboard, or into a field to copy it from."""

from __future__ import annotations

from pathlib import Path

from ui.components.component import component

_link = component("copied_link", Path(__file__).parent)
_COPIED = "Copied: a link to this page with every value on it."
_BY_HAND = "This browser gives no clipboard here. The link is chosen: press Ctrl+C (or ⌘C)."


def copied_link(link: str, missing: str, asked: int) -> None:
    """Copy a link when `asked` has grown; 0 copies nothing. missing: says what isn't in it."""
    copied, by_hand = (f"{said} {missing}".rstrip() for said in (_COPIED, _BY_HAND))
    data = {"link": link, "asked": asked, "copied": copied, "by_hand": by_hand}
    _link(key="copied_link", data=data)
