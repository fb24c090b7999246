"""A class in real browsers: a teacher and two pupils, from opening to end."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import open_lesson, settled

BAD = "<img src=x onerror=a()>"


def main_part(page):
    return page.get_by_test_id("stMain")


def join(page, address, nickname):
    page.goto(address)
    page.get_by_role("textbox", name="Nickname").fill(nickname)
    main_part(page).get_by_role("button", name="Join a class").click()
    page.get_by_text("You are in as").wait_for()


def test_a_class_from_opening_to_end(new_page, app_url, runs_folder):
    teacher, one, two = new_page(), new_page(), new_page()
    teacher.goto(f"{app_url}/classroom")
    main_part(teacher).get_by_role("button", name="Open a class").click()
    teacher.get_by_text("Nobody is here yet").wait_for()
    code = teacher.get_by_text(re.compile("^[A-Z]{6}$")).first.inner_text()
    join(one, f"{app_url}/classroom?code={code}", BAD)
    open_lesson(two, app_url)  # types the code on Home
    two.get_by_role("textbox", name="Code of the class").fill(code.lower())
    two.get_by_role("textbox", name="Code of the class").press("Enter")
    two.wait_for_url("**/classroom?*")
    join(two, two.url, "Bo")
    teacher.get_by_text("2 pupils", exact=True).wait_for()
    expect(teacher.get_by_text(BAD).first).to_be_visible()

    open_lesson(teacher, f"{app_url}/attention?head=1.0&prompt=OTTO:%20It%20was")
    for pupil in (one, two):
        pupil.wait_for_url("**/attention?*head=1.0*")
        expect(pupil.get_by_role("textbox", name="Prompt under study")).to_have_value(
            "OTTO: It was"
        )
    two.reload()  # the seat is in the browser
    two.get_by_role("button", name="Look around on my own").click()
    two.get_by_role("button", name="Back to the class").wait_for()
    box = teacher.get_by_role("textbox", name="Prompt under study")
    box.fill("OTTO: It was wet")
    expect(one.get_by_role("textbox", name="Prompt under study")).to_have_value("OTTO: It was wet")
    settled(two)
    assert "wet" not in two.url
    teacher.get_by_role("button", name="Everybody here").click()
    expect(two.get_by_role("textbox", name="Prompt under study")).to_have_value("OTTO: It was wet")

    teacher.get_by_role("button", name="Show my pointer").click()
    teacher.get_by_role("button", name="Hide my pointer").wait_for()
    pointer = one.locator(".class-pointer")
    for x in (500, 520, 540):  # a few times, as a hand does
        teacher.mouse.move(x, 450)
        teacher.wait_for_timeout(250)
    expect(pointer).to_have_css("opacity", "0.85")
    expect(pointer).to_have_css("opacity", "0")  # it fades

    main_part(one).get_by_test_id("stRadio").first.locator("label").nth(1).click()
    teacher.get_by_text("Answered: 1 of 2 pupils").first.wait_for()
    main_part(teacher).get_by_role("button", name="Reveal to the class").first.click()
    histogram = one.get_by_label("How many of the class chose each answer, as bars")
    histogram.first.wait_for()
    main_part(teacher).get_by_role("link", name="Console").click()
    teacher.get_by_text("Single answers").wait_for()
    teacher.get_by_role("button", name="End the class").click()
    teacher.get_by_role("button", name="End it and delete everything").click()
    for pupil in (one, two):
        pupil.get_by_text("You are in no class any more").wait_for()
    assert not [*(runs_folder / "classes").iterdir()]
    teacher.reload()
    main_part(teacher).get_by_role("button", name="Open a class").wait_for()


def test_who_was_offline_for_a_while_comes_back_to_where_the_teacher_is(new_page, app_url):
    teacher, pupil = new_page(), new_page()
    teacher.goto(f"{app_url}/classroom")
    main_part(teacher).get_by_role("button", name="Open a class").click()
    code = teacher.get_by_text(re.compile("^[A-Z]{6}$")).first.inner_text()
    join(pupil, f"{app_url}/classroom?code={code}", "Ada")
    open_lesson(teacher, f"{app_url}/attention?prompt=OTTO:%20It%20was")
    box = pupil.get_by_role("textbox", name="Prompt under study")
    expect(box).to_have_value("OTTO: It was")
    pupil.context.set_offline(True)
    pupil.wait_for_timeout(2_000)
    open_lesson(teacher, f"{app_url}/averaging?prompt=OTTO:%20It%20was%20wet&shown=2")
    pupil.wait_for_timeout(18_000)
    assert "attention" in pupil.url
    pupil.context.set_offline(False)
    pupil.wait_for_url("**/averaging?*shown=2*")
    expect(box).to_have_value("OTTO: It was wet")
