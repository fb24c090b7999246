"""Multi-head attention and Head importance in a real browser: what is chosen, and the address."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import open_lesson, settled
from tests.helpers import write_run

WIDE = "document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"


def test_a_reader_walks_from_heads_to_one_vector_and_shares_it(page, new_page, app_url):
    open_lesson(page, f"{app_url}/heads?prompt=OTTO: A red bucket?")
    page.get_by_role("slider", name="Layer").press("ArrowRight")
    page.get_by_text("layer 1 has mixed").wait_for()
    page.get_by_role("slider", name="Token").press("Home")
    page.get_by_text("At position 0,").wait_for()
    page.get_by_test_id("stRadioGroup").get_by_text("just as many").click()
    page.get_by_text("Where each head gives most").or_(
        page.get_by_text("sees only itself")
    ).wait_for()
    page.get_by_text("One number by hand").click()
    page.get_by_text("differ from the model's own attn_out").wait_for()
    settled(page)
    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    open_lesson(other, page.url)
    for seen in ("layer 1 has mixed", "At position 0,"):
        assert other.get_by_text(seen).count() == 1, seen
    # A guess isn't in the address.
    assert other.get_by_text("sees only itself").count() == 0
    assert other.evaluate(WIDE) <= 0


def test_a_reader_walks_the_lesson_on_importance_and_shares_it(page, new_page, app_url):
    # An old link: what it chose has moved to this lesson.
    open_lesson(page, f"{app_url}/heads?prompt=OTTO: A red bucket?&heads_seed=1")
    expect(page).to_have_url(re.compile("/head_importance"))
    page.locator(".map").first.get_by_role("gridcell", name="Layer 1, head 2").click()
    page.get_by_text("Layer 1, head 2, on 40 scenes").wait_for()
    assert page.get_by_text("Choose an answer first").count() == 1
    page.get_by_test_id("stRadio").get_by_text("in the lower half").click()
    page.get_by_text("With all heads the loss is").wait_for()
    page.get_by_test_id("stButtonGroup").get_by_text("your prompt").click()
    expect(page).to_have_url(re.compile("heads_kind=your"))
    settled(page)
    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    open_lesson(other, page.url)
    assert other.get_by_text("Layer 1, head 2, on 40 scenes").count() == 1
    assert other.get_by_text("Choose an answer first").count() == 1
    assert other.evaluate(WIDE) <= 0


def test_a_model_of_ones_own_gets_roles_by_a_button(page, app_url, runs_folder):
    write_run(runs_folder, "00000e4d", block_size=8)
    open_lesson(page, f"{app_url}/head_importance?model=00000e4d&prompt=OTTO")
    page.get_by_role("button", name="Find roles").click()
    page.get_by_text("Computed here in").wait_for(timeout=240_000)  # jobs are nice to others
    assert page.get_by_text(re.compile("a clear role[,:]")).count() == 1


def test_the_lines_that_ran_come_when_they_are_opened(page, app_url):
    """With what colours them, a third of all that a page would load."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    open_lesson(page, f"{app_url}/heads")
    assert asked and not any("SyntaxHighlighter" in url for url in asked)
    box = page.get_by_test_id("stExpander").filter(has_text="The lines that ran")
    box.locator("summary").click()
    expect(box.get_by_test_id("stCode")).to_contain_text("def output_step")
    expect(box).to_contain_text("gpt_core/")
    box.locator("summary").click()
    expect(box.get_by_test_id("stCode")).to_be_hidden()
