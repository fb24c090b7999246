"""What is taken along: CSV that reads back as what was drawn, handouts that hold it all."""

import csv
import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from hypothesis import given
from hypothesis import strategies as st

from gpt_core.interpret.attention import trace_attention
from tests.helpers import app_at, tiny_model
from ui.components.attention_map import COLUMNS, message_of, pack_weights, rows_of_message
from ui.show import take_away as taking
from ui.show.handout import OFF, About, Chart, Markup, page_of
from ui.show.names import unmarked
from ui.show.plotly_json import to_json
from ui.show.prose import html_of
from ui.show.rows import csv_of, rows_of_figure, rows_of_frame, rows_of_markup, rows_of_table
from ui.show.sheet import sheet
from ui.show.take_away import (
    LABEL,
    Subject,
    heading,
    pictures_in,
    pictures_of,
    take_away,
    tell_about,
)

ABOUT = About("A <b>title</b>", "</script><img src=x>", "model", "2026-11-28", "javascript:1")


def read(text):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@given(
    st.lists(st.lists(st.text(st.characters(exclude_characters="\r\0")), min_size=1), max_size=4)
)
def test_csv_reads_back_and_holds_no_formula(rows):
    for row, back in zip(rows, read(csv_of(rows)), strict=True):
        for cell, found in zip(row, back, strict=True):
            if re.fullmatch("[+−-]?[0-9,.]+%?", cell) and re.search("[0-9]%?$", cell):
                assert found == cell.replace("−", "-")
                continue
            assert found.removeprefix("'") == cell.removeprefix("'")
            assert not found.startswith(("=", "+", "-", "@", "\t"))


def test_a_number_that_is_a_text_stays_one():
    numbers = ["+0.1234", "−0.5", "-1,024", "−12.5%", "−∞", "-1+2", "−a"]
    assert read(csv_of([numbers])) == [["+0.1234", "-0.5", "-1,024", "-12.5%", "−∞", "'-1+2", "−a"]]


def test_elements_in_a_cell_do_not_run_together():
    table = "<tr><td>␣12<small>1</small></td><td><img alt='3 numbers'></td></tr>"
    over = "<figure><figcaption>q <small>2 × 3</small></figcaption>"
    markup = f"{over}<table>{table}<tr><th><bdi><i>␣</i>dog</bdi></th></tr></table></figure>"
    assert rows_of_markup(markup) == [["q 2 × 3"], ["␣12 1", "3 numbers"], ["␣dog"]]


def test_signs_of_bold_type_in_code_are_its_own():
    assert unmarked("**Power** is `a**b`, **`x`** its `` ` ``") == "Power is a**b, x its `"


def test_the_bars_of_tokens_have_their_tokens_names():
    bars = {"type": "bar", "x": np.array([70.0, 30.0]), "y": [0, 1], "name": "before"}
    axis = {"tickvals": [0, 1], "ticktext": ["<b>␣dog</b>", "<b>&lt;x&gt;</b>"]}
    figure = {"data": [bars], "layout": {"yaxis": axis}}
    expected = [["before", 70.0, "␣dog", "", ""], ["before", 30.0, "<x>", "", ""]]
    assert rows_of_figure(figure)[1:] == expected
    figure = json.loads(to_json(figure))  # arrays are in base64
    assert rows_of_figure(figure)[1:] == expected


def test_the_cells_of_a_heat_map():
    cells = {"type": "heatmap", "z": np.array([[1, 2], [3, 4]], "f4"), "x": ["a", "b"]}
    figure = {"data": [cells], "layout": {}}
    rows = [["heatmap 1", "a", 0, 1, ""], ["heatmap 1", "b", 0, 2, ""]]
    assert rows_of_figure(figure)[1:3] == rows
    figure = json.loads(to_json(figure))
    assert rows_of_figure(figure)[1:3] == rows


def test_the_cells_of_tables():
    frame = pd.DataFrame({"model": ["`a`"], "bits": ["**1.5**"]})
    assert rows_of_table(frame) == [["model", "bits"], ["a", "1.5"]]
    assert rows_of_frame(frame) == [["model", "bits"], ["`a`", "**1.5**"]]
    assert rows_of_table(frame.set_index("model")) == rows_of_table(frame)
    assert rows_of_table([{"a": "x", "b": "`` ` ``"}]) == [["a", "b"], ["x", "`"]]
    assert rows_of_frame({"a": ["x"], "b": ["y"]}) == [["a", "b"], ["x", "y"]]
    assert rows_of_frame(pa.table({"a": ["x"]})) == [["a"], ["x"]]
    markup = "<table><tr><th>of</th><td><b>1</b> &lt;</td></tr></table>"
    assert rows_of_markup(f"<style>td {{}}</style>{markup} left out") == [["of", "1 <"]]


def test_attention_reads_back_as_the_model_s_own_weights():
    trace = trace_attention(tiny_model(), (1, 2, 3, 4, 5))
    header = {"tokens": list("abcde"), "layers": 2, "heads": 2, "width": 0, "causal": True}
    rows = rows_of_message(message_of(header, pack_weights(trace.pattern.numpy(), True)))
    assert tuple(rows[0]) == COLUMNS and len(rows) == 1 + 4 * 15
    for layer, head, asks, token, asked, other, weight in rows[1:]:
        assert (token, other) == ("abcde"[asks], "abcde"[asked])
        assert abs(weight - trace.pattern[layer, head, asks, asked].item()) <= 1 / 510 + 1e-6


def test_a_handout_shows_names_as_text_and_asks_nobody():
    figure = {"data": [{"y": [1, float("nan")], "name": "</script>"}], "layout": {}}
    page = page_of(
        ABOUT,
        {"a": ("<img>", Chart(figure)), "b": ("", Markup(sheet([["<img>"], ["</script>"]])))},
    )
    assert "<img" not in page and "javascript:" not in page and OFF in page
    assert page.count("</script>") == page.count("<script")
    [drawn] = json.loads(re.search(r'id="data-0">(.*?)</script>', page)[1])["data"]
    assert drawn == {"y": [1, None], "name": "</script>"}  # JSON has no NaN
    assert "default-src 'none'" in page
    assert 1.5e6 < len(page) < 2.2e6


def test_a_lesson_s_handout_says_what_each_picture_is_of(monkeypatch):
    """And leaves out what a part of the page that was drawn again doesn't show any more."""
    monkeypatch.setattr(taking.st, "session_state", {taking._LESSON: True})
    monkeypatch.setattr(taking, "_popover", lambda *_: SimpleNamespace(open=False))
    tell_about(lambda: (ABOUT.title, ABOUT.prompt, ABOUT.model))

    def drawn(key):
        take_away(key, key, str, lambda: Markup(sheet([["x"]])))

    with pictures_in("maps"):
        for side, model in (("A", ABOUT.model), ("B · without head 0.1", "other")):
            with pictures_of(Subject(ABOUT.prompt, model, side)):
                drawn(f"map {side[0]}")
    drawn("below")
    pictures = taking.st.session_state[taking._PICTURES]
    b = f"map B · B · without head 0.1 (other: “{ABOUT.prompt}”)"
    assert [heading(each, ABOUT) for each in pictures.values()] == ["map A · A", b, "below"]
    with pictures_in("maps"):
        drawn("map A")
    kept = {key for key, taken in pictures.items() if not taken.gone}
    assert kept == {"map A", "below"} and [*pictures][0] == "map A"


def test_under_a_picture_stands_one_button_that_opens_two():
    app = app_at("averaging")
    app.run()
    assert not app.exception
    taken = [box for box in app.get("popover") if box.proto.popover.label == LABEL]
    assert taken and not app.get("download_button")
    torch.manual_seed(0)


def test_words_of_a_page_are_words_whatever_a_browser_tells():
    bad = "<img src=x onerror=a()>"
    said = [
        ["h2", "Why ", ["em", bad]],
        ["script", "alert(1)"],
        ["p onclick=a()", bad],
        {"link": "javascript:a()", "said": ["here"]},
        {"link": 'https://a.b/"><script>', "said": [["strong", "there"]]},
        ["details", ["summary", "more"], {"picture": "known"}, {"picture": bad}],
        [["p"], "nested"],
        ["br", "x"],
        *(None, 1, True, {"picture": 3}, [], {}),
    ]
    page = html_of(said, lambda key: "<b>drawn</b>" if key == "known" else "")
    assert "<h2>Why <em>&lt;img src=x onerror=a()&gt;</em></h2>" in page
    assert "<details><summary>more</summary><b>drawn</b></details>" in page
    tags = {*re.findall(r"<(\w+[^>]*)>", page)}
    link = 'a href="https://a.b/&quot;&gt;&lt;script&gt;"'
    assert tags == {"h2", "em", "details", "summary", "b", "strong", "br", link}


@given(st.recursive(st.text() | st.none() | st.integers(), lambda s: st.lists(s), max_leaves=20))
def test_no_told_tree_makes_a_tag_that_nobody_knows(said):
    page = html_of([["script", said], [["script"], said], said], lambda key: "")
    assert "<script" not in page.lower()


def test_a_told_tree_ends_somewhere():
    deep = ["p", "at the bottom"]
    for _ in range(5_000):
        deep = ["p", deep]
    page = html_of([["p", "above"], deep], lambda key: "")
    assert page.startswith("<p>above</p>") and "at the bottom" not in page
