"""The residual-stream lesson in a real browser: a prediction, its mark, a shared address."""

from playwright.sync_api import expect

from tests.browser.conftest import settled

PROMPT = "OTTO: Where is the red bucket?"


def open_lesson(page, address):
    page.set_default_timeout(60_000)
    page.goto(address)
    page.get_by_text("writes the longest vector here").wait_for()
    settled(page)


def test_a_reader_guesses_and_shares_the_address(page, new_page, app_url):
    open_lesson(page, f"{app_url}/residual?prompt={PROMPT}")
    assert page.get_by_text("Check.").count() == 0
    guess = page.get_by_test_id("stRadio").get_by_text("it does push it up, but", exact=False)
    guess.click()
    page.get_by_text("They agree to within 10⁻⁴.").wait_for()
    page.get_by_role("slider", name="Which token's stream").press("Home")
    page.get_by_text("is token 0.").wait_for()
    settled(page)
    # The guess stays marked, and no other can be made.
    radios = page.get_by_test_id("stRadio").get_by_role("radio")
    expect(radios.nth(1)).to_be_checked()
    expect(radios.nth(0)).to_be_disabled()

    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    open_lesson(other, page.url)
    other.get_by_text("is token 0.").wait_for()
    assert other.get_by_text("Check.").count() == 0  # no guess in the address
    wide = other.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"
    )
    assert wide <= 0
