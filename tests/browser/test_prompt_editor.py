"""The bar above every lesson: what the editor of the prompt does with keys, pastes and the server's
answers, the link where there is no clipboard; a phone's menu; a class before one panel."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import link_to, open_from_menu, settled
from tests.helpers import write_run
from ui.app.study_bar import DEFAULT_PROMPT

PASTE = """(field, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const options = { clipboardData, bubbles: true, cancelable: true };
  field.dispatchEvent(new ClipboardEvent("paste", options));
}"""


@pytest.fixture(scope="module")
def model(runs_folder):
    return write_run(runs_folder, "0000bed1", block_size=64).name


def prompt_of(page):
    return parse_qs(urlsplit(page.url).query).get("prompt", [""])[-1]


def test_the_prompt_is_edited_with_all_that_a_hand_does(page, app_url, model):
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(f"{app_url}/averaging?model={model}&prompt=NADIA:")
    box = page.get_by_role("textbox", name="Prompt under study")
    expect(box).to_have_value("NADIA:")
    settled(page)
    box.press("End")
    box.press("Enter")
    box.press_sequentially("Who")
    expect(box).to_have_value("NADIA:⏎Who")
    page.wait_for_url(re.compile("NADIA%3A%E2%8F%8EWho"))

    ime = page.context.new_cdp_session(page)  # an input method: nothing is sent before it is done
    ime.send("Input.imeSetComposition", {"text": "ki", "selectionStart": 2, "selectionEnd": 2})
    expect(box).to_have_value("NADIA:⏎Whoki")
    page.wait_for_timeout(300)
    assert prompt_of(page) == "NADIA:⏎Who"
    ime.send("Input.insertText", {"text": "木"})
    expect(box).to_have_value("NADIA:⏎Who木")
    page.wait_for_url(re.compile("Who%E6%9C%A8"))

    box.evaluate(PASTE, "a\n" + "b" * 1999)
    expect(box).to_have_value("⏎" + "b" * 1999)
    said = "That made 2,012 characters. The last 2,000 are kept."
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_text("2,000 of 2,000")).to_be_visible()
    box.press("Control+z")
    expect(box).to_have_value("NADIA:⏎Who木")
    page.wait_for_url(lambda _: prompt_of(page) == "NADIA:⏎Who木")

    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 900)")
    assert box.bounding_box()["y"] < 60  # the bar has stayed
    page.get_by_role("button", name="Copy link").click()
    link = page.get_by_label("This browser gives no clipboard here")
    expect(link).to_have_value(re.compile("weights="))
    chosen = "field => [field.selectionStart, field.selectionEnd, field.matches(':focus')]"
    assert link.evaluate(chosen) == [0, len(link.input_value()), True]
    link.press("Escape")
    page.get_by_role("button", name="Reset").click()
    expect(box).to_have_value(DEFAULT_PROMPT)  # the server's word, where nobody types


def test_the_menu_of_a_phone_closes_after_a_choice(new_page, app_url):
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(f"{app_url}/averaging")
    settled(page)
    box = page.get_by_role("textbox", name="Prompt under study").bounding_box()
    assert box["y"] + box["height"] < 115
    name = page.get_by_role("combobox", name="Model")
    assert name.evaluate("name => name.scrollWidth <= name.clientWidth"), name.input_value()
    page.get_by_test_id("stExpandSidebarButton").click()
    assert link_to(page, "Inside", "MLP").bounding_box()["height"] > 38  # of a thumb
    open_from_menu(page, "MLP")
    page.get_by_role("heading", name="MLP", level=1).wait_for()
    expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()


def test_a_class_sees_one_panel_at_a_time(new_page, app_url):
    page = new_page(viewport={"width": 1280, "height": 720})
    page.goto(f"{app_url}/averaging?present=1")
    title = page.get_by_role("heading", level=1)
    title.wait_for()
    settled(page)
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    last = page.get_by_role("heading", name="Test yourself")
    expect(last).to_have_count(0)  # of what can be seen
    page.keyboard.press("ArrowRight")
    expect(title).to_have_count(0)
    for edge in ("panel_averaging", "picture_avg_step_loop"):  # what is pressed, and its effect
        box = page.locator(f".st-key-{edge}").bounding_box()
        assert box["y"] > 0 and box["y"] + box["height"] < 720
    page.keyboard.press("ArrowRight")  # this panel is higher than the screen: it goes on first
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollTop") > 100
    page.keyboard.press("End")
    expect(last).to_have_count(1)
    expect(title).to_have_count(0)
    page.keyboard.press("Home")
    expect(title).to_have_count(1)


# As on a machine that is busy: Streamlit's own box is there, and still empty.
FILLED_LATE = """(() => {
  const own = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  const get = function () {
    return this.closest(".st-key-prompt") && !window.filled ? "" : own.get.call(this);
  };
  Object.defineProperty(HTMLInputElement.prototype, "value", { ...own, get });
})()"""


def test_a_box_that_is_filled_late_does_not_empty_the_editor(page, app_url):
    page.add_init_script(FILLED_LATE)
    page.goto(f"{app_url}/surprise?prompt=NADIA:")
    box = page.get_by_role("textbox", name="Prompt under study")
    expect(box).to_be_visible()
    assert box.input_value() == "NADIA:"
    page.evaluate("window.filled = true")
    settled(page)
    assert box.input_value() == "NADIA:"
