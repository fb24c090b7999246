"""Tables: what a cell says, what stands at the right, and that no text becomes anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from streamlit.testing.v1 import AppTest

from tests.helpers import tables
from ui.show.names import as_html, unmarked

PAGE = """
import pandas as pd
from ui.show.tables import show_table
show_table({table}, "rows", "Rows")
"""
COLUMNS = "{'head': ['`1.2`', '**all**'], 'adds': ['−0.5', '1,024'], 'share': ['3 of 4', '–']}"


def shown(table):
    app = AppTest.from_string(PAGE.format(table=table)).run()
    assert not app.exception
    return app


@pytest.mark.parametrize(
    "table",
    [
        COLUMNS,
        "[dict(zip(('head', 'adds', 'share'), row)) for row in "
        "(('`1.2`', '−0.5', '3 of 4'), ('**all**', '1,024', '–'))]",
        f"pd.DataFrame({COLUMNS})",
        f"pd.DataFrame({COLUMNS}).set_index('head')",
    ],
    ids=["columns", "rows", "frame", "frame with an index"],
)
def test_each_kind_of_table_is_read_as_it_is_written(table):
    app = shown(table)
    (frame,) = tables(app)
    assert frame.to_dict("list") == {
        "head": ["1.2", "all"], "adds": ["−0.5", "1,024"], "share": ["3 of 4", "–"],
    }  # fmt: skip
    (body,) = [e.proto.body for e in app.get("html")]
    tree = html.fromstring(body)
    assert [cell.text_content() for cell in tree.xpath("//th[@scope='row']")] == ["1.2", "all"]
    assert tree.xpath("//tbody//code/text()") == ["1.2"]


def test_numbers_stand_at_the_right_and_words_do_not():
    columns = {
        "what": ["1", "2"],
        "loss": ["8.0·10⁻⁶", "≈ 0"],
        "between": ["0.16 to 0.17", "×0.83 (0.79 to 1.08)"],
        "kept": ["4.22 MB", "× 1 (1,210 tokens/s)"],
        "said": ["4 heads on", "–"],
        "nothing": ["–", "3"],
    }
    (body,) = [e.proto.body for e in shown(repr(columns)).get("html")]
    right = html.fromstring(body).xpath("//thead//th[@class='numeric']")
    assert [cell.text_content() for cell in right] == ["loss", "between", "kept", "nothing"]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_a_text_is_read_as_it_is_and_adds_nothing_to_the_page(text):
    tree = html.fromstring(f"<div>{as_html(text)}</div>")
    assert {element.tag for element in tree.iter()} <= {"div", "code", "strong"}
    assert tree.text_content() == unmarked(text)


def test_a_table_without_rows_has_its_names():
    (frame,) = tables(shown("{'run': [], 'loss': []}"))
    assert list(frame) == ["run", "loss"] and frame.empty
    assert [
        frame.size for nothing in ("[]", "{}", "pd.DataFrame()") for frame in tables(shown(nothing))
    ] == [0] * 3
