"""The machine on Home, the whole way: step, draw, turn round, unfold, and on to a lesson."""

import re
from urllib.parse import quote

import pytest

from tests.browser.conftest import settled
from tests.helpers import write_run

PROMPT = "OTTO: It was wet."
RUN = "00c0de00"


@pytest.fixture(scope="module")
def run(runs_folder):
    return write_run(runs_folder, RUN, n_layer=7)


def test_step_draw_turn_round_and_go_on_to_a_lesson(new_page, app_url, run):
    page = new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{app_url}/?model={run.name}&prompt={quote(PROMPT)}")
    machine = page.locator(f".machine[data-painted$='{PROMPT} +0']")
    machine.wait_for()
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="One step on").click()
    said = page.locator(".machine .says")
    assert said.inner_text().startswith("1 of 17: “.” picks its row of 32 numbers")
    page.get_by_role("button", name="Next token", exact=True).click()
    page.locator(f".machine[data-painted$='{PROMPT} +1']").wait_for()
    page.get_by_role("button", name="Backward").click()
    page.locator(".machine[data-painted$='+1 back']").wait_for()
    assert said.inner_text().startswith("Backward. After “.” the model gave")
    page.get_by_role("button", name="Backward").click()
    page.get_by_role("button", name="Back to the prompt").click()
    page.locator(".machine[data-painted$='+0 back']").wait_for()

    canvas, part = page.locator(".machine .moving"), page.locator(".machine .part")
    canvas.focus()
    for _ in range(2):
        canvas.press("ArrowUp")  # from the tokens to the first layer, which is folded
    assert "Layer 0 at “.”" in part.inner_text()
    canvas.press("Enter")
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowLeft"):
        canvas.press(key)
    assert "Layer 0, mean of 2 heads at “t”" in part.inner_text()
    assert "mean of 2 heads" in page.locator(".machine .live").inner_text()
    canvas.press("Enter")
    page.wait_for_url(re.compile(r"/attention\?.*head=0\.\d"))
    page.wait_for_url(re.compile(rf"cell={len(PROMPT) - 2}\.\d+"))
    page.wait_for_selector(".map[data-painted]")
