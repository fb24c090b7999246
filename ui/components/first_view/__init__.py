"""What stands before Streamlit does: a page's title, its first sentence and a recorded machine.

Streamlit's page is empty until its scripts are there, have asked for the page, and the server has
run it: a second, or several after a start. So the server writes these first words and this picture
into the page itself. The browser takes them away as soon as the page below has painted its own.
"""

from __future__ import annotations

import base64
import html
from pathlib import Path

from ui.components.bundle import bundle, read
from ui.components.component import WAITS, waiting
from ui.components.machine import FILES as MACHINE
from ui.show.theme import DARK, LIGHT, variables

_FILES = Path(__file__).parent


def first_view(title: str, intro: str, message: bytes) -> str:
    """The markup, for a page's body. message: of `ui.components.machine.as_recorded`."""
    colors = (
        f":root {{ {variables(LIGHT)} }} "
        f':root:has(#first-view[data-theme="dark"]) {{ {variables(DARK)} }}'
    )
    style = f"{colors}\n{read(_FILES / 'first_view.css')}"
    machine = waiting(read(MACHINE / "machine.html"))
    machine = f"<style>{read(WAITS, MACHINE / 'machine.css')}</style>{machine}"
    # Nobody can press anything in it, and what it says is said again by the page below.
    return (
        f'<div id="first-view" inert aria-hidden="true"><style>{style}</style>'
        f"<h1>{html.escape(title)}</h1><p>{html.escape(intro)}</p>"
        f'<div class="picture"></div><template>{machine}</template>'
        f'<script type="text/plain">{base64.b64encode(message).decode()}</script></div>'
        # Not after Streamlit's scripts, which are many.
        f'<script type="module" async>\n{bundle(_FILES / "first_view.js")}</script>'
    )
