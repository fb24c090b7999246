"""The Surprise lesson as a reader walks it: a guess, a token's expectations, a table trained."""

from playwright.sync_api import expect

from tests.browser.conftest import settled


def open_lesson(page, url):
    page.goto(f"{url}/surprise")
    page.get_by_role("heading", name="Try this").wait_for()
    settled(page)


def test_a_reader_guesses_looks_and_trains(new_page, app_url):
    page = new_page(color_scheme="dark", viewport={"width": 1280, "height": 720})
    open_lesson(page, app_url)
    tokens = page.locator(".surprise .t[tabindex]")
    expect(tokens).to_have_count(0)
    options = page.get_by_test_id("stMain").get_by_role("radiogroup").locator("label")
    expect(options.last).to_be_in_viewport()  # the picture and the question: the first screen
    options.first.click()
    expect(page.get_by_test_id("stAlert").first).to_be_in_viewport()  # and so is the verdict

    first, second = tokens.nth(0), tokens.nth(1)
    expect(first.locator(".told")).to_be_hidden()
    first.focus()
    expect(first.locator(".told")).to_be_visible()
    expect(first.locator(".told")).to_contain_text("bits")
    page.keyboard.press("Tab")
    expect(second.locator(".told")).to_be_visible()
    expect(first.locator(".told")).to_be_hidden()
    assert "surprise_" not in page.url

    page.get_by_role("button", name="Train the table").click()
    expect(page.get_by_text("What it writes after training")).to_be_visible()
    expect(page.get_by_text("this is a floor")).to_be_visible()


def test_nothing_is_cut_off_on_a_telephone(new_page, app_url):
    page = new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{app_url}/surprise?surprise_shown=true")
    page.get_by_role("heading", name="Try this").wait_for()
    settled(page)
    token = page.locator(".surprise .t[tabindex]").last
    token.click()
    box = token.locator(".told").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    main = "document.querySelector('[data-testid=stMain]')"
    assert page.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 0
