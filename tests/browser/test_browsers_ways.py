"""What a browser does to pages by itself: it translates them, and it loses connections."""

import re

import pytest
from playwright.sync_api import expect

from benchmarks.app_process import start_app, stop_app
from course.lessons import LESSONS
from tests.browser.conftest import settled

# As Chromium's own translator: it puts new words into <font> elements where texts were, whenever
# texts come. It lives in a world of its own, so it has the browser's own methods.
TRANSLATOR = """(() => {
  const {insertBefore, removeChild} = Node.prototype;
  const closed = 'script, style, textarea, [translate=no], font';
  const translate = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts) {
      const parent = text.parentElement;
      if (!parent || parent.closest(closed) || !/[a-z]/i.test(text.data)) continue;
      const outer = document.createElement('font'), inner = document.createElement('font');
      inner.append(text.data.replace(/[a-z]/g, 'x'));
      outer.append(inner);
      insertBefore.call(parent, outer, text);
      removeChild.call(parent, text);
    }
  };
  const start = () => {
    new MutationObserver(translate).observe(
      document.body, {childList: true, subtree: true, characterData: true});
    translate();
  };
  document.readyState === 'loading' ? addEventListener('DOMContentLoaded', start) : start();
})()"""
# When the page's connection ended, and when the page said so: by the browser's own clock, as a
# loaded machine is slow to ask it.
CONNECTION = """(() => {
  const times = (window.connectionTimes = {});
  window.WebSocket = class extends WebSocket {
    constructor(...parts) {
      super(...parts);
      this.addEventListener('open', () =>
        this.addEventListener('close', () => (times.ended = performance.now())));
    }
  };
  new MutationObserver(() => {
    if (document.querySelector('[data-testid=connection]')) times.said ??= performance.now();
  }).observe(document, {childList: true, subtree: true});
})()"""
PROMPTS = ("NADIA: Who p", "GUS: Six stops", "GUS: Six", "MABEL: Why?\u23ce", "NADIA: Who put")


def numbers(page):
    """All numbers that the lesson shows, in their order."""
    text = page.get_by_test_id("stMain").inner_text()
    return re.findall(r"\d+(?:[.,]\d+)*", text)


@pytest.fixture
def lessons(thorough):
    """The three whose sentences change most, or with --thorough all that have a prompt."""
    if thorough:
        return [lesson.name for lesson in LESSONS if lesson.name not in ("home", "glossary")]
    return ["averaging", "attention", "mlp"]


def ask_about(page, prompt):
    box = page.get_by_role("textbox", name="Prompt under study")
    box.fill(prompt)
    settled(page)
    page.wait_for_timeout(700)
    settled(page)


def test_a_translated_page_shows_the_servers_numbers(new_page, app_url, lessons):
    plain, translated = new_page(), new_page()
    translated.add_init_script(TRANSLATOR)
    for lesson in lessons:
        for page in (plain, translated):
            page.goto(f"{app_url}/{lesson}")
            page.get_by_role("heading", level=1).wait_for()
            settled(page)
        for prompt in PROMPTS:
            for page in (plain, translated):
                ask_about(page, prompt)
            assert numbers(translated) == numbers(plain), (lesson, prompt)
        assert "xxx" in translated.get_by_test_id("stMain").inner_text()  # it does translate


def test_a_lost_connection_is_said_until_it_is_back(browser, tmp_path):
    app, url = start_app(tmp_path / "runs", tmp_path / "app.log")
    page = browser.new_page()  # its console is not empty: the browser itself reports the failures
    page.add_init_script(CONNECTION)
    try:
        page.goto(f"{url}/glossary")
        page.get_by_role("heading", level=1).wait_for()
        line = page.get_by_test_id("connection")
        expect(line).to_have_count(0)
        stop_app(app)
        expect(line).to_contain_text("lost")
        assert page.evaluate("connectionTimes.said - connectionTimes.ended") < 3_000
        port = int(url.rpartition(":")[2])
        app, _ = start_app(tmp_path / "runs", tmp_path / "app.log", port=port)
        expect(line).to_have_count(0)
    finally:
        page.close()
        stop_app(app)


def test_a_network_without_websockets_is_told_of(browser, app_url):
    page = browser.new_page()
    try:
        page.add_init_script(
            "window.WebSocket = class extends EventTarget { close() {} send() {} };"
        )
        page.goto(f"{app_url}/glossary")
        expect(page.get_by_test_id("connection")).to_contain_text("websockets", timeout=10_000)
    finally:
        page.close()


def test_numbers_are_read_as_they_were_typed(page, app_url):
    page.goto(f"{app_url}/training")
    page.get_by_text("How it learns").click()
    boxes = page.get_by_test_id("stNumberInput")
    rate, steps = (
        boxes.filter(has=page.get_by_text(name, exact=True)).locator("input")
        for name in ("Learning rate", "Steps")
    )

    def typed(field, text):
        field.click()
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        settled(page)

    typed(rate, "0,01")
    page.wait_for_function("location.search.includes('train_rate=0.01')")
    typed(steps, "1.000")
    page.wait_for_function("location.search.includes('train_steps=1000')")
    typed(steps, "\uff15\uff10\uff10")
    page.wait_for_function("location.search.includes('train_steps=500')")
    typed(rate, "1.000")
    expect(page.get_by_test_id("refusal")).to_contain_text("“1.000” is not taken")
    expect(rate).to_have_value("0.01")
