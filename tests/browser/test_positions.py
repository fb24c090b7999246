"""The Positions lesson as a reader walks it: a guess, positions moved, a shared address."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import metric, open_lesson, settled

ADDRESS = "/positions?prompt=GUS: Six stops"


def test_a_reader_predicts_removes_and_shares(page, new_page, app_url):
    open_lesson(page, app_url + ADDRESS)
    assert page.get_by_test_id("stMetric").count() == 0
    page.get_by_text("the probabilities change", exact=True).click()
    expect(page.get_by_text("The answer here: nothing happens")).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_text("removed", exact=True).click()
    page.get_by_text("Every q and k is turned back").wait_for()
    settled(page)
    moved = metric(page, "Loss after").inner_text()
    assert moved != metric(page, "Loss before, bits per token").inner_text()

    expect(page).to_have_url(re.compile("(?=.*emb_how=removed)(?!.*guess)"))
    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    # As an old link leads here.
    open_lesson(other, page.url.replace("/positions", "/embeddings"))
    other.get_by_text("the probabilities change", exact=True).click()
    expect(metric(other, "Loss after")).to_have_text(moved)
    main = "document.querySelector('[data-testid=stMain]')"
    assert other.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 0
