"""The Embeddings lesson as a reader walks it: a token, its neighbours, positions moved."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import metric, open_lesson, settled

ADDRESS = "/embeddings?prompt=GUS: Six stops"


def test_a_reader_searches_clicks_predicts_and_shares(page, new_page, app_url):
    open_lesson(page, app_url + ADDRESS)
    search = page.get_by_role("textbox", name="Search the vocabulary")
    search.fill("Monday")
    search.press("Enter")
    chosen = page.get_by_text("is row").first
    expect(chosen).to_contain_text("Monday")
    settled(page)

    # The nearest token's point, in the picture: a click on it chooses that token.
    point = page.locator(".st-key-emb_map .scatterlayer .trace").nth(-2).locator("path.point").first
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(chosen).not_to_contain_text("Monday")
    token = chosen.inner_text()

    assert page.get_by_test_id("stMetric").count() == 0
    page.get_by_text("the probabilities change", exact=True).click()
    expect(page.get_by_text("The answer here: nothing happens")).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_text("removed", exact=True).click()
    page.get_by_text("Every q and k is turned back").wait_for()
    settled(page)
    moved = metric(page, "Loss after").inner_text()
    assert moved != metric(page, "Loss before").inner_text()

    expect(page).to_have_url(re.compile("(?=.*emb_how=removed)(?=.*emb_search=)(?!.*guess)"))
    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    open_lesson(other, page.url)
    other.get_by_text("the probabilities change", exact=True).click()
    expect(other.get_by_text("is row").first).to_have_text(token)
    expect(metric(other, "Loss after")).to_have_text(moved)
    main = "document.querySelector('[data-testid=stMain]')"
    assert other.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 0
