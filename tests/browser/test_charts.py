"""Charts are drawn where a reader is, once, and follow what changes."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import open_lesson, settled

DRAWN = "charts => charts.map(chart => chart.classList.contains('js-plotly-plot'))"


def test_a_chart_is_drawn_when_it_is_near_and_follows(page, app_url):
    page.set_viewport_size({"width": 1280, "height": 600})
    open_lesson(page, app_url + "/heads?prompt=GUS: Six stops")
    charts = page.locator(".chart")
    box = charts.last.bounding_box()
    assert box["y"] > 600 + 400 and not charts.evaluate_all(DRAWN)[-1]  # a place is kept for it
    # It is drawn before it is on the screen.
    main = page.get_by_test_id("stMain")
    main.evaluate("(main, by) => main.scrollBy(0, by)", box["y"] - 600 - 200)
    charts.last.locator(".bars").first.wait_for(state="attached")
    assert charts.last.bounding_box()["y"] > 600
    charts.last.scroll_into_view_if_needed()
    assert charts.last.bounding_box()["height"] == box["height"]

    first = charts.first.element_handle()
    charts.first.locator(".bars").first.wait_for()
    bars = "chart => [...chart.querySelectorAll('.bars path')].map(bar => bar.getAttribute('d'))"
    before = first.evaluate(bars)
    page.locator(".st-key-heads_layer input").press("ArrowRight")
    settled(page)
    assert first.evaluate(bars) != before  # the same element: nothing was thrown away
    page.set_viewport_size({"width": 900, "height": 600})
    page.wait_for_function(
        "chart => chart.querySelector('.main-svg').clientWidth === chart.clientWidth", arg=first
    )

    first.evaluate("chart => chart.closest('[class*=st-key-]').requestFullscreen()")
    page.wait_for_function(
        "chart => chart.querySelector('.main-svg').clientHeight > 500", arg=first
    )
    page.evaluate("document.exitFullscreen()")
    page.wait_for_function(
        "chart => chart.querySelector('.main-svg').clientHeight < 300", arg=first
    )


def test_a_picture_whose_script_does_not_come_says_so(page, app_url):
    page.route(
        "**/_scripts/attention_map.*",
        lambda route: route.fulfill(content_type="text/javascript", body=""),
    )
    open_lesson(page, app_url + "/attention")
    said = page.get_by_text("This part of the page could not be drawn")
    expect(said).to_have_count(1)
    assert "Reload the page." in said.inner_text()
    page.unroute("**/_scripts/attention_map.*")
    page.reload()
    page.locator(".map[data-painted]").wait_for()
    assert said.count() == 0


@pytest.mark.parametrize(("lesson", "script"), [("", "machine"), ("head_born", "film")])
def test_what_plays_is_off_until_its_script_has_come(page, app_url, lesson, script):
    """A press before would be lost."""
    held = []
    page.route(f"**/_scripts/{script}.*", lambda route: held.append(route))
    page.goto(f"{app_url}/{lesson}")
    play = page.get_by_test_id("stMain").locator(".play")
    expect(play).to_be_disabled()
    for first in page.locator("#first-view .play").all():
        expect(first).to_be_disabled()
    while not held:
        page.wait_for_timeout(100)
    held[0].continue_()
    expect(play).to_be_enabled()
    before = play.inner_text()
    play.click()
    expect(play).not_to_have_text(before)


def test_the_script_is_read_before_the_first_chart_and_once(page, app_url):
    scripts = "document.head.querySelectorAll('script[src*=_plotly]').length"
    page.add_init_script("""window.busy = setInterval(
        () => document.dispatchEvent(new Event('pointermove')), 200)""")
    open_lesson(page, app_url + "/tokenization")
    page.wait_for_timeout(6500)  # longer than it waits for quiet
    assert page.evaluate(scripts) == 0
    page.evaluate("clearInterval(window.busy)")
    page.wait_for_function("window.Plotly")
    page.evaluate("document.querySelector('a[href$=heads]').click()")
    page.locator(".chart .bars").first.wait_for()
    assert page.evaluate(scripts) == 1
