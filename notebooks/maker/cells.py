"""Cells of a notebook: words of the lessons, lines of the library, code of its own."""

from __future__ import annotations

import inspect
import re
from textwrap import dedent
from typing import Any

import nbformat
from nbformat import NotebookNode

_SENTENCE = re.compile(r"(?<=[.?!])\s+")
# Sentences about the app say nothing in a notebook.
_APP = re.compile(r"\b(at the top|lessons?|pages?|below|above|slider|figure|draws?n? here)\b", re.I)
_COLOUR = re.compile(r":(?:blue|red|green|violet|orange|gray)\[((?:[^\[\]]|\[[^\]]*\])*)\]")


def for_notebook(text: str) -> str:
    """Markdown of the app as Jupyter shows it: no colours, no sentences about the app."""
    text = _COLOUR.sub(r"\1", text)
    lines = []
    for line in text.split("\n"):
        sentences = [s for s in _SENTENCE.split(line) if not _APP.search(s)]
        lines.append(" ".join(sentences))
    return "\n".join(lines).strip()


def words(*texts: str) -> NotebookNode:
    """A Markdown cell; each text is a paragraph."""
    return nbformat.v4.new_markdown_cell("\n\n".join(dedent(text).strip() for text in texts))


def code(text: str) -> NotebookNode:
    """A code cell."""
    return nbformat.v4.new_code_cell(dedent(text).strip())


def lines_of(*objects: Any) -> NotebookNode:
    """A code cell with the library's own definitions of functions or classes."""
    sources = (dedent(inspect.getsource(inspect.unwrap(item))).strip() for item in objects)
    return code("\n\n\n".join(sources))


def notebook(cells: list[NotebookNode]) -> NotebookNode:
    """All cells as a notebook that is the same each time it is made."""
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"
    nbformat.validate(made)
    return made


BEGIN = """
    from __future__ import annotations

    import sys
    from pathlib import Path

    for folder in (Path.cwd(), Path.cwd().parent):
        if (folder / "gpt_core").is_dir():
            sys.path.insert(0, str(folder))
            break
    else:
        raise SystemExit("Put this notebook into the project's folder, beside gpt_core.")
    """
