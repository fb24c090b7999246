"""Bars of HTML: how long they are, on which side of zero, and what is read beside them."""

import re

import pytest
import torch
from lxml import html

from gpt_core.tokenizers import CharTokenizer
from ui.show.bars import Bars, Series, amount_bars, markup, probability_bars, probability_pairs
from ui.show.theme import LIGHT

TOKENIZER = CharTokenizer.train("abc<")


def drawn(bars):
    """Of each row its name, and of each bar its side, its share of the room and its number."""
    found = {}
    for row in html.fromstring(markup(bars, "what")).find(".//tbody"):
        cells = row.findall("td")
        found[row.findtext(".//bdi")] = [
            (
                "below" if cell.get("class") == "below" else "above",
                float(re.search(r"--of:([\d.]+)", bar.find("i").get("style"))[1]),
                bar.findtext("span"),
            )
            for cell in cells
            for bar in cell
        ]
    return found


def test_a_bar_is_its_share_of_the_longest():
    found = drawn(amount_bars(["one", "two"], [1500, 300], "red", ",d"))
    assert found == {"one": [("above", 1.0, "1,500")], "two": [("above", 0.2, "300")]}


def test_what_is_below_zero_stands_left_of_it():
    found = drawn(amount_bars(["up", "down"], [0.5, -2.0], ["red", "blue"], ".3g"))
    assert found == {"up": [("above", 0.25, "0.5")], "down": [("below", 1.0, "−2")]}


@pytest.mark.parametrize("amounts", [[], [0], [0, 0]])
def test_no_amount_is_no_bar(amounts):
    names = [f"name {i}" for i in range(len(amounts))]
    found = drawn(amount_bars(names, amounts, "red", ".2f"))
    assert found == {name: [("above", 0.0, "0.00")] for name in names}


def test_probabilities_are_shares_of_certainty_before_and_after():
    before, after = torch.tensor([0.5, 0.3, 0.2, 0.0]), torch.tensor([0.1, 0.05, 0.2, 0.65])
    bars = probability_pairs(before, after, TOKENIZER, top=3, names=("then", "now"))
    name = TOKENIZER.token_text
    assert drawn(bars) == {
        name(0): [("above", 0.5, "50.0%"), ("above", 0.1, "10.0%")],
        name(1): [("above", 0.3, "30.0%"), ("above", 0.05, "5.0%")],
        name(3): [("above", 0.0, "0%"), ("above", 0.65, "65.0%")],
    }
    legend = html.fromstring(markup(bars, "what")).find_class("legend")[0]
    assert [each.text_content() for each in legend] == ["then", "now"]
    rows = bars.rows()
    assert rows[0] == ["token", "then", "now"]
    assert rows[1] == [name(0), pytest.approx(0.5), pytest.approx(0.1)]
    best = probability_bars(after, TOKENIZER, top=2)
    assert drawn(best) == {name(3): [("above", 0.65, "65.0%")], name(2): [("above", 0.2, "20.0%")]}


def test_a_name_is_text_whatever_it_says():
    bars = Bars(["<b>x"], [Series([1.0], ["<i>"], [LIGHT.muted])], 1.0, amounts="<u>")
    page = html.fromstring(markup(bars, 'a "word" <x>'))
    assert page.findtext(".//bdi") == "<b>x"
    assert page.find(".//thead").text_content() == "<u>"
    assert page.find(".//table").get("aria-label") == 'a "word" <x>'
