"""What a picture shows as rows of a table, and rows as CSV."""

from __future__ import annotations

import base64
import csv
import html
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from ui.show.names import unmarked

_TAG = re.compile(r"<[^>]*>")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run
_NUMBER = re.compile(r"[+−-]?[0-9,.]*[0-9]%?")
_CELLS = ("figcaption", "caption", "th", "td")
_IN_WORDS = ("bdi", "i")  # elements that stand within a word, as the marks of spaces do


def csv_of(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV (RFC 4180), with a mark that tells spreadsheets that it is UTF-8.

    A text that a spreadsheet would take for a formula gets an apostrophe before it; a number that
    is a text is no formula, and its minus sign becomes the one that spreadsheets read.
    """
    file = io.StringIO()
    csv.writer(file).writerows([_safe(cell) for cell in row] for row in rows)
    return "\ufeff" + file.getvalue()


def _safe(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    if _NUMBER.fullmatch(cell):
        return cell.replace("−", "-")
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def rows_of_table(table: Any) -> list[list[Any]]:
    """What `st.table` would draw: a row for each, under the names of the columns."""
    return [
        [unmarked(cell) if isinstance(cell, str) else cell for cell in row]
        for row in rows_of_frame(table)
    ]


def rows_of_frame(table: Any) -> list[list[Any]]:
    """The names of a table's columns, and its rows, with no cell taken for Markdown.

    table: rows or columns by their names, a table of Arrow, or a data frame, whose index is a
    column where it names the rows.
    """
    if hasattr(table, "to_pydict"):
        table = table.to_pydict()
    if isinstance(table, Mapping):
        return [[*table], *map(list, zip(*table.values(), strict=True))]
    if isinstance(table, Sequence):
        return [[*table[0]] if table else [], *(list(row.values()) for row in table)]
    import pandas as pd  # slow to load; where a frame was made, it is loaded

    if not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index(names=table.index.name or "")
    return [[*table], *table.values.tolist()]


class _Cells(HTMLParser):
    """The cells of the tables in a piece of HTML, and what stands over the tables.

    Between the elements in a cell is a space. For an image stands what is said of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[Any]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("figcaption", "caption", "tr"):
            self.rows.append([])
        if tag in _CELLS:
            self.rows[-1].append("")
            self._inside = True
        self._between(tag)
        if tag == "img":
            self.handle_data(dict(attrs).get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag not in _CELLS
        self._between(tag)

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data

    def _between(self, tag: str) -> None:
        if tag not in _IN_WORDS:
            self.handle_data(" ")


def rows_of_markup(markup: str) -> list[list[Any]]:
    """The tables in a piece of HTML, row by row."""
    cells = _Cells()
    cells.feed(markup)
    return [[" ".join(cell.split()) for cell in row] for row in cells.rows]


def rows_of_figure(figure: Mapping[str, Any]) -> list[list[Any]]:
    """The points, bars or cells of a chart of Plotly's: a row each, under a row of names.

    An axis whose ticks are named (tokens, for example) gives the names and not the places.
    """
    rows: list[list[Any]] = [["series", "x", "y", "value", "label"]]
    for number, trace in enumerate(figure["data"], start=1):
        x, y = (_labels(figure, trace, axis) for axis in "xy")
        name = _text(trace.get("name") or f"{trace.get('type', 'scatter')} {number}")
        rows += _cells(name, trace, x, y) if "z" in trace else _points(name, trace, x, y)
    return rows


def _points(name: str, trace: Mapping[str, Any], x: Any, y: Any) -> list[list[Any]]:
    xs, ys = _list(trace.get("x")), _list(trace.get("y"))
    xs, ys = xs or list(range(len(ys))), ys or list(range(len(xs)))
    labels = _list(trace.get("customdata")) or _list(trace.get("text"))
    labels = labels if len(labels) == len(xs) else [""] * len(xs)
    return [
        [name, x(a), y(b), "", _text(label)]
        for a, b, label in zip(xs, ys, labels, strict=False)
        if (a, b) != (None, None)  # that only names a series in the legend
    ]


def _cells(name: str, trace: Mapping[str, Any], x: Any, y: Any) -> list[list[Any]]:
    found = []
    for i, row in enumerate(_list(trace["z"])):
        for j, value in enumerate(_list(row)):
            place = [_at(trace.get(axis), k) for axis, k in (("x", j), ("y", i))]
            found.append([name, x(place[0]), y(place[1]), value, ""])
    return found


def _at(values: Any, place: int) -> Any:
    listed = _list(values)
    return listed[place] if place < len(listed) else place


def _labels(figure: Mapping[str, Any], trace: Mapping[str, Any], axis: str) -> Any:
    """A function that names a place on the axis that a trace is drawn on."""
    which = str(trace.get(f"{axis}axis", axis)).removeprefix(axis)
    about = figure["layout"].get(f"{axis}axis{which}") or {}
    values, texts = _list(about.get("tickvals")), _list(about.get("ticktext"))
    names = {value: _text(text) for value, text in zip(values, texts, strict=False)}
    return lambda place: names.get(place, _text(place))


def _text(value: Any) -> Any:
    """A label as it is read: Plotly takes it for HTML."""
    if isinstance(value, (list, tuple)):
        return " ".join(str(_text(v)) for v in value)
    return html.unescape(_TAG.sub("", value)) if isinstance(value, str) else value


def _list(values: Any) -> list[Any]:
    if values is None or isinstance(values, str):
        return []
    if isinstance(values, dict):  # as Plotly sends arrays
        import numpy as np

        flat = np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
        shape = [int(n) for n in str(values.get("shape", len(flat))).split(",")]
        return flat.reshape(shape).tolist()
    return values.tolist() if hasattr(values, "tolist") else list(values)
