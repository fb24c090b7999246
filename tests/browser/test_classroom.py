"""A class in real browsers: a teacher and three pupils, from the QR code to the end.

One pupil reloads and looks around alone, one is offline for 20 seconds, one says what isn't theirs.
"""

import json
import re
import time

from playwright.sync_api import expect

from benchmarks.app_process import start_app, stop_app
from tests.browser.conftest import open_lesson, settled
from tests.loopback import loopback
from ui.app.reach import pages_in_network
from ui.app.study_bar import DEFAULT_PROMPT
from ui.app.together import CHOSEN
from ui.show.qr import LARGE, qr_png

PROMPT = "Prompt under study"
BAD = "<img src=x onerror=a()>"
SEAT = "localStorage.getItem('gpt-from-scratch-class')"
OLD = "{ const now = performance.now.bind(performance); performance.now = () => now() + 60000; }"


def main_part(page):
    return page.get_by_test_id("stMain")


ONE_FIXED = """([label, prompt]) => {
    const boxes = [...document.querySelectorAll(`input[aria-label="${label}"][disabled]`)];
    return boxes.length === 1 && boxes[0].value === prompt;
}"""


def shows_fixed(page, prompt):
    """Wait for a box that can't be edited; while the page is drawn, there may be an older one."""
    page.wait_for_function(ONE_FIXED, arg=[PROMPT, prompt])


def join(page, address, nickname):
    page.goto(address)
    page.get_by_role("textbox", name="Nickname").fill(nickname)
    main_part(page).get_by_role("button", name="Join a class").click()
    page.get_by_text("You are in as").wait_for()


def test_a_class_from_opening_to_end(new_page, app_url, runs_folder):
    teacher, one, two, three = (new_page() for _ in range(4))
    teacher.goto(f"{app_url}/classroom")
    main_part(teacher).get_by_role("button", name="Open a class").click()
    teacher.get_by_text("Nobody is here yet").wait_for()
    code = teacher.get_by_text(re.compile("^[A-Z]{6}$")).first.inner_text()
    pages = [f"{app_url}/", *pages_in_network(f"{app_url}/")]
    shown = teacher.request.get(main_part(teacher).locator("img").first.get_attribute("src")).body()
    assert shown in [qr_png(f"{page}classroom?code={code}", LARGE) for page in pages]
    for pupil, nickname in ((one, BAD), (three, "Cy")):
        join(pupil, f"{app_url}/classroom?code={code}", nickname)
    open_lesson(two, app_url)  # types the code on Home
    two.get_by_role("textbox", name="Code of the class").fill(code.lower())
    two.get_by_role("textbox", name="Code of the class").press("Enter")
    two.wait_for_url("**/classroom?*")
    join(two, two.url, "Bo")
    teacher.get_by_text("3 pupils", exact=True).wait_for()
    expect(teacher.get_by_text(BAD).first).to_be_visible()

    open_lesson(teacher, f"{app_url}/attention?head=1.0&prompt=OTTO:%20It%20was")
    for pupil in (one, two, three):
        pupil.wait_for_url("**/attention?*head=1.0*")
        expect(pupil.get_by_role("textbox", name=PROMPT)).to_have_value("OTTO: It was")
    three.context.set_offline(True)
    offline_since = time.monotonic()
    two.reload()  # the seat is in the browser
    two.get_by_role("button", name="Look around on my own").click()
    two.get_by_role("button", name="Back to the class").wait_for()
    teacher.get_by_role("textbox", name=PROMPT).fill("OTTO: It was wet")
    expect(one.get_by_role("textbox", name=PROMPT)).to_have_value("OTTO: It was wet")
    settled(two)
    assert "wet" not in two.url
    teacher.get_by_role("button", name="Everybody here").click()
    expect(two.get_by_role("textbox", name=PROMPT)).to_have_value("OTTO: It was wet")
    forge(one, app_url)
    expect(teacher.get_by_role("textbox", name=PROMPT)).to_have_value("OTTO: It was wet")

    teacher.get_by_role("button", name="Show my pointer").click()
    teacher.get_by_role("button", name="Hide my pointer").wait_for()
    pointer = one.locator(".class-pointer")
    for x in (500, 520, 540):  # a few times, as a hand does
        teacher.mouse.move(x, 450)
        teacher.wait_for_timeout(250)
    expect(pointer).to_have_css("opacity", "0.85")
    expect(pointer).to_have_css("opacity", "0")  # it fades
    one.get_by_test_id("stMain").evaluate("e => e.scrollTo(0, e.scrollHeight)")
    teacher.mouse.move(520, 460)
    one.get_by_role("button", name="The teacher points further up").click()
    expect(pointer).to_have_css("opacity", "0.85")
    expect(pointer).to_be_in_viewport()

    main_part(one).get_by_test_id("stRadio").first.locator("label").nth(1).click()
    teacher.get_by_text("Answered: 1 of 3 pupils").first.wait_for()
    main_part(teacher).get_by_role("button", name="Reveal to the class").first.click()
    for page in (teacher, one):  # and whoever sees the question sees what is revealed
        expect(page.get_by_label(CHOSEN).first).to_be_in_viewport(ratio=0.99)

    two.get_by_role("button", name="Look around on my own").click()
    two.get_by_role("button", name="Back to the class").wait_for()
    main_part(teacher).get_by_role("link", name="Console").click()
    teacher.get_by_text("Model and prompt are fixed").click()
    shows_fixed(two, "OTTO: It was wet")
    expect(two.get_by_role("textbox", name=PROMPT)).to_have_count(1)  # the editor has gone
    open_lesson(teacher, f"{app_url}/averaging?prompt=OTTO:%20It%20was%20dry&shown=2")
    shows_fixed(two, "OTTO: It was dry")
    assert "attention" in two.url  # where it looks around
    teacher.wait_for_timeout(max(0, 1000 * (20 - (time.monotonic() - offline_since))))
    assert "attention" in three.url
    three.context.set_offline(False)
    three.wait_for_url("**/averaging?*shown=2*")
    shows_fixed(three, "OTTO: It was dry")

    main_part(one).get_by_role("button", name="Hand in").click()
    one.get_by_role("button", name="The prompt alone").click()
    projector = teacher.context.new_page()
    open_lesson(projector, f"{app_url}/averaging?prompt=OTTO:%20It%20was%20dry&shown=2&present=1")
    main_part(teacher).get_by_role("link", name="Console").click()
    teacher.get_by_role("button", name="Show to all").click()
    for page in (projector, three):
        expect(page.get_by_role("heading", name="OTTO: It was dry")).to_be_visible()
    projector.close()
    teacher.get_by_text("On the screen of everybody who follows you").wait_for()
    teacher.get_by_text("Single answers").wait_for()
    # On a telephone what is pressed during a lesson comes first, the way in last.
    teacher.set_viewport_size({"width": 390, "height": 844})
    parts = ("Answers", "Who is here", "The board", "Open this address")
    tops = [teacher.get_by_text(part).first.bounding_box()["y"] for part in parts]
    assert tops == sorted(tops) and tops[0] < 844
    teacher.get_by_role("button", name="End the class").click()
    teacher.get_by_role("button", name="End it and delete everything").click()
    for pupil in (one, two, three):
        pupil.get_by_text("You are in no class any more").first.wait_for()
    assert not [*(runs_folder / "classes").iterdir()]
    teacher.reload()
    main_part(teacher).get_by_role("button", name="Open a class").wait_for()


def opened(teacher, app_url):
    """A class that a teacher has opened: its code."""
    teacher.goto(f"{app_url}/classroom")
    main_part(teacher).get_by_role("button", name="Open a class").click()
    return teacher.get_by_text(re.compile("^[A-Z]{6}$")).first.inner_text()


def test_the_board_on_a_projector_and_what_is_taken_off(new_page, app_url):
    """What is put up is seen, and what is taken off is gone; so are names that were changed."""
    teacher, pupil = new_page(), new_page()
    code = opened(teacher, app_url)
    join(pupil, f"{app_url}/classroom?code={code}", "Ada")
    teacher.get_by_text("Rename, hide or remove somebody").click()
    who = teacher.get_by_role("combobox", name="Who")
    expect(who).to_have_attribute("placeholder", "Choose somebody")  # who has come since
    who.scroll_into_view_if_needed()  # a page that scrolls closes a list
    settled(teacher)
    who.click()
    teacher.get_by_role("option", name="Ada").click()
    teacher.get_by_role("textbox", name="New nickname").fill("Bo")
    teacher.get_by_role("textbox", name="New nickname").press("Tab")
    teacher.get_by_role("button", name="Rename", exact=True).click()
    pupil.get_by_text("You are in as Bo").wait_for()

    projector = teacher.context.new_page()
    open_lesson(projector, f"{app_url}/attention?prompt=OTTO:%20It%20was&present=1")
    picture = projector.get_by_role("grid").first
    expect(picture).to_be_hidden()  # a panel of its own
    pupil.wait_for_url("**/attention?*")
    main_part(pupil).get_by_role("button", name="Hand in").click()
    pupil.get_by_role("button", name="This view").click()
    teacher.get_by_role("button", name="Show to all").click()
    expect(picture).to_be_in_viewport()

    main_part(pupil).get_by_role("button", name="Hand in").click()
    pupil.get_by_role("textbox", name="A text").fill("Rude words")
    pupil.get_by_role("button", name="Hand in the text").click()
    teacher.get_by_text("Rude words").wait_for()  # the console has stayed one
    teacher.get_by_role("button", name="Show to all").first.click()
    for page in (projector, pupil):
        page.get_by_role("heading", name="Rude words").wait_for()
    teacher.get_by_role("button", name="Take off").first.click()
    for page in (projector, pupil):
        page.get_by_text("This is not on the board any more").wait_for()
        expect(page.get_by_text("Rude words")).to_have_count(0)


def test_a_new_link_for_the_teacher_who_has_two_windows(new_page, app_url):
    """Both stay the teacher's, also after a reload; and the results can be taken along."""
    teacher, pupil = new_page(), new_page()
    code = opened(teacher, app_url)
    join(pupil, f"{app_url}/classroom?code={code}", "Ada")
    projector = teacher.context.new_page()
    open_lesson(projector, f"{app_url}/surprise?prompt=OTTO:%20It%20was")
    pupil.wait_for_url("**/surprise?*")
    main_part(pupil).get_by_test_id("stRadio").first.locator("label").nth(1).click()
    projector.get_by_text("Answered: 1 of 1 pupil.").first.wait_for()
    teacher.get_by_text("Your own link, results").click()
    with teacher.expect_download() as results:
        teacher.get_by_role("button", name="Results without names").click()
    assert "Surprise" in results.value.path().read_text(encoding="utf-8")
    teacher.get_by_role("button", name="Make the old link worthless").click()
    teacher.get_by_text("Only this browser").wait_for()
    teacher.wait_for_timeout(3000)  # the other window has looked at the class since
    for page in (projector, teacher):
        expect(page.get_by_text("your page leads")).to_be_visible()
        page.reload()
        expect(page.get_by_text("your page leads")).to_be_visible()


def test_a_pupil_follows_after_the_app_was_started_again(browser, tmp_path):
    """The new app doesn't know the page, of which Streamlit asks for nothing by itself."""
    how = {"TMPDIR": str(tmp_path)}
    app, app_url = start_app(tmp_path, tmp_path / "app.log", **how)
    try:
        # Not by new_page: both consoles say that the app is gone for a while.
        teacher, pupil = (browser.new_context().new_page() for _ in range(2))
        code = opened(teacher, app_url)
        join(pupil, f"{app_url}/classroom?code={code}", "Ada")
        open_lesson(teacher, f"{app_url}/data")
        pupil.wait_for_url("**/data")
        settled(pupil)
        class_id, secret = teacher.evaluate(SEAT).split(".")
        teacher.close()
        app.kill()
        app, _ = start_app(
            tmp_path, tmp_path / "again.log", port=int(app_url.split(":")[-1]), **how
        )
        pupil.evaluate(OLD)
        said = {"secret": secret, "lesson": "glossary", "query": {}}
        steer = f"{app_url}/_class/{class_id}/steer"
        assert pupil.request.post(steer, data=json.dumps(said)).status == 200
        pupil.wait_for_url("**/glossary")
        pupil.get_by_text("you follow your teacher").wait_for()
    finally:
        stop_app(app)


def test_a_pupil_in_a_frame_on_a_site_that_the_browser_distrusts(new_page, app_url):
    """As a Space shows the app: a browser that blocks other sites' cookies blocks storage there.

    A reload loses neither the seat nor the right to stop a run of one's own.
    """
    teacher, page = new_page(), new_page()
    code = opened(teacher, app_url)
    shown = f'<iframe src="{app_url}/classroom?code={code}" width="1200" height="800"></iframe>'
    icon = '<!doctype html><link rel="icon" href="data:,">'  # so that it asks for none
    with loopback() as school:
        school.files["/"] = f"{icon}{shown}".encode()
        page.goto(school.address.replace("127.0.0.1", "localhost"))  # not the same site
        pupil = page.frame_locator("iframe")
        main_part(pupil).get_by_role("button", name="Join a class").click()
        pupil.get_by_text("You are in as").wait_for()
        open_lesson(teacher, f"{app_url}/surprise?prompt=OTTO:%20It%20was")
        expect(pupil.get_by_role("textbox", name=PROMPT)).to_have_value("OTTO: It was")
        main_part(pupil).get_by_test_id("stRadio").first.locator("label").nth(1).click()
        teacher.get_by_text("Answered: 1 of 1 pupil.").first.wait_for()
        open_lesson(teacher, f"{app_url}/data")
        pupil.get_by_text("Upload a file").wait_for()
        expect(pupil.get_by_role("textbox", name=PROMPT)).to_have_value(DEFAULT_PROMPT)
        settled(page.frames[1])  # an own choice made before is the teacher's again
        pupil.get_by_text("Upload a file").click()
        text = {"name": "own.txt", "mimeType": "text/plain", "buffer": b"A duck sat down. " * 300}
        main_part(pupil).locator("input[type=file]").set_input_files(files=[text])
        pupil.get_by_text("5,100 characters").first.wait_for()

        open_lesson(teacher, f"{app_url}/training?train_steps=3000")
        main_part(pupil).get_by_role("button", name="Start").click()
        main_part(pupil).get_by_role("button", name="Stop").wait_for()
        open_lesson(teacher, f"{app_url}/surprise")
        page.reload()
        pupil.get_by_role("link", name="Your run is still going").click()
        main_part(pupil).get_by_role("button", name="Stop").click()
        main_part(pupil).get_by_text("stopped").first.wait_for()
    assert page.frames[1].evaluate("(() => { try { localStorage } catch { return true } })()")


def forge(pupil, app_url):
    """A pupil says what only the teacher may say."""
    class_id, secret = pupil.evaluate(SEAT).split(".")
    view = {"secret": secret, "lesson": "data", "query": {}}
    assert pupil.request.post(f"{app_url}/_class/{class_id}/steer", data=view).status == 403
