"""A newcomer's first minute, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from course.lessons import COURSE
from pages.home import words as home
from tests.browser.conftest import group, link_to, open_from_menu, settled, start_app, stop_app
from ui.app.door import CLOSED

MENU = {heading: [lesson.title for lesson in lessons] for heading, lessons in COURSE.items()}


def main_text(page):
    return page.get_by_test_id("stMain").inner_text()


def prompt_box(page):
    return page.get_by_role("textbox", name="Prompt under study")


# Of the title and the machine: where each begins, and how wide it is.
PLACES = """() => ["h1", ".machine"]
    .map((part) => [document, ...[...document.querySelectorAll("*")].map((node) => node.shadowRoot)]
        .map((root) => root?.querySelector(part)).find(Boolean).getBoundingClientRect())
    .flatMap(({ left, top, width }) => [left, top, width])"""
LIVE = ".machine:has(.next:enabled)"  # a recorded one can't go on
# The same at the moment when the first words go away.
AT_ONCE = f"""document.addEventListener("DOMContentLoaded", () => {{
  const looks = new MutationObserver(() => {{
    if (document.getElementById("first-view")) return;
    looks.disconnect();
    window.atOnce = ({PLACES})();
  }});
  looks.observe(document.body, {{ childList: true }});
}})"""
# What draws a style sheet, the machine: Streamlit asks for it when it comes to it.
DRAWS = re.compile("static/js/(Html|BidiComponent)")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720), (390, 844)])
def test_before_streamlit_does_the_first_words_and_the_machine_stand_in_their_places(
    new_page, app_url, width, height
):
    page = new_page(viewport={"width": width, "height": height}, color_scheme="dark")
    held, late = [], []
    page.route("**/static/js/index.*", lambda route: held.append(route))
    page.route(DRAWS, lambda route: late.append(route))
    page.add_init_script(AT_ONCE)
    page.goto(app_url, wait_until="commit")
    first = page.locator("#first-view")
    first.locator(".machine[data-painted]").wait_for()
    expect(first.locator("h1")).to_have_text(home.TITLE)
    expect(first.locator("p").first).to_have_text(home.INTRO)
    expect(first.locator(".says")).to_have_text(home.RECORDED)
    dark = first.evaluate("view => getComputedStyle(view).backgroundColor")
    before = page.evaluate(PLACES)
    for route in held:
        route.continue_()
    settled(page)
    page.wait_for_timeout(300)  # as a slow network does
    expect(first).to_have_count(1)
    for route in late:
        route.continue_()
    page.unroute(DRAWS)
    page.locator(LIVE).wait_for()
    expect(first).to_have_count(0)
    assert page.evaluate("atOnce") == pytest.approx(before, abs=2)
    settled(page)
    assert page.evaluate(PLACES) == pytest.approx(before, abs=2)
    app = page.get_by_test_id("stApp")
    assert app.evaluate("app => getComputedStyle(app).backgroundColor") == dark


def test_the_first_words_make_way_for_a_closed_door(new_page, tmp_path):
    app, url = start_app(tmp_path / "runs", tmp_path / "app.log")  # without a class
    page = new_page(extra_http_headers={"X-Real-Ip": "10.1.2.3"})  # not who runs the app
    try:
        page.goto(url)
        page.get_by_text(CLOSED[:50]).wait_for()
        expect(page.locator("#first-view")).to_have_count(0)
    finally:
        page.close()  # it would write to the console that the app is gone
        stop_app(app)


def test_every_lesson_opens_from_the_menu(page, app_url):
    page.goto(app_url)
    settled(page)
    for heading, lesson in [(h, name) for h, names in MENU.items() for name in names]:
        if lesson == "Play":  # the page that is handed on has no menu
            continue
        open_from_menu(page, lesson)
        page.get_by_role("heading", level=1).first.wait_for()
        settled(page)
        expect(link_to(page, heading, lesson)).to_contain_text("✓")
        assert page.get_by_test_id("stAlertContentError").all_inner_texts() == [], lesson
        # A fragment of the page may still be on its way.
        page.wait_for_function(
            "document.querySelector('[data-testid=stMain]').innerText.length > 500"
        )


def test_the_menu_keeps_what_was_folded_and_opens_lessons_in_other_tabs(page, app_url):
    page.goto(f"{app_url}/mlp?prompt=GUS")
    settled(page)
    expect(link_to(page, "Inside", "MLP")).to_have_attribute("aria-current", "page")
    group(page, "Text").locator("summary").press("Enter")
    prompt_box(page).fill("OTTO")
    page.wait_for_function("location.search.includes('prompt=OTTO')")
    settled(page)
    expect(link_to(page, "Text", "Data")).to_be_visible()
    with page.context.expect_page() as opened:
        link_to(page, "Text", "Data").click(modifiers=["ControlOrMeta"])
    opened.value.get_by_role("heading", name="Data", level=1).wait_for()
    opened.value.close()
    assert page.url.startswith(f"{app_url}/mlp?")
    link_to(page, "Text", "Data").press("Enter")
    page.get_by_role("heading", name="Data", level=1).wait_for()
    assert "prompt=OTTO" in page.url
    expect(link_to(page, "Inside", "Attention")).to_be_hidden()
    page.go_back()
    page.get_by_role("heading", name="MLP", level=1).wait_for()
    expect(link_to(page, "Inside", "MLP")).to_have_attribute("aria-current", "page")


def test_what_a_prompt_changes_stands_beside_what_it_does_not(page, app_url):
    """Then the browser skips the rest. Before a class panels are parts of the page itself."""
    standing = page.locator('[class*="st-key-standing_"]')
    part = page.locator(".st-key-attention_map")
    page.goto(f"{app_url}/attention")
    settled(page)
    expect(standing.filter(has=page.get_by_role("heading", level=1))).to_have_count(1)
    expect(standing.filter(has=page.get_by_text("Test yourself"))).to_have_count(1)
    expect(part).to_be_visible()
    expect(standing.filter(has=part)).to_have_count(0)
    page.goto(f"{app_url}/attention?present=1")
    settled(page)
    expect(part).to_have_count(1)
    expect(standing).to_have_count(0)


@pytest.mark.parametrize("below", ["", "/class/gpt"])
def test_a_deep_link_works_first_thing_after_the_start(page, tmp_path, below):
    """Also where the app is served below a path."""
    app, url = start_app(tmp_path / "runs", tmp_path / "app.log", below=below)
    try:
        page.goto(f"{url}/tokenization?prompt=MABEL")
        prompt_box(page).wait_for()
        settled(page)
        assert prompt_box(page).input_value() == "MABEL"
        page.get_by_role("heading", name="How BPE learns where to cut").wait_for()
        # The group that the lesson is in is open, the others are folded.
        expect(group(page, "Text").get_by_role("link")).to_have_count(len(MENU["Text"]))
        assert not link_to(page, "Inside", "Attention").is_visible()
        open_from_menu(page, "Data")
        page.get_by_role("heading", name="Data", level=1).wait_for()
        settled(page)
        assert page.url.startswith(f"{url}/data?")
        assert page.get_by_role("dialog").count() == 0
    finally:
        page.close()  # it would write to the console that the app is gone
        stop_app(app)


def test_the_prompt_is_read_while_it_is_typed_and_stays_in_the_address(page, app_url):
    page.goto(app_url)
    settled(page)
    prompt_box(page).fill("GUS: Six stops")  # no Enter, no blur
    page.wait_for_function("location.search.includes('prompt=GUS')")
    page.get_by_text("14", exact=True).first.wait_for()  # characters in the prompt
    open_from_menu(page, "Tokenization")
    page.get_by_role("heading", name="Tokenization", level=1).wait_for()
    settled(page)
    assert "prompt=GUS" in page.url
    page.reload()
    expect(prompt_box(page)).to_have_value("GUS: Six stops")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(new_page, app_url, scheme):
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page.goto(app_url)
    settled(page)
    page.get_by_role("heading", name="What a GPT does").wait_for()
    wide = page.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"
    )
    assert wide <= 0


def test_hostile_addresses_are_answered_in_words(page, app_url):
    page.goto(f"{app_url}/?model=../../etc/passwd&prompt=%00%ff%E2%80%AE&merges=99999999")
    page.get_by_role("heading", name="What a GPT does").wait_for()
    settled(page)
    assert "passwd" not in main_text(page)


@pytest.mark.parametrize("page_without", ["glossary", "teach"])
def test_a_page_that_needs_no_model_keeps_it_for_the_next_lesson(page, app_url, page_without):
    page.goto(f"{app_url}/{page_without}?prompt=OTTO:%20It%20rains&model=copying")
    page.get_by_role("heading", level=1).first.wait_for()
    settled(page)
    expect(page.locator(".st-key-study_bar")).to_be_hidden()
    open_from_menu(page, "Attention")
    page.get_by_role("heading", name="Attention", level=1).wait_for()
    settled(page)
    expect(page.locator(".st-key-study_bar textarea")).to_have_value("OTTO: It rains")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("Bundled: lists read twice")
    expect(page).to_have_url(re.compile("attention.*model=copying"))
    assert "prompt=OTTO" in page.url


def test_after_a_long_prompt_what_the_model_wrote_is_in_view(page, app_url):
    page.goto(f"{app_url}/?prompt={'NADIA: It was wet. ' * 18}")
    box = page.locator(".wrote")
    settled(page)
    assert box.inner_text().startswith("…")  # of the prompt its end alone
    inside, first = box.bounding_box(), box.locator("b").first.bounding_box()
    middle = inside["y"] + inside["height"] / 2
    assert inside["y"] <= first["y"] and first["y"] + first["height"] <= middle + 20
