"""A table as HTML, in the app and in handouts; table.css beside this file is how it looks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ui.show.names import as_html

STYLE = Path(__file__).parent / "table.css"
_WORD, _DIGIT = re.compile(r"[A-Za-z]+"), re.compile(r"\d")
_INTERVAL = re.compile(r" (\([^()]* to [^()]*\))$")
_SPACE, _A_TEXT = re.compile("[␣⏎]"), 4  # marks of spaces, and how many of them no token has
_UNITS = {"bits", "nats", "ms", "s", "B", "KB", "kB", "MB", "GB", "TB", "tokens", "characters"}
_IN_NUMBERS = _UNITS | {"to", "of"}


def sheet(rows: Sequence[Sequence[Any]], read: Callable[[str], str] = as_html) -> str:
    """A table, the names of its columns first; columns of numbers stand at the right.

    read: makes HTML of a cell's text, which may have code and bold type if nothing else is said.
    """
    names, *others = ([str(cell) for cell in row] for row in rows)
    columns = [*zip(*others, strict=True)] or [()] * len(names)
    right = [at > 0 and all(map(_is_number, column)) for at, column in enumerate(columns)]
    sides = [' class="numeric"' if numeric else "" for numeric in right]
    head = "".join(
        f'<th scope="col"{side}><div>{read(name)}</div></th>'
        for name, side in zip(names, sides, strict=True)
    )
    body = "".join(f"<tr>{_row(row, sides, read)}</tr>" for row in others)
    return (
        f'<div class="table"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(row: Sequence[str], sides: Sequence[str], read: Callable[[str], str]) -> str:
    first, *others = (f"<div>{_cell(cell, read)}</div>" for cell in row)
    cells = zip(others, sides[1:], strict=True)
    return f'<th scope="row">{first}</th>' + "".join(f"<td{s}>{cell}</td>" for cell, s in cells)


def _cell(text: str, read: Callable[[str], str]) -> str:
    """A cell's text as HTML: an interval in brackets, and a text with marked spaces, may break."""
    shown = _INTERVAL.sub(r' <span class="interval">\1</span>', read(text))
    if len(_SPACE.findall(text)) < _A_TEXT:
        return shown
    return _SPACE.sub(r"\g<0><wbr>", shown)


def _is_number(text: str) -> bool:
    """A number, an interval or a share of numbers, with its unit; or nothing at all."""
    return set(_WORD.findall(text)) <= _IN_NUMBERS and (
        not text.strip("–") or bool(_DIGIT.search(text))
    )
