"""The notebooks are what the generator makes of lessons and library, and run from top to bottom."""

from importlib import import_module

import nbformat
import pytest
from nbclient import NotebookClient

from notebooks.maker import FOLDER, NAMES
from notebooks.maker.cells import for_notebook, lines_of

MAKERS = dict(zip(NAMES, ("from_scratch", "concepts"), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_kept_notebook_is_what_is_generated(name):
    made = nbformat.writes(import_module(f"notebooks.maker.{MAKERS[name]}").make()) + "\n"
    kept = (FOLDER / name).read_text(encoding="utf-8")
    assert kept == made, "A lesson or the library changed: run python -m notebooks.maker"


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_from_top_to_bottom(name):
    book = nbformat.read(FOLDER / name, as_version=4)
    where = {"metadata": {"path": str(FOLDER)}}  # as Jupyter opens it
    NotebookClient(book, timeout=300, kernel_name="python3", resources=where).execute()
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert sum("text/plain" in str(cell.outputs) or cell.outputs != [] for cell in cells) > 8


def test_words_of_the_app_are_left_out():
    said = "A token :blue[**asks**] here. Look at the top. It is heard."
    assert for_notebook(said) == "A token **asks** here. It is heard."


def test_a_definition_is_the_library_s_own():
    assert lines_of(for_notebook).source.startswith("def for_notebook(text: str) -> str:")
