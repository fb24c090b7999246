"""Components of Streamlit's second generation, whose scripts have addresses of their own.

Streamlit sends a component's script along with every message to it: with each letter of a prompt,
for a picture of ten kilobytes, seventy of script, to each of thirty in a class. So what it is given
is a few lines (shared/loader.js) that ask for the script once; ui/services/scripts.py answers.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from ui.components.bundle import bundle, read

SCRIPTS = "_scripts"  # below the app's address
_SHARED = Path(__file__).parent / "shared"
SCROLLS = _SHARED / "scrolls.css"  # of what has the class "scrolls"
WAITS = _SHARED / "waits.css"  # of `waiting`
_PRESSED = re.compile("<(button|input|select|textarea)")

_scripts: dict[str, str] = {}  # by path


def component(
    name: str,
    folder: Path,
    *shared: Path,
    html: str | None = None,
    css: str | None = None,
    isolated: bool = True,
) -> Any:
    """A component. Its files are called as their folder is; its script is mount.js.

    shared: style sheets that it shares with others; its own, if there is one, comes after. html,
    css: instead of its files. isolated: the page's styles don't reach it, nor its own the page.
    """
    own = folder / folder.name
    sheets = [path for path in (*shared, own.with_suffix(".css")) if path.is_file()]
    html = _read_if_there(own.with_suffix(".html")) if html is None else html
    css = read(*sheets) if css is None else css
    if html and _PRESSED.search(html):
        html, css = waiting(html), f"{read(WAITS)}\n{css}"
    return st.components.v2.component(
        name,
        html=html,
        css=css,
        js=loader(folder / "mount.js"),
        isolate_styles=isolated,
    )


def waiting(html: str) -> str:
    """Markup in which nothing can be pressed until its script draws (shared/mounting.js)."""
    return f'<fieldset class="waits" role="none" disabled>{html}</fieldset>'


def loader(entry: Path) -> str:
    """What Streamlit is given instead of a script and all that it imports."""
    text = bundle(entry)
    path = f"{SCRIPTS}/{entry.parent.name}.{sha256(text.encode()).hexdigest()[:16]}.js"
    _scripts[path] = text
    return _short_loader().replace('"PATH"', json.dumps(path))


def paths() -> list[str]:
    """Where the scripts of all components are that were made so far; another text, another path."""
    return list(_scripts)


@cache
def packed(path: str) -> bytes:
    """A script, compressed by gzip. Raises KeyError if there is none at this path."""
    return gzip.compress(_scripts[path].encode(), mtime=0)


@cache
def _short_loader() -> str:
    """Without the comments, which every message would bring along."""
    lines = (line.strip() for line in bundle(_SHARED / "loader.js").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*", "*")))


def _read_if_there(path: Path) -> str | None:
    return read(path) if path.is_file() else None
