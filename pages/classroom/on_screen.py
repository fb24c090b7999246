"""A text from the board, large enough for the last row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.classroom import words
from ui.app import address
from ui.app.projector import presenting
from ui.app.seat import Sitting, watch_class
from ui.services.classes.service import BOARD, class_service
from ui.show.names import as_text

if TYPE_CHECKING:
    from ui.services.classes.file import Item, Member

_TICK = 1.0  # seconds between two looks of a teacher's page at whether it is still there
_LARGEST = 18  # digits; a number in an address is a stranger's


def shown_item(mine: Sitting, teacher: bool) -> bool:
    """Draw what the address asks for. Whether it asks for anything."""
    asked = address.text_of(BOARD)
    if not asked:
        return False
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < _LARGEST else 0
    if class_service().item(mine.seat, number) is None and not presenting():
        st.info(words.TAKEN_OFF)
        address.write({BOARD: None})  # who reloads is no longer told
        return False
    # Members are told of a change; a teacher's page, as the one on the projector, looks itself.
    watch_class(
        lambda: _found(mine, number), _draw, lambda _: _TICK if teacher else None, name="on_screen"
    )
    return True


def _found(mine: Sitting, number: int) -> tuple[Item | None, Member | None]:
    """What is on the board by this number, and whose it is."""
    item = class_service().item(mine.seat, number)
    members = {member.number: member for member in class_service().members(mine.seat)}
    return item, members.get(item.member) if item else None


def _draw(found: tuple[Item | None, Member | None]) -> None:
    item, owner = found
    if item is None:
        st.info(words.TAKEN_OFF)
        return
    st.header("From the board")
    with st.container(border=True):
        for line in item.text.splitlines()[:200]:
            st.markdown(f"#### {as_text(line, 400)}" if line.strip() else " ")
    if owner and owner.named and not owner.hidden:
        st.caption(as_text(owner.nickname))
