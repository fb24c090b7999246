"""Lens and patching in a real browser: the lens, a state dragged over, a push, a shared address."""

from playwright.sync_api import expect

from tests.browser.conftest import pick, settled

PROMPT = "OTTO: Where is the red bucket?"
ADDRESS = f"/patching?prompt={PROMPT}&patch_at=5: ␣red&patch_token=␣blue"


def open_lesson(page, app_url, address=ADDRESS):
    page.set_default_timeout(60_000)
    page.goto(app_url + address)
    page.locator(".outcome .said").wait_for()
    settled(page)


def cell(page, grid, row, column):
    return page.locator(f"{grid} [data-row='{row}'][data-column='{column}']")


def chosen(page, grid):
    return page.locator(f"{grid} [aria-selected=true]")


def drag(page, place, to):
    """Press on a state of the upper grid, pull it to the middle of another grid, let go."""
    start = cell(page, ".source", *place)
    start.scroll_into_view_if_needed()
    box, end = start.bounding_box(), page.locator(to).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 40, end["y"] + 40, steps=4)
    expect(page.locator(".ghost")).to_be_visible()
    assert page.locator(".into .landing").get_attribute("data-row") == str(place[0])
    page.mouse.up()
    expect(page.locator(".ghost")).to_be_hidden()


def answer(page):
    """Both questions; the pictures behind them appear."""
    for guess in ("only after the last layer", "no more than in A"):
        page.get_by_test_id("stRadio").get_by_text(guess, exact=True).click()
        settled(page)
    page.locator(".lens").wait_for()


def test_a_reader_walks_through_and_shares_the_address(page, new_page, app_url):
    open_lesson(page, app_url)
    assert page.locator(".lens").count() == 0
    answer(page)

    cell(page, ".lens", 0, 3).click()  # choosing a column chooses the token of the whole page
    page.get_by_text("is token 3.").wait_for()

    # Drag a state from the upper to the lower grid: it lands in its own place.
    said = page.locator(".outcome .said")
    drag(page, (2, 5), to=".into")
    expect(said).to_contain_text("resid_pre of layer 2 at position 5 (␣blue)", timeout=60_000)
    drag(page, (1, 6), to=".source")  # let go where it came from: nothing is copied
    assert "layer 2 at position 5" in said.inner_text()
    cell(page, ".source", 1, 5).click()
    expect(said).to_contain_text("resid_pre of layer 1 at position 5", timeout=60_000)

    # The keyboard does the same: one position to the right, and copy.
    cell(page, ".into", 1, 5).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("resid_pre of layer 1 at position 6", timeout=60_000)
    pick(page, "Where it is added", "embedding")
    page.get_by_text("Nothing changes, whatever α is.").wait_for()
    moved = said.inner_text()
    settled(page)

    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    open_lesson(other, "", page.url)
    answer(other)
    other.get_by_text("is token 3.").wait_for()
    assert other.locator(".outcome .said").inner_text() == moved
    assert chosen(other, ".lens").first.get_attribute("data-column") == "3"
    other.get_by_text("Nothing changes, whatever α is.").wait_for()
    wide = other.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"
    )
    assert wide <= 0
