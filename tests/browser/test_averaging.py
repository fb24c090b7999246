"""The averaging lesson in a real browser, walked as a reader would."""

from playwright.sync_api import expect

from tests.browser.conftest import open_lesson, settled

NONSENSE = "step=7&shown=99&row=99&of_layer=9&of_head=a&divisor=x&scores_seed=-1"
ADDRESS = f"/averaging?prompt=GUS: Six red stops&{NONSENSE}"


def seen(page):
    """What the visitor's choices have led to."""
    for text in ("Divided by nothing:", "Row 4"):
        page.get_by_text(text, exact=text == "Row 4").wait_for()
    weights = page.locator("figure", has_text="softmax of each row").inner_text()
    painted = page.wait_for_selector(".map[data-painted]").get_attribute("data-painted")
    return weights, painted, page.get_by_text("Channel 0 of its average").inner_text()


def test_a_walk_through_the_lesson(page, new_page, app_url):
    open_lesson(page, app_url + ADDRESS)  # whose nonsense is ignored
    expect(page.get_by_text("Step 1, a loop.")).to_be_visible()
    expect(page.get_by_text("what the model learned with")).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_text("4 · q·k").click()
    page.get_by_text("this is attention").wait_for()
    page.get_by_role("slider", name="Row").press("ArrowLeft")
    page.get_by_text("Row 4", exact=True).wait_for()
    page.get_by_role("slider", name="Divide the scores by").press("End")
    page.get_by_text("Softmax saturates").wait_for()
    page.get_by_test_id("stRadio").get_by_text("The one without: lower loss").click()
    page.get_by_text("Not quite.").wait_for()
    page.get_by_text("Recorded on").wait_for()
    settled(page)
    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    open_lesson(other, page.url)
    assert seen(other) == seen(page)
    main = "document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"
    assert other.evaluate(main) <= 0
