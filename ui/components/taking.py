"""Components' pictures to take along: as a handout with the component's own script, and as CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ui.components.bundle import bundle
from ui.show.handout import Drawing
from ui.show.rows import csv_of
from ui.show.take_away import take_away

Rows = Sequence[Sequence[Any]]


def take_drawing(
    key: str,
    title: str,
    html: str,
    css: str,
    folder: Path,
    data: bytes | Mapping[str, Any] | Callable[[], bytes],
    rows: Callable[[], Rows],
    *,
    answers: Callable[[], Mapping[str, bytes]] = dict,
    off: str = "",
) -> None:
    """Offer a component's picture. folder: holds its draw.js. data: may be made when it is wanted.

    title: in a handout. answers, off: see `ui.show.handout.Drawing`.
    """

    def drawing() -> Drawing:
        drawn = data() if callable(data) else data
        return Drawing(html, css, bundle(folder / "draw.js"), drawn, answers(), off)

    take_away(key, title, lambda: csv_of(rows()), drawing)
