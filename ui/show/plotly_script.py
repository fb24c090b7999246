"""Plotly's script, as its Python package brings it. Plotly itself isn't imported for it."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

_FOLDER = "_plotly"  # below the app's address


@cache
def packed_script() -> bytes:
    """The script, compressed by gzip: 1.5 MB of 4.8. The same bytes in every process."""
    return gzip.compress(_file().read_bytes(), 6, mtime=0)


@cache
def script_path() -> str:
    """Where browsers find it, below the app's own address. Another version has another name."""
    return f"{_FOLDER}/{version('plotly')}.js"


def _file() -> Path:
    package = find_spec("plotly")
    if package is None or package.origin is None:
        raise RuntimeError("Plotly is not installed: pip install -r requirements.txt")
    return Path(package.origin).parent / "package_data" / "plotly.min.js"
