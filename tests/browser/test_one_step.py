"""The lesson on one step in a real browser: predict, slide, break, share."""

import re
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import expect

from tests.browser.conftest import metric, open_lesson, settled, stop_button

SLOW = 120_000  # ms
ADDRESS = "/one_step?prompt=OTTO: Who put a duck in the dryer?&step_optimizer=AdamW"


def test_predict_slide_break_and_share(page, new_page, app_url):
    page.set_default_timeout(SLOW)
    open_lesson(page, app_url + ADDRESS)
    assert page.get_by_role("slider", name="Learning rate").count() == 0
    page.get_by_test_id("stRadio").get_by_text("it rises").click()
    page.get_by_text("the step at ×10 leads to").wait_for()
    loss = metric(page, "This sentence")
    at_one = loss.inner_text()
    slider = page.get_by_role("slider", name="Learning rate")
    slider.press("ArrowRight")
    expect(page.get_by_text("×3: 0.003")).to_be_visible()
    settled(page)
    assert loss.inner_text() != at_one
    picture = page.locator("[data-painted]")
    before = picture.get_attribute("data-painted")
    page.get_by_test_id("stButtonGroup").get_by_text("after", exact=True).click()
    expect(picture).not_to_have_attribute("data-painted", before)
    expect(page.get_by_role("heading", name="Layer")).to_be_visible()

    page.get_by_role("button", name="Break a copy of the model").click()
    expect(page.get_by_text("Computed here in")).to_be_visible()
    found = page.locator("strong", has_text=re.compile("Autopsy|Nothing broke"))
    expect(found).to_be_visible()
    assert stop_button(page).count() == 0

    known = parse_qs(urlparse(page.url).query)
    assert {"step_factor", "step_view"} <= known.keys()
    assert not any("guess" in key for key in known)
    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    other.set_default_timeout(SLOW)
    open_lesson(other, page.url)
    other.get_by_test_id("stRadio").get_by_text("it rises").click()
    other.get_by_role("slider", name="Learning rate").wait_for()
    settled(other)
    assert metric(other, "This sentence").inner_text() == loss.inner_text()
    wide = other.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"
    )
    assert wide <= 0
    # The same weights and settings: what one visitor had computed is there for the next.
    expect(other.get_by_text("Computed here in")).to_be_visible()
