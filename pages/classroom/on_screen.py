"""A text from the board, large enough for the last row."""

from __future__ import annotations

import streamlit as st

from pages.classroom import words
from ui.app import address
from ui.app.seat import BOARD, Sitting
from ui.services.classes.service import class_service
from ui.show.names import as_text

_LARGEST = 18  # digits; a number in an address is a stranger's


def shown_item(mine: Sitting) -> bool:
    """Draw what the address asks for. Whether it asks for anything."""
    asked = address.text_of(BOARD)
    if not asked:
        return False
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < _LARGEST else 0
    item = class_service().item(mine.seat, number)
    if item is None:
        st.info(words.TAKEN_OFF)
        return False
    members = {member.number: member for member in class_service().members(mine.seat)}
    owner = members.get(item.member)
    st.header("From the board")
    with st.container(border=True):
        for line in item.text.splitlines()[:200]:
            st.markdown(f"#### {as_text(line, 400)}" if line.strip() else " ")
    if owner and owner.named and not owner.hidden:
        st.caption(as_text(owner.nickname))
    return True
