"""The real app in a real browser: what all browser tests share."""

import os
import re
from pathlib import Path

import pytest

from benchmarks.app_process import BROWSER, BROWSER_FLAGS, start_app, stop_app
from course.lessons import COURSE


@pytest.fixture(scope="session")
def runs_folder(tmp_path_factory) -> Path:
    """Where the app under test keeps its runs; put a run there and open it with ?model=."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def app_url(runs_folder, tmp_path_factory):
    """The address of an app that lives as long as the tests."""
    folder = tmp_path_factory.mktemp("app")
    # The lock that lets one worker train on a machine is a temporary file. An app of other tests,
    # or of somebody else, must not keep this one waiting.
    app, url = start_app(runs_folder, folder / "app.log", TMPDIR=str(folder))
    yield url
    stop_app(app)


@pytest.fixture(scope="session")
def browser():
    """Chromium. Missing on a developer's machine, its tests are skipped; in CI they fail."""
    reason = ""
    if not Path(BROWSER).is_file():
        reason = f"There is no browser at {BROWSER}; set CHROMIUM to the path of a Chromium."
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        reason = "Playwright is missing: pip install -r requirements-dev.txt"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    expect.set_options(timeout=60_000)  # a busy machine is slow; no test is about speed
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=BROWSER_FLAGS)
        yield chromium
        chromium.close()


# When page and server last sent each other anything.
NOTE_TALK = """
window.WebSocket = class extends WebSocket {
  constructor(...how) {
    super(...how);
    this.addEventListener("message", () => { window.talked = performance.now(); });
  }
  send(data) {
    window.talked = performance.now();
    super.send(data);
  }
};"""
# Milliseconds. For so long nothing comes of an edit whose first element has come, see
# ui/services/batches.py.
SILENCE = 250
IDLE = f"""() => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState
    === "notRunning" && performance.now() - (window.talked ?? 0) > {SILENCE}"""


@pytest.fixture
def new_page(browser):
    """Open pages with options of one's own: new_page(color_scheme="dark", viewport={…}).

    Whatever a test does, no script fails and nothing is written to the browser's console.
    """
    contexts, errors, said = [], [], []

    def open_page(**options):
        options.setdefault("viewport", {"width": 1440, "height": 900})
        # Streamlit's signs of waiting move; without a GPU painting them takes most of two cores.
        options.setdefault("reduced_motion", "reduce")
        context = browser.new_context(**options)
        context.add_init_script(NOTE_TALK)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: said.extend(_ours(message)))
        return page

    yield open_page
    try:
        for context in contexts:
            for page in context.pages:
                no_exception(page)
        assert not errors, f"JavaScript failed: {errors}"
        assert not said, f"The console isn't empty: {said}"
    finally:
        for context in contexts:
            context.close()


def _ours(message) -> list[str]:
    """What a message on the console says, but for what is known and no fault of ours.

    A page that was left before it was whole asks for files that its server has already forgotten;
    a script that is asked several things in the same moment answers in one run; and a browser that
    a test has taken offline says so.
    """
    left = "/media/" in message.location.get("url", "") or "Button source error" in message.text
    known = ("Multiple different fragmentIds", "ERR_INTERNET_DISCONNECTED")
    return [] if left or any(text in message.text for text in known) else [message.text]


@pytest.fixture
def page(new_page):
    """A fresh page of a fresh browser profile, 1440 × 900, light theme."""
    return new_page()


def no_exception(page) -> None:
    """Fail if the page shows an exception. Checked by itself after every browser test."""
    boxes = page.locator('[data-testid="stException"]')
    assert boxes.count() == 0, f"The page shows an exception: {boxes.first.inner_text()}"


def stop_button(page):
    """The lesson's own Stop. Streamlit shows another, above, whenever a page takes a while."""
    return page.get_by_test_id("stMain").get_by_role("button", name="Stop")


def open_lesson(page, address: str) -> None:
    """Open a lesson and wait until it is there to its end, and idle."""
    page.goto(address)
    page.get_by_role("heading", name="Try this").wait_for()
    settled(page)


def metric(page, label: str):
    """The large number with this label."""
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


def settled(page) -> None:
    """Wait until the app has answered and is idle, and stays so for a moment.

    For a moment, as what was just pressed or typed is still on its way when the key has come up.
    """
    page.wait_for_timeout(50)
    page.wait_for_function(IDLE, polling=50)


def pick(page, label: str, option: str) -> None:
    """Choose from a list. It closes when the page is drawn again meanwhile; then once more."""

    def open_list():
        settled(page)
        page.get_by_role("combobox", name=label).click()

    insist(lambda: page.get_by_role("option", name=option).click(timeout=5_000), open_list)


def group(page, heading):
    """One heading of the course's menu, with its links."""
    return (
        page.get_by_test_id("stSidebar")
        .locator("details")
        .filter(has=page.get_by_text(heading, exact=True))
    )


def link_to(page, heading, lesson):
    """The link to a lesson in the course's menu: its number, its name, a tick."""
    name = page.get_by_text(re.compile(rf"^(\d+ · )?{lesson}( ✓)?$"))
    return group(page, heading).get_by_role("link").filter(has=name)


def open_from_menu(page, lesson):
    """Click a lesson in the course's menu, whose heading may be folded."""
    heading = next(h for h, lessons in COURSE.items() if lesson in [each.title for each in lessons])
    link = link_to(page, heading, lesson)
    insist(lambda: link.click(timeout=5_000), lambda: _unfold(page, heading, link))


def _unfold(page, heading, link):
    settled(page)
    if not link.is_visible():
        group(page, heading).locator("summary").click()


def insist(act, prepare) -> None:
    """Prepare and act, as a hand would again where what it reaches for is just closing."""
    from playwright.sync_api import Error

    for left in reversed(range(6)):
        try:
            prepare()
            act()
            return
        except Error:
            if not left:
                raise
