"""The Embeddings lesson as a reader walks it: a token, a guess, its neighbours."""

from playwright.sync_api import expect

from tests.browser.conftest import open_lesson, settled

ADDRESS = "/embeddings?prompt=GUS: Six stops"


def test_a_reader_guesses_searches_clicks_and_shares(page, new_page, app_url):
    open_lesson(page, app_url + ADDRESS)
    expect(page.get_by_text("Nearest when read")).to_have_count(0)
    page.get_by_test_id("stRadioOption").first.click()
    page.get_by_text("Nearest when read").wait_for()
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

    settled(page)
    assert "guess" not in page.url and "emb_near" not in page.url
    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    open_lesson(other, page.url)
    expect(other.get_by_text("is row").first).to_have_text(token)
    main = "document.querySelector('[data-testid=stMain]')"
    assert other.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 0
