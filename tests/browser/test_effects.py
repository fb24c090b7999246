"""Cause and effect in one view: whatever is pressed in the lessons of a first class, on a projector
of 1280 × 720, something that changes is seen without scrolling. What looks is effects.js.
"""

import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.browser.conftest import settled, stop_button

EFFECTS = Path(__file__).with_name("effects.js").read_text()
PROJECTOR = {"viewport": {"width": 1280, "height": 720}, "color_scheme": "dark"}
# What takes something away, leaves the page, or has a place of its own; and a class's.
LEFT_OUT = (
    "Download",
    "Full screen",
    "Delete",
    "Take it with you",
    "Join",
    "Code of the class",
    "Share",
)
# What is only read when something else is pressed, or decides what comes next.
QUIET = (
    "Tokens to write",
    "Seed",
    "Name of the run",
    "without a guess",
    "without guessing",
    "Pause",
)
OFTEN = 2  # cells of one picture that are tried
MOST = 60  # presses on a page, more than any needs
PATIENCE = 15  # seconds


def use(page, kind, control):
    """Press as a hand would."""
    if kind == "slider":
        control.focus()
        page.keyboard.press("ArrowLeft")
    elif kind == "combobox":
        control.click()
        page.locator("[role=option]:not([aria-selected=true])").first.click()
    elif kind == "list":
        control.focus()
        page.keyboard.press("ArrowDown")
    elif kind == "text":
        control.fill("the")
        page.keyboard.press("Enter")
    elif kind == "cell":
        control.click(position={"x": 4, "y": 6})
    else:
        control.click()


def controls(page):
    """All that can be pressed now, as (kind, name, element)."""
    found = page.evaluate_handle("effects.controls()")
    for at in range(page.evaluate("(found) => found.length", found)):
        one = page.evaluate_handle("([found, at]) => found[at]", [found, at])
        kind, name = (page.evaluate("([one, at]) => one[at]", [one, at]) for at in (0, 1))
        yield kind, name, page.evaluate_handle("(one) => one[2]", one).as_element()


def untried(page, tried):
    """What can be pressed now and wasn't pressed often enough, as (kind, name, element)."""
    for kind, name, control in controls(page):
        if any(text in name for text in LEFT_OUT):
            continue
        if tried[known_as(kind, name)] < (OFTEN if kind == "cell" else 1):
            yield kind, name, control


def known_as(kind, name):
    """All cells count as one."""
    return kind, kind if kind == "cell" else name


def press(page, kind, control, patience):
    """What changed, the largest first; None if there was nothing left to press.

    patience: seconds that an effect may take to come into view. An answer has to cross to the app
    and back, which takes a loaded machine its time, and until it begins the page looks idle.
    """
    from playwright.sync_api import Error

    page.wait_for_timeout(300)  # what the last press has begun comes to its end
    settled(page)
    page.evaluate("(control) => effects.begin(control)", control)
    page.wait_for_timeout(100)
    try:
        use(page, kind, control)
    except Error:  # it has gone with what was drawn meanwhile
        return None
    deadline, changed = time.monotonic() + patience, []
    while not any(piece["seen"] for piece in changed):
        page.wait_for_timeout(300)
        settled(page)
        changed = page.evaluate("effects.end()")
        if time.monotonic() > deadline:
            break
    stop = stop_button(page)
    with suppress(Error):  # it may go, or be pressed already, in this very moment
        if stop.is_visible() and stop.is_enabled():
            stop.click()
            settled(page)
    return changed


def unseen(page, patience=PATIENCE, most=MOST):
    """Press everything; what has no effect in view, in words, and what was left at the end."""
    tried, found = Counter(), []
    page.evaluate(EFFECTS)
    for _ in range(most):
        if (one := next(untried(page, tried), None)) is None:
            return found
        kind, name, control = one
        tried[known_as(kind, name)] += 1
        quiet = any(text in name for text in QUIET)
        changed = press(page, kind, control, 1 if quiet else patience)
        if changed is None or (not changed and quiet):
            continue
        if not any(piece["seen"] for piece in changed):
            where = "{what}, {below} px below".format(**changed[0]) if changed else "nothing"
            found.append(f"{kind} “{name}”: {where}")
    return found + [f"{kind} “{name}”: not tried" for kind, name, _ in untried(page, tried)]


@pytest.mark.parametrize(
    "lesson", ["", "tokenization", "averaging", "attention", "training", "sample"]
)
def test_the_effect_of_a_press_is_in_view(new_page, app_url, lesson):
    page = new_page(**PROJECTOR)
    page.set_default_timeout(10_000)
    page.goto(f"{app_url}/{lesson}")
    page.get_by_role("heading", name="Try this").wait_for(timeout=60_000)
    settled(page)
    assert unseen(page) == []


def test_what_looks_notices_an_effect_out_of_view(new_page):
    page = new_page(**PROJECTOR)
    page.set_content("""<div data-testid="stMain">
      <div data-testid="stElementContainer"><div data-testid="stButton"><button
        onclick="document.querySelector('#near').textContent += '!'">near</button></div></div>
      <p id="near">here</p>
      <div data-testid="stElementContainer"><div data-testid="stButton"><button
        onclick="document.querySelector('#far').textContent += '!'">far</button></div></div>
      <p id="far" style="margin-top: 900px">there</p></div>
      <div data-testid="stApp" data-test-script-state="notRunning" style="height: 1px"></div>""")
    assert unseen(page, patience=0.5) == ["button “far”: p “there!”, 900 px below"]
    assert unseen(page, patience=0.5, most=1) == ["button “far”: not tried"]
