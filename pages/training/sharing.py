"""A run for others: its curves, or its model alone for phones, each by a link and a QR code."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import streamlit as st

from pages.training import words
from ui.app.reach import is_this_computer, own_page, pages_in_network
from ui.services.runs import RunView
from ui.show.qr import SMALL, show_qr

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def share_button(view: RunView, row: DeltaGenerator) -> None:
    """A button that opens both links."""
    box = row.popover(
        words.SHARE, icon=":material/share:", key=f"share_{view.run_id}", on_change="rerun"
    )
    if not box.open:
        return
    page = own_page()
    if is_this_computer(page) and (others := pages_in_network(page)):
        page = others[0]
    with box:
        st.caption(words.SHARE_SAYS)
        _link(words.SHARE_CURVES, f"{page}training?{urlencode({'run': view.run_id})}")
        if view.has_model:
            _link(words.SHARE_MODEL, f"{page}play?{urlencode({'run': view.run_id})}")


def _link(label: str, link: str) -> None:
    st.markdown(f"**{label}**")
    show_qr(link, SMALL)
    st.code(link, language=None, wrap_lines=True)
