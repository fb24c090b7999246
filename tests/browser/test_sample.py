import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import no_exception, settled, stop_button


@pytest.fixture
def lesson(page, app_url):
    page.goto(f"{app_url}/sample?length=40&seed=3&temperature=1&min_p=0")
    expect(page.locator(".text .given")).to_be_visible(timeout=60_000)
    settled(page)
    return page


def write(page):
    page.get_by_role("button", name="Write").click()
    expect(page.locator('.text[data-live="true"]')).to_be_visible()


def finished(page, length):
    expect(page.locator(f'.text[data-live="false"][data-written="{length}"]')).to_be_visible(
        timeout=60_000
    )


def test_text_streams_in_and_every_token_shows_its_draw(lesson):
    write(lesson)
    finished(lesson, 40)
    tokens = lesson.get_by_role("option")
    expect(tokens).to_have_count(40)
    tokens.nth(7).click()
    name = tokens.nth(7).get_attribute("aria-label").split(",")[0]
    draw = lesson.get_by_role("region", name="Where the chosen token came from")
    expect(draw.get_by_role("heading")).to_contain_text(f"{name} was drawn with")
    expect(draw.locator("li.drawn .name")).to_have_text(name)


def test_arrow_keys_go_from_token_to_token(lesson):
    write(lesson)
    finished(lesson, 40)
    tokens = lesson.get_by_role("option")
    tokens.nth(5).click()
    lesson.keyboard.press("ArrowRight")
    expect(tokens.nth(6)).to_be_focused()
    expect(tokens.nth(6)).to_have_attribute("aria-selected", "true")
    expect(tokens.nth(5)).to_have_attribute("aria-selected", "false")
    lesson.keyboard.press("Home")
    expect(tokens.nth(0)).to_be_focused()
    lesson.keyboard.press("ArrowLeft")
    expect(tokens.nth(0)).to_be_focused()
    lesson.keyboard.press("End")
    expect(tokens.nth(39)).to_be_focused()
    lesson.keyboard.press("ArrowUp")
    expect(tokens.nth(39)).not_to_be_focused()


def test_stop_keeps_the_text(page, app_url):
    page.goto(f"{app_url}/sample?length=400")
    write(page)
    page.get_by_role("option").nth(10).wait_for()
    stop_button(page).click()
    expect(page.locator('.text[data-live="false"]')).to_be_visible()
    settled(page)
    count = page.get_by_role("option").count()
    assert 10 < count < 400
    expect(page.get_by_role("button", name="Write")).to_be_visible()
    page.get_by_role("option").nth(3).click()  # all draws are there, not only the last
    expect(page.locator(".draw li.drawn")).to_have_count(1)
    assert page.get_by_role("option").count() == count


def test_settings_redraw_the_next_token_and_stay_in_the_address(lesson):
    bars = lesson.get_by_label("Probabilities of the next token")
    expect(bars.locator("li.cut")).to_have_count(0)
    lesson.get_by_role("textbox", name="Top-k").fill("3")
    lesson.keyboard.press("Enter")
    expect(bars.locator("li.cut")).to_have_count(7)  # six of nine tokens, and all the others
    expect(bars.locator("li:not(.cut)")).to_have_count(3)
    expect(lesson).to_have_url(re.compile("top_k=3"))
    lesson.reload()
    expect(bars.locator("li.cut")).to_have_count(7, timeout=60_000)


def test_the_bars_are_as_long_as_their_numbers_say(lesson):
    row = lesson.get_by_label("Probabilities of the next token").locator("li").first
    share = float(re.match(r"([\d.]+)%", row.locator(".numbers").inner_text())[1])
    widths = row.evaluate(
        "row => ['.before', '.track'].map(s => row.querySelector(s).getBoundingClientRect().width)"
    )
    assert 100 * widths[0] / widths[1] == pytest.approx(share, abs=1)


def test_the_same_address_writes_the_same_text(lesson, new_page, app_url):
    write(lesson)
    finished(lesson, 40)
    other = new_page()
    other.goto(f"{app_url}/sample?length=40&seed=3&temperature=1&min_p=0")
    write(other)
    finished(other, 40)
    texts = [p.locator(".text[role=listbox]").inner_text() for p in (lesson, other)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_needs_no_sideways_scrolling(new_page, app_url, scheme):
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page.goto(f"{app_url}/sample?length=40&prompt=MABEL%3A%20Wh")
    write(page)
    finished(page, 40)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 1
    no_exception(page)
