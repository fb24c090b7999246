"""The Multi-head lesson in a real browser: heads, prediction, a token, and the address again."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import open_lesson, settled
from tests.helpers import write_run


def test_a_reader_walks_the_lesson_and_shares_it(page, new_page, app_url):
    open_lesson(page, f"{app_url}/heads?prompt=OTTO: A red bucket?")
    assert page.get_by_text("differ from the model's own attn_out").count() == 1
    page.get_by_role("slider", name="Layer").press("ArrowRight")
    page.get_by_text("every head of layer 1 has").wait_for()
    page.get_by_role("slider", name="Token").press("Home")
    page.get_by_text("At position 0,").wait_for()
    grid = page.locator(".map").first
    grid.get_by_role("gridcell", name="Layer 1, head 2").click()
    page.get_by_text("Layer 1, head 2, on 40 scenes").wait_for()
    assert page.get_by_text("Choose an answer first").count() == 1
    page.get_by_test_id("stRadio").get_by_text("in the lower half").click()
    page.get_by_text("You said: in the lower half.").wait_for()
    page.get_by_text("With all heads the loss is").wait_for()
    page.get_by_test_id("stButtonGroup").get_by_text("your prompt").click()
    expect(page).to_have_url(re.compile("heads_kind=your"))
    settled(page)
    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    open_lesson(other, page.url)
    for seen in (
        "every head of layer 1 has",
        "At position 0,",
        "Layer 1, head 2, on 40 scenes",
        "You said: in the lower half.",
    ):
        assert other.get_by_text(seen).count() == 1, seen
    wide = "document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"
    assert other.evaluate(wide) <= 0


def test_a_model_of_ones_own_gets_roles_by_a_button(page, app_url, runs_folder):
    write_run(runs_folder, "00000e4d", block_size=8)
    open_lesson(page, f"{app_url}/heads?model=00000e4d&prompt=OTTO")
    page.get_by_role("button", name="Find roles").click()
    page.get_by_text("Computed here in").wait_for(timeout=240_000)  # jobs are nice to others
    assert page.get_by_text("of 4 heads ha").count() == 1
