"""The four lessons after Sample, each as a reader walks it: predict, see, change a thing, see that.

And a search on a text of one's own, with its progress and Stop.
"""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import open_lesson, settled, stop_button


def answer(page, key, number=0):
    """Give an answer to the question whose key begins so; the verdict has to be in view."""
    radio = page.locator(f'[class*="st-key-{key}"]')
    expect(radio.get_by_test_id("stRadioOption").first).to_be_visible()
    radio.get_by_test_id("stRadioOption").nth(number).click()
    settled(page)
    expect(radio.locator('input[type="radio"]').first).to_be_disabled()  # the first guess counts
    verdict = radio.locator('xpath=following::*[@data-testid="stAlert"]').first
    expect(verdict).to_be_in_viewport(ratio=1)
    assert key not in page.url


def test_evaluation_from_a_guess_to_marked_copies(page, app_url):
    open_lesson(page, f"{app_url}/evaluation")
    tokens = page.locator(".surprise .t[tabindex]")
    expect(tokens).to_have_count(0)
    answer(page, "eval_own_")
    tokens.first.focus()
    expect(tokens.first.locator(".told")).to_contain_text("bits")
    copied = page.locator(".copied")
    expect(copied).to_have_count(0)
    answer(page, "eval_copy_")
    marks = copied.locator("mark")
    expect(marks.first).to_be_visible()
    slider = page.get_by_role("slider", name="Mark stretches of at least")
    slider.press("Home")
    settled(page)
    marked = (
        "[...document.querySelectorAll('.copied mark')].map(m => m.textContent).join('').length"
    )
    many = page.evaluate(marked)
    slider.press("End")  # a sample may be one mark in both cases, but less of it
    page.wait_for_function(f"many => {marked} < many", arg=many)
    expect(copied).to_be_in_viewport()


def test_tuning_from_a_guess_to_scaled_rates(page, app_url):
    open_lesson(page, f"{app_url}/tuning")
    assert page.get_by_text("takes that out").count() == 0
    answer(page, "tuning_rate")
    page.get_by_text("takes that out").wait_for()
    curve = page.locator('[class*="tuning_rate_curves"] .js-plotly-plot').first
    before = curve.locator(".scatterlayer").first.inner_html()
    page.locator(".st-key-tuning_mup").get_by_text("scaled by width").click()
    settled(page)
    expect(curve).to_be_in_viewport()
    assert curve.locator(".scatterlayer").first.inner_html() != before
    expect(page).to_have_url(re.compile("tuning_mup="))


def test_lean_models_from_a_guess_to_a_pruned_model(page, app_url):
    open_lesson(page, f"{app_url}/lean")
    assert page.locator(".st-key-lean_kind").count() == 0
    answer(page, "lean_bits_")
    page.locator(".st-key-lean_kind").wait_for()
    slider = page.get_by_role("slider", name="Share to remove, %")
    slider.press("End")
    expect(page.get_by_text(re.compile(r"^At [5-9]\d% \(plain"))).to_be_in_viewport()
    page.get_by_role("slider", name="Multiply the largest channel by").press("End")
    expect(page.get_by_text("The largest channel was made 50 times as large")).to_be_in_viewport()
    page.set_viewport_size({"width": 390, "height": 844})
    table = page.locator(".st-key-picture_lean_switch .table")
    cells = table.locator("td").filter(has_text=re.compile(r"\d \(.* to .*\)"))
    assert cells.count() > 10
    # A number and its interval have a line each; neither is broken.
    lines = """cell => {
      const of = (each) => each.getBoundingClientRect().height;
      const [whole, interval] = [cell.firstChild, cell.querySelector(".interval")].map(of);
      return Math.max(whole - interval, interval) / parseFloat(getComputedStyle(cell).lineHeight);
    }"""
    assert all(cell.evaluate(lines) < 1.5 for cell in cells.all())
    table.evaluate("table => table.scrollTo(table.scrollWidth, 0)")
    assert table.evaluate("table => table.scrollLeft") > 50
    name = table.locator("tbody th").first  # stays, and scrolls down with the rest
    assert abs(name.bounding_box()["x"] - table.bounding_box()["x"]) < 2


def test_fine_tuning_from_a_guess_to_a_rank(new_page, app_url):
    page = new_page(viewport={"width": 1280, "height": 720})  # a verdict begins below its edge
    open_lesson(page, f"{app_url}/fine_tuning")
    assert page.get_by_text("The same beginning, before and after").count() == 0
    answer(page, "tuned_")
    page.get_by_role("heading", name="The same beginning, before and after").wait_for()
    page.get_by_role("slider", name="Rank r").press("Home")
    expect(page.get_by_text("With rank 1 its adapter has 1 ·")).to_be_in_viewport()
    expect(page).to_have_url(re.compile("tuned_rank=1"))


@pytest.mark.parametrize("ends", [True, False], ids=["to its end", "stopped"])
def test_a_search_on_a_text_says_how_far_it_is(page, app_url, ends):
    seed = 1 if ends else 2
    open_lesson(page, f"{app_url}/tuning?tuning_seed={seed}&tuning_method=halving")
    page.get_by_role("button", name="Search on this text").click()
    expect(page.get_by_text(re.compile(r"\d+ of 1\d\d, "))).to_be_in_viewport()
    if not ends:
        stop_button(page).click()
        page.get_by_text("Stopped. Start it again").wait_for()
        return
    page.get_by_text("Computed here in").wait_for(timeout=600_000)
    expect(page.get_by_text("The usual one: ")).to_be_visible()
