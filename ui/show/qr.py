"""A link as a picture that a phone reads."""

from __future__ import annotations

import io

import segno
import streamlit as st

LARGE, SMALL = 320, 200  # pixels at most: for a projector, for the phone in one's hand
_QUIET = 4  # modules of white around it, which readers need


def qr_png(link: str, width: int) -> bytes:
    """The QR code of a link as PNG, at most so many pixels wide, a whole number for each module.

    Black on white in either theme, since many cameras read no other.
    """
    code, file = segno.make(link, error="m", micro=False), io.BytesIO()
    scale = max(1, width // code.symbol_size(border=_QUIET)[0])
    code.save(file, kind="png", scale=scale, border=_QUIET)
    return file.getvalue()


def show_qr(link: str, width: int) -> None:
    """Draw it as it is: not made smaller, nor a JPEG, which blur its edges."""
    st.image(qr_png(link, width), width="content", output_format="PNG")
