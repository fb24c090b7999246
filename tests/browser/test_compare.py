"""Two beside each other, as a reader makes them: switched on, B typed, and off again."""

import re
from urllib.parse import quote

from playwright.sync_api import expect

from tests.browser.conftest import no_exception, settled


def test_b_is_typed_beside_a_and_gone_with_the_switch(page, app_url):
    page.goto(f"{app_url}/attention")
    page.locator(".map[data-painted]").wait_for(timeout=60_000)
    settled(page)
    page.get_by_text("Compare", exact=True).click()
    expect(page.locator(".map")).to_have_count(2)
    box = page.get_by_role("textbox", name="B: prompt")
    box.fill("INT. THE LIBRARY - AFTERNOON⏎⏎(Nadia and")
    expect(page.get_by_text("Most likely next token").first).to_be_visible()
    expect(page.locator(".map").nth(1)).to_have_attribute("data-painted", re.compile("LIBRARY"))
    expect(page).to_have_url(re.compile("b_prompt="))
    first, second = (page.locator(".map").nth(i).bounding_box() for i in (0, 1))
    assert abs(first["y"] - second["y"]) <= 1 and second["x"] >= first["x"] + first["width"]
    page.get_by_text("Compare", exact=True).click()
    expect(page.locator(".map")).to_have_count(1)
    expect(page).not_to_have_url(re.compile("b_|side_by_side"))
    no_exception(page)


def test_two_machines_walk_draw_and_follow_the_prompt_together(new_page, app_url):
    page = new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{app_url}/?side_by_side=true&b_off=1.2")
    machines = page.locator(".machine[data-painted*=beside]")
    expect(machines).to_have_count(2)
    settled(page)
    boxes = [machines.nth(i).locator(".moving").bounding_box() for i in (0, 1)]
    assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["y"] + boxes[0]["height"] <= 720
    expect(page.get_by_text("first differ after the attention of layer 1")).to_be_visible()

    machines.nth(1).get_by_role("button", name="One step on").click()
    for machine in (machines.nth(0), machines.nth(1)):
        expect(machine.locator(".says")).to_have_text(re.compile(r"^1 of 11: “␣and” picks"))
    machines.nth(0).get_by_role("button", name="Next token", exact=True).click()
    for machine in (machines.nth(0), machines.nth(1)):
        expect(machine).to_have_attribute("data-painted", re.compile(r"\+1 beside"))
    page.get_by_role("textbox", name="B: prompt").fill("(Otto and")
    expect(machines.nth(1)).to_have_attribute("data-painted", re.compile(r"\(Otto and \+0 beside"))
    expect(machines.nth(0)).to_have_attribute("data-painted", re.compile(r"Nadia and \+0 beside"))
    expect(page).to_have_url(re.compile(r"b_off=1\.2.*b_prompt=|b_prompt=.*b_off=1\.2"))


def test_before_a_class_both_pictures_are_whole_and_b_leads_to_its_lessons(new_page, app_url):
    page = new_page(viewport={"width": 1280, "height": 720})
    b = f"b_off=1.2&b_prompt={quote('(Otto and')}"
    page.goto(f"{app_url}/?present=1&side_by_side=true&{b}")
    machines = page.locator(".machine[data-painted*=beside]")
    expect(machines).to_have_count(2)
    settled(page)
    bar = page.locator(".st-key-study_bar").bounding_box()
    for i in (0, 1):
        box = machines.nth(i).locator(".moving").bounding_box()
        assert bar["y"] + bar["height"] <= box["y"] and box["y"] + box["height"] <= 720
    canvas = machines.nth(1).locator(".moving")
    canvas.focus()
    for _ in range(3):
        canvas.press("ArrowUp")  # tokens, vectors, a norm, attention
    canvas.press("Enter")
    page.wait_for_url(re.compile(r"/attention\?"))
    page.locator(".map[data-painted*=Otto]").wait_for()
    expect(page).to_have_url(re.compile(r"off=1\.2"))
    expect(page).not_to_have_url(re.compile("b_|side_by_side"))
    expect(page.locator(".map")).to_have_count(1)


def test_on_a_phone_what_is_compared_stands_below_the_bar_and_is_to_be_seen(new_page, app_url):
    page = new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{app_url}/surprise?side_by_side=true")
    page.get_by_text("What differs.").wait_for()
    settled(page)
    bar = page.locator(".st-key-study_bar").bounding_box()
    assert bar["height"] < 400  # above it may stand that a run goes on
    on_top = """title => {
      const { left, top, height } = title.getBoundingClientRect();
      return title.contains(document.elementFromPoint(left + 5, top + height / 2));
    }"""
    assert page.get_by_role("heading", level=1).evaluate(on_top)
    wide = "() => document.querySelector('[data-testid=stMain]').scrollWidth"
    assert page.evaluate(wide) <= 390
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 500)")  # it doesn't stay
    assert page.locator(".st-key-study_bar").bounding_box()["y"] < -50


def test_on_a_phone_a_machines_sentence_stands_above_its_picture(new_page, app_url):
    page = new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{app_url}/?side_by_side=true")
    expect(page.locator(".machine[data-painted*=beside]")).to_have_count(2)
    settled(page)
    for machine in page.locator(".machine").all():
        sentence, picture = (machine.locator(name).bounding_box() for name in (".says", ".moving"))
        assert sentence["y"] + sentence["height"] <= picture["y"] + 1
