"""The LayerNorm lesson in a real browser: the slider, and the address that remembers it."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import metric, settled

ADDRESS = "/layernorm?prompt=GUS: Six stops&norm_name=norm_f"


def open_lesson(page, app_url, address=ADDRESS, guess="the same"):
    page.set_default_timeout(60_000)
    page.goto(app_url + address)
    page.get_by_role("heading", name="Does the norm care").wait_for()
    settled(page)
    if guess:
        page.get_by_test_id("stRadio").get_by_text(guess, exact=True).click()
        settled(page)


def test_the_slider_moves_and_the_result_stays(page, app_url):
    open_lesson(page, app_url)
    size = metric(page, "Size going in").inner_text()
    slider = page.get_by_role("slider", name="Multiply by")
    for _ in ("×2", "×5", "×10"):
        slider.press("ArrowRight")
    page.get_by_text("At a = 10,").wait_for()
    settled(page)
    larger = metric(page, "Size going in").inner_text().replace(",", "")
    assert float(larger) == pytest.approx(10 * float(size), rel=1e-3)
    assert metric(page, "Size coming out").inner_text() == "1"
    assert metric(page, "Probability that moved").inner_text() == "0.00%"
    assert page.get_by_text("The norm hardly cares.").count() == 1


def test_an_address_opens_the_same_state_again(page, new_page, app_url):
    open_lesson(page, app_url, ADDRESS.replace("norm_f", "blocks.0.norm1"))  # reads small numbers
    page.get_by_role("slider", name="Multiply by").press("Home")
    page.get_by_role("slider", name="Which token").press("ArrowLeft")
    page.get_by_test_id("stButtonGroup").get_by_text("mean", exact=True).click()
    for seen in ("At a = 0.001,", "is token 3.", "On this prompt the mean is"):
        page.get_by_text(seen).wait_for()
    settled(page)
    other = new_page(color_scheme="dark")
    open_lesson(other, "", page.url)
    metric(other, "Size going in").wait_for()
    expect(other.get_by_role("textbox", name="Prompt")).to_have_value("GUS: Six stops")
    assert other.get_by_text("is token 3.").count() == 1
    assert other.get_by_text("On this prompt the mean is").count() == 1
    assert other.get_by_text("the norm does care").count() == 1
    for label in ("Size going in", "Size coming out", "Probability that moved"):
        assert metric(other, label).inner_text() == metric(page, label).inner_text()


def test_the_answer_comes_after_the_prediction(page, app_url):
    open_lesson(page, app_url, "/layernorm?norm_name=blocks.0.norm1", guess=None)
    assert page.get_by_role("slider", name="Multiply by").count() == 0
    page.get_by_test_id("stRadio").get_by_text("ten times as much").click()
    page.get_by_role("slider", name="Multiply by").wait_for()
    assert page.get_by_text("Not quite. Closer is the same.").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_lesson_fits_a_phone(new_page, app_url, scheme):
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    open_lesson(page, app_url)
    page.locator(".js-plotly-plot").first.wait_for()
    wide = page.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"
    )
    assert wide <= 0
