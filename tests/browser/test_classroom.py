"""A class in real browsers: a teacher and three pupils, from the QR code to the end.

One pupil reloads and looks around alone, one is offline for 20 seconds, one says what isn't theirs.
"""

import re
import time

from playwright.sync_api import expect

from tests.browser.conftest import open_lesson, settled
from tests.loopback import loopback
from ui.app.reach import pages_in_network
from ui.app.study_bar import DEFAULT_PROMPT
from ui.app.together import CHOSEN
from ui.show.qr import LARGE, qr_png

PROMPT = "Prompt under study"
BAD = "<img src=x onerror=a()>"


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
    main_part(teacher).get_by_role("button", name="Console").click()
    teacher.get_by_text("Single answers").wait_for()
    # On a telephone what is pressed during a lesson comes first, the way in last.
    teacher.set_viewport_size({"width": 390, "height": 844})
    parts = ("Answers", "Who is here", "The board", "Open this address")
    tops = [teacher.get_by_text(part).first.bounding_box()["y"] for part in parts]
    assert tops == sorted(tops) and tops[0] < 844
    teacher.get_by_role("button", name="End the class").click()
    teacher.get_by_role("button", name="End it and delete everything").click()
    for pupil in (one, two, three):
        pupil.get_by_text("You are in no class any more").wait_for()
    assert not [*(runs_folder / "classes").iterdir()]
    teacher.reload()
    main_part(teacher).get_by_role("button", name="Open a class").wait_for()


def test_a_pupil_in_a_frame_on_a_site_that_the_browser_distrusts(new_page, app_url):
    """As a Space shows the app: a browser that blocks other sites' cookies blocks storage there.

    A reload loses neither the seat nor the right to stop a run of one's own.
    """
    teacher, page = new_page(), new_page()
    teacher.goto(f"{app_url}/classroom")
    main_part(teacher).get_by_role("button", name="Open a class").click()
    code = teacher.get_by_text(re.compile("^[A-Z]{6}$")).first.inner_text()
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
    class_id, secret = pupil.evaluate("localStorage.getItem('gpt-from-scratch-class')").split(".")
    view = {"secret": secret, "lesson": "data", "query": {}}
    assert pupil.request.post(f"{app_url}/_class/{class_id}/steer", data=view).status == 403
