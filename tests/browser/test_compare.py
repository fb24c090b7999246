"""Two beside each other, as a reader makes them: switched on, B typed, and off again."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import no_exception, settled


def test_b_is_typed_beside_a_and_gone_with_the_switch(page, app_url):
    page.goto(f"{app_url}/attention")
    page.locator(".map[data-painted]").wait_for(timeout=60_000)
    settled(page)
    page.get_by_text("Compare", exact=True).click()
    expect(page.locator(".map")).to_have_count(2)
    box = page.get_by_role("textbox", name="B: prompt")
    box.fill("INT. THE LIBRARY - AFTERNOON⏎⏎(Nadia and")
    expect(page.get_by_text("Most likely next token").first).to_be_visible()
    expect(page.locator(".map").nth(1)).to_have_attribute("data-painted", re.compile("LIBRARY"))
    expect(page).to_have_url(re.compile("b_prompt="))
    first, second = (page.locator(".map").nth(i).bounding_box() for i in (0, 1))
    assert abs(first["y"] - second["y"]) <= 1 and second["x"] >= first["x"] + first["width"]
    page.get_by_text("Compare", exact=True).click()
    expect(page.locator(".map")).to_have_count(1)
    expect(page).not_to_have_url(re.compile("b_|side_by_side"))
    no_exception(page)
