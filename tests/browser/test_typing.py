"""A prompt typed letter by letter, and nasty addresses, in a real browser."""

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


def type_letters(page, text):
    """Clear the box and type; after every letter the page is whole."""
    box = prompt_box(page)
    box.fill("")
    for end in range(1, len(text) + 1):
        box.press(text[end - 1] if text[end - 1] != " " else "Space")
        expect(box).to_have_value(text[:end])
        settled(page)
        no_exception(page)


def test_letters_come_and_go(page, app_url, model):
    page.goto(f"{app_url}/averaging?model={model}&prompt=NADIA: Who put")
    settled(page)
    type_letters(page, "It rains")
    box = prompt_box(page)
    for _ in "It rain":
        box.press("Backspace")
        settled(page)
        no_exception(page)
    expect(box).to_have_value("I")


def test_a_nasty_address_is_put_right(page, app_url, model):
    nasty = "step=&shown=1e309&row=-1&of_head=&scores_of=&scores_seed=1e309&divisor=a%00b"
    page.goto(f"{app_url}/averaging?model={model}&prompt=NADIA: Who put&{nasty}")
    settled(page)
    no_exception(page)
    assert address(page) == {"model": model, "prompt": "NADIA: Who put", "row": "0"}
