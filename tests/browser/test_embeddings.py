"""The Embeddings lesson as a reader walks it: a token, a guess, its neighbours."""

from playwright.sync_api import expect

from tests.browser.conftest import open_lesson, settled

# The place on the screen of the grey dot that has the most room around it, and its token.
ALONE = """() => {
    const map = document.querySelector(".st-key-emb_map .js-plotly-plot");
    const { xaxis, yaxis, _size } = map._fullLayout;
    const { left, top } = map.getBoundingClientRect();
    const dots = map._fullData.flatMap(({ x, y, customdata }) => Array.from(x, (_, i) => ({
        x: left + _size.l + xaxis.d2p(x[i]), y: top + _size.t + yaxis.d2p(y[i]),
        token: customdata?.[i] })));
    const apart = (a) => Math.min(...dots.filter((b) => b.token !== a.token)
        .map((b) => Math.hypot(a.x - b.x, a.y - b.y)).filter((far) => !Number.isNaN(far)));
    const grey = dots.slice(0, map._fullData[0].x.length);
    return grey.reduce((most, dot) => apart(dot) > apart(most) ? dot : most);
}"""
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

    # One of the other tokens, which are all one path.
    settled(page)
    dot = page.evaluate(ALONE)
    page.mouse.click(dot["x"], dot["y"])
    expect(chosen).to_contain_text(f"is row {dot['token']} of the table")
    token = chosen.inner_text()

    settled(page)
    assert "guess" not in page.url and "emb_near" not in page.url
    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    open_lesson(other, page.url)
    expect(other.get_by_text("is row").first).to_have_text(token)
    main = "document.querySelector('[data-testid=stMain]')"
    assert other.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 0
