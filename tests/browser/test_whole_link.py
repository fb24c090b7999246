"""A link holds the whole state: whatever a visitor set stands there again for who opens the link,
in a fresh browser, also where the page has no clipboard as over plain http.
"""

import re
from contextlib import suppress

import pytest

from course.lessons import LESSONS
from tests.browser.conftest import settled
from tests.browser.test_pictures import reveal

# A reader's answers and whether they guess; what is typed to be used once; what the page says is
# not in its link; and whoever ticks a promise ticks it for themselves alone.
NOT_IN_A_LINK = re.compile(
    "^(reveal|run_name|cuts_shown|.*_shown|join_code|eval_typed|own_.*|pasted_text|own_study|guess_.*)$"
)
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
MOST = 60  # presses
# By its key, the kind of each widget and what it says now. A question that was answered is none.
WIDGETS = """() => Object.fromEntries([...document.querySelectorAll(`[data-testid=stMain] :is(
    [data-testid=stSlider], [data-testid=stButtonGroup], [data-testid=stRadio],
    [data-testid=stCheckbox], [data-testid=stSelectbox], [data-testid=stNumberInput],
    [data-testid=stTextInput], [data-testid=stMultiSelect])`)].flatMap((node) => {
  const holder = node.closest("[data-testid=stElementContainer]");
  const key = holder?.className.match(/st-key-(\\S+)/)?.[1];
  const { width, height } = node.getBoundingClientRect();
  if (!key || !width || !height || node.querySelector("input:disabled")) return [];
  const kind = node.dataset.testid;
  const text = (selector) =>
    [...node.querySelectorAll(selector)].map((one) => one.textContent).join();
  const said = {
    stSlider: () => text("[data-testid=stSliderThumbValue]"),
    stButtonGroup: () => text("[aria-checked=true], [aria-pressed=true], [kind$=Active]"),
    stRadio: () => text("label:has(input:checked)"),
    stCheckbox: () => String(node.querySelector("input").checked),
    stSelectbox: () => node.querySelector("input").value || node.innerText,
    stMultiSelect: () => text("[data-baseweb=tag]"),
  }[kind] ?? (() => node.querySelector("input").value);
  return [[key, [kind, said()]]];
}))"""


def widgets(page):
    """What stands where, of all that a link holds."""
    return {
        key: (kind, said)
        for key, (kind, said) in page.evaluate(WIDGETS).items()
        if not NOT_IN_A_LINK.match(key) and (said or kind != "stRadio")  # a question, not answered
    }


def change(page, key, kind):
    """Set a widget to something else, as a hand would."""
    widget = page.locator(f'[data-testid="stElementContainer"].st-key-{key}').first
    widget.scroll_into_view_if_needed()
    if kind == "stSlider":
        thumb = widget.locator("input[type=range]").first
        thumb.focus()
        before = page.evaluate(WIDGETS)[key]
        page.keyboard.press("ArrowLeft")
        settled(page)
        if page.evaluate(WIDGETS).get(key) == before:
            page.keyboard.press("ArrowRight")
    elif kind == "stButtonGroup":
        widget.locator("button:not([aria-checked=true]):not([kind$=Active])").first.click()
    elif kind == "stRadio":
        widget.locator("label:has(input:not(:checked))").first.click()
    elif kind == "stCheckbox":
        widget.locator("label").first.click()
    elif kind in ("stSelectbox", "stMultiSelect"):
        widget.locator("input").first.click()
        page.locator("[role=option]:not([aria-selected=true])").first.click()
        page.keyboard.press("Escape")
    elif kind == "stNumberInput":
        for step in ("Up", "Down"):
            button = widget.get_by_test_id(f"stNumberInputStep{step}")
            if button.is_enabled():
                button.click()
                break
    else:
        box = widget.locator("input")
        box.fill(f"{box.input_value()} duck"[-12:])
        page.keyboard.press("Enter")


def change_everything(page):
    """Set each widget once, those too that come with a choice."""
    from playwright.sync_api import Error

    done = set()
    for _ in range(MOST):
        left = [(key, kind) for key, (kind, _) in widgets(page).items() if key not in done]
        if not left:
            return
        key, kind = left[0]
        done.add(key)
        one_choice = kind in ("stSelectbox", "stMultiSelect")  # a list may have but one
        with suppress(*[Error] * one_choice):
            change(page, key, kind)
        page.wait_for_timeout(200)
        settled(page)
        reveal(page)
    pytest.fail(f"After {MOST} changes, not all was set: {left}")


@pytest.mark.parametrize("lesson", [lesson.name for lesson in LESSONS if lesson.minutes])
def test_a_link_opens_what_was_set(new_page, app_url, lesson):
    page = new_page()
    page.set_default_timeout(10_000)
    page.add_init_script(NO_CLIPBOARD)
    page.goto(f"{app_url}/{lesson}?prompt=OTTO:%20It%20was%20wet")
    page.get_by_role("heading", name="Try this").wait_for(timeout=60_000)
    settled(page)
    reveal(page)
    usual = widgets(page)
    change_everything(page)
    page.get_by_role("button", name="Copy link").click()
    field = page.get_by_label("This browser gives no clipboard")
    field.wait_for()
    link = field.input_value()
    page.keyboard.press("Escape")
    settled(page)
    there = widgets(page)
    assert there != usual or not usual
    other = new_page()
    other.goto(link)
    other.get_by_role("heading", name="Try this").wait_for(timeout=60_000)
    settled(other)
    for _ in range(2):  # another model takes a moment, and what was revealed may ask again
        other.wait_for_timeout(1500)
        reveal(other)
    here = widgets(other)
    differ = {key: (there.get(key), here.get(key)) for key in there.keys() | here.keys()}
    assert {key: both for key, both in differ.items() if both[0] != both[1]} == {}
