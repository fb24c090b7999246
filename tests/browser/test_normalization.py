"""The lesson that compares norms, walked as a reader would: predict, look, share the address."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import open_lesson, settled


def choose(page, key, name):
    page.locator(f".st-key-{key}").get_by_text(name, exact=True).click()


def test_a_reader_predicts_looks_and_shares_the_address(page, new_page, app_url):
    open_lesson(page, app_url + "/normalization")
    assert page.get_by_text("Recorded on").count() >= 3
    choose(page, "norms_axes", "BatchNorm")
    page.get_by_text("every token of every sequence, later ones too").wait_for()
    marked = page.locator(".sheets td.with")
    expect(marked).to_have_count(page.locator(".sheets tbody tr").count())
    choose(page, "norms_guess", "RMSNorm")
    page.get_by_text("Not quite. Measured just now").wait_for()
    page.locator(".moved td.leak").first.wait_for()
    choose(page, "norms_leak_norm", "LayerNorm")
    page.get_by_text("exactly 0").wait_for()
    expect(page.locator(".moved td.leak")).to_have_count(0)
    page.get_by_role("slider", name="Multiply the stream by").press("End")
    page.get_by_text("multiplied by 100 as it enters").wait_for()
    expect(page).to_have_url(re.compile("norms_times=.*100"))
    settled(page)

    other = new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    open_lesson(other, page.url)
    choose(other, "norms_guess", "RMSNorm")  # no guess is in the address
    for seen in ("Not quite. Measured", "exactly 0", "multiplied by 100 as it enters"):
        other.get_by_text(seen).wait_for()
    expect(other.locator(".sheets td.with")).to_have_count(marked.count())
    wide = other.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"
    )
    assert wide <= 0
