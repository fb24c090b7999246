"""A link as a picture that a phone reads."""

from __future__ import annotations

import io

import segno


def qr_png(link: str, scale: int = 8) -> bytes:
    """The QR code of a link as PNG, with the quiet zone of four modules that readers need."""
    file = io.BytesIO()
    segno.make(link, error="m", micro=False).save(file, kind="png", scale=scale, border=4)
    return file.getvalue()
