"""A prompt typed letter by letter, and nasty addresses, in a real browser."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import no_exception, settled
from tests.helpers import write_run


@pytest.fixture(scope="module")
def model(runs_folder):
    return write_run(runs_folder, "0000ad0e", block_size=64).name


def address(page):
    return {name: texts[-1] for name, texts in parse_qs(urlsplit(page.url).query).items()}


def prompt_box(page):
    return page.get_by_role("textbox", name="Prompt under study")


def whole(page, prompt):
    """The page is about this prompt by now, and shows no exception."""
    last = prompt[-1].replace(" ", "␣")
    expect(page.get_by_text("Your prompt ends with")).to_contain_text(
        f"Your prompt ends with {last}"
    )
    no_exception(page)


def value_of(page, label):
    """What the slider with this label shows above its knob."""
    slider = page.get_by_test_id("stSlider").filter(has_text=label)
    return slider.get_by_test_id("stSliderThumbValue").inner_text()


def test_letters_come_and_go(page, app_url, model):
    page.goto(f"{app_url}/averaging?model={model}&prompt=NADIA: Who put")
    whole(page, "NADIA: Who put")
    box, text = prompt_box(page), "It rains"
    box.fill("")
    for end in range(1, len(text) + 1):
        box.press("Space" if text[end - 1] == " " else text[end - 1])
        whole(page, text[:end])
    for end in range(len(text) - 1, 0, -1):
        box.press("Backspace")
        whole(page, text[:end])


def test_sliders_follow_the_prompt_and_come_back_to_what_was_chosen(page, app_url, model):
    page.goto(f"{app_url}/averaging?model={model}&prompt=NADIA: Who put&shown=8&row=5")
    whole(page, "NADIA: Who put")
    settled(page)
    assert (value_of(page, "Tokens"), value_of(page, "Row")) == ("8", "5")
    box = prompt_box(page)
    box.fill("duck")
    expect(page).to_have_url(re.compile("prompt=duck"))
    settled(page)
    sliders = page.get_by_test_id("stSlider").filter(has_text="Tokens")
    expect(sliders).to_have_count(1)  # the one with other limits is gone
    expect(sliders).to_contain_text("4")
    assert (value_of(page, "Tokens"), value_of(page, "Row")) == ("4", "3")
    assert not {"shown", "row"} & address(page).keys()  # both stand on their defaults now
    box.fill("NADIA: Who put a duck")
    expect(page).to_have_url(re.compile("shown=8"))
    settled(page)
    assert (value_of(page, "Tokens"), value_of(page, "Row")) == ("8", "5")
    assert address(page)["row"] == "5"
    assert address(page)["prompt"] == "NADIA: Who put a duck"


def test_a_nasty_address_is_put_right(page, app_url, model):
    nasty = "step=&shown=1e309&row=-1&of_head=&scores_of=&scores_seed=1e309&divisor=a%00b"
    page.goto(f"{app_url}/averaging?model={model}&prompt=NADIA: Who put&{nasty}")
    whole(page, "NADIA: Who put")
    settled(page)
    no_exception(page)
    assert address(page) == {"model": model, "prompt": "NADIA: Who put", "row": "0"}
