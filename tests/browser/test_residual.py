"""The residual-stream lesson in a real browser: a prediction, the lens, a state dragged over."""

from playwright.sync_api import expect

from tests.browser.conftest import settled

PROMPT = "OTTO: Where is the red bucket?"
ADDRESS = f"/residual?prompt={PROMPT}&patch_at=5: ␣red&patch_token=␣blue"


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


def test_a_reader_walks_through_and_shares_the_address(page, new_page, app_url):
    open_lesson(page, app_url)
    assert page.get_by_text("Check.").count() == 0
    page.get_by_test_id("stRadio").get_by_text("no, another branch does", exact=True).click()
    page.get_by_text("They agree to within 10⁻⁴.").wait_for()

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
    moved = said.inner_text()
    settled(page)

    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    open_lesson(other, "", page.url)
    other.get_by_text("is token 3.").wait_for()
    other.get_by_text("They agree to within 10⁻⁴.").wait_for()
    assert other.locator(".outcome .said").inner_text() == moved
    assert chosen(other, ".lens").first.get_attribute("data-column") == "3"
    wide = other.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"
    )
    assert wide <= 0
