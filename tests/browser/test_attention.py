"""The Attention lesson as a reader uses it: pointer, keys, themes, a shared address."""

import json
import math
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import torch

from gpt_core.interpret.attention import ablate, trace_attention
from tests.browser.conftest import no_exception
from tests.helpers import write_run

PROMPT = "OTTO: It was wet."
RUN = "00a77e"  # runs have hexadecimal names
ROW, COLUMN = 12, 7


@pytest.fixture(scope="module")
def run(runs_folder):
    """The run that the browser looks at, and what it computes without the app."""
    return write_run(runs_folder, RUN.ljust(8, "0"), n_layer=2, n_head=3, n_embd=48)


@pytest.fixture(scope="module")
def lesson(app_url, run):
    """Open the lesson in a page; waits until the pictures are painted."""

    def open_lesson(page, prompt=PROMPT, **params):
        query = "&".join(f"{name}={quote(value)}" for name, value in params.items())
        page.goto(f"{app_url}/attention?model={run.name}&prompt={quote(prompt)}&{query}")
        painted(page, prompt)
        return page

    return open_lesson


@pytest.fixture(scope="module")
def still(browser, lesson):
    """The lesson, opened once for all tests that only look and point."""
    page = lesson(browser.new_page(viewport={"width": 1440, "height": 900}), head="1.2")
    yield page
    no_exception(page)
    page.context.close()


def painted(page, prompt):
    """Wait until the pictures of this prompt have been painted."""
    page.wait_for_selector(f".map[data-painted={json.dumps(prompt)}]")


def pixels(page, selector):
    """What a canvas shows."""
    return page.locator(selector).first.evaluate("canvas => canvas.toDataURL()")


def readout(page):
    """The cell in the arithmetic and its weight, as the browser computed it."""
    data = page.locator(".readout").evaluate("node => ({...node.dataset})")
    return data["cell"], data["weight"]


def point_at(page, row, column):
    """Move the pointer over one cell of the large picture."""
    plot = page.locator(".plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(
        box["x"] + (column + 0.5) * box["width"] / len(PROMPT),
        box["y"] + (row + 0.5) * box["height"] / len(PROMPT),
    )


def ids_of(run, prompt=PROMPT):
    return run.tokenizer().encode(prompt)


def test_editing_the_prompt_repaints_the_heads(page, lesson):
    lesson(page)
    before = pixels(page, ".head canvas"), pixels(page, ".cells")
    prompt_box = page.get_by_role("textbox", name="Prompt under study")
    prompt_box.fill("OTTO: It was dry.")
    painted(page, "OTTO: It was dry.")
    assert pixels(page, ".head canvas") != before[0]
    assert pixels(page, ".cells") != before[1]
    prompt_box.fill(PROMPT)
    painted(page, PROMPT)
    assert (pixels(page, ".head canvas"), pixels(page, ".cells")) == before


def test_the_arithmetic_in_the_browser_ends_in_the_models_own_weight(still, run):
    trace = trace_attention(run.load_model(), ids_of(run))
    pattern, q, k = trace.pattern[1, 2], trace.q[1, 2], trace.k[1, 2]
    for row, column in [(ROW, COLUMN), (16, 0), (0, 0), (5, 5)]:
        point_at(still, row, column)
        cell, weight = readout(still)
        assert cell == f"{row}.{column}"
        assert float(weight) == pytest.approx(pattern[row, column].item(), abs=1e-5)
        formulas = [f.inner_text().replace("−", "-") for f in still.locator(".formula").all()]
        dot = q[row] @ k[column]
        shown = float(still.locator(".total").inner_text().replace("−", "-"))
        assert shown == pytest.approx(dot.item(), abs=0.06 + 1e-3 * abs(dot.item()))
        assert f"/ √{run.model_config.head_dim}" in formulas[1]
        shown = float(still.locator(".weight").inner_text().replace("−", "-"))
        assert shown == pytest.approx(pattern[row, column].item(), abs=1e-3)


def test_a_later_position_is_masked(still):
    point_at(still, 3, 9)
    assert readout(still) == ("3.9", "masked")
    assert "The mask writes −∞" in still.locator(".formula").nth(1).inner_text()
    assert "weight is 0" in still.locator(".formula").nth(2).inner_text()


def test_pointing_at_a_small_picture_shows_both_tokens_and_the_weight(still, run):
    picture = still.get_by_role("gridcell", name="Layer 1, head 0")
    picture.hover(position={"x": 2, "y": picture.bounding_box()["height"] - 2})
    tip = still.locator(".tip").inner_text()
    weight = trace_attention(run.load_model(), ids_of(run)).pattern[1, 0, 16, 0].item()
    assert "layer 1 · head 0" in tip
    assert float(tip.splitlines()[-1]) == pytest.approx(weight, abs=0.01)


def test_switching_off_a_head_changes_the_next_token_as_the_model_says(page, lesson, run):
    lesson(page)
    page.get_by_role("switch", name="Switch off layer 1, head 1").click()
    page.wait_for_selector("text=Next token, without head 1.1")
    result = ablate(run.load_model(), ids_of(run), [(1, 1)])
    best = int(result.before.argmax())
    first = page.locator(".outcome tr").first.inner_text()
    before, after = re.findall(r"([\d.]+)%", first)
    assert float(before) == pytest.approx(100 * result.before[best].item(), abs=0.06)
    assert float(after) == pytest.approx(100 * result.after[best].item(), abs=0.06)
    loss = page.locator(".loss").inner_text()
    was, now = (nats / math.log(2) for nats in (result.loss_before, result.loss_after))
    assert loss == f"{was:.3f} → {now:.3f}"
    page.get_by_role("switch", name="Switch off layer 1, head 1").click()
    page.wait_for_selector("text=/^Next token$/")


def test_everything_can_be_done_with_the_keyboard(page, lesson):
    lesson(page)
    page.get_by_role("gridcell", name="Layer 0, head 0").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("h3 >> text=Layer 1 · head 2")
    page.keyboard.press("x")
    page.wait_for_selector("text=Next token, without head 1.2")
    page.keyboard.press("Tab")  # the switch of the large picture
    assert page.evaluate(ACTIVE).get("role") == "switch"
    page.keyboard.press("Space")
    page.wait_for_selector("text=/^Next token$/")
    page.keyboard.press("Tab")  # the large picture
    assert page.evaluate(ACTIVE).get("role") == "application"
    start = [int(x) for x in readout(page)[0].split(".")]
    page.keyboard.press("ArrowUp")
    assert readout(page)[0] == f"{start[0] - 1}.{start[1]}"
    page.wait_for_url(re.compile(rf"cell={start[0] - 1}\.{start[1]}"))
    page.keyboard.press("Escape")
    assert readout(page)[0] == f"{start[0]}.{start[1]}"


ACTIVE = """() => {
  let node = document.activeElement;
  while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return { role: node.getAttribute("role") };
}"""


def test_an_address_opens_the_same_state(page, new_page, lesson):
    lesson(page)
    page.get_by_role("gridcell", name="Layer 1, head 1").click()
    page.wait_for_url(re.compile(r"head=1\.1"))
    page.get_by_role("switch", name="Switch off layer 0, head 2").click()
    page.wait_for_selector("text=Next token, without head 0.2")
    plot = page.locator(".plot")
    box = plot.bounding_box()
    plot.click(position={"x": box["width"] * 0.1, "y": box["height"] * 0.8})
    page.wait_for_url(re.compile("cell="))
    page.mouse.move(0, 0)
    state = parse_qs(urlsplit(page.url).query)
    assert state["head"] == ["1.1"] and state["off"] == ["0.2"] and state["prompt"] == [PROMPT]

    other = new_page()
    other.goto(page.url)
    painted(other, PROMPT)
    other.wait_for_selector("text=Next token, without head 0.2")
    assert other.locator(".name").inner_text() == "Layer 1 · head 1"
    assert readout(other) == readout(page)
    assert pixels(other, ".cells") == pixels(page, ".cells")


def test_both_themes_have_their_own_colours(page, new_page, lesson):
    lesson(page)
    dark = lesson(new_page(color_scheme="dark"))
    assert page.locator(".map").get_attribute("data-theme") == "light"
    assert dark.locator(".map").get_attribute("data-theme") == "dark"
    assert pixels(page, ".cells") != pixels(dark, ".cells")
    # The first token can only listen to itself: weight 1, the far end of the scale.
    first = "c => [...c.getContext('2d').getImageData(0, 0, 1, 1).data.slice(0, 3)]"
    light_full = sum(page.locator(".cells").evaluate(first))
    dark_full = sum(dark.locator(".cells").evaluate(first))
    assert light_full < 250 < 500 < dark_full


def test_masked_cells_are_hatched_and_all_others_are_plain(still):
    data = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    shown = torch.tensor(still.locator(".cells").evaluate(data))
    side = round((len(shown) / 4) ** 0.5)
    size = side // len(PROMPT)
    cells = shown.view(side, side, 4).unfold(0, size, size).unfold(1, size, size)
    colours = {
        (row, column): {tuple(c) for c in cells[row, column].flatten(1).T.tolist()}
        for row in range(len(PROMPT))
        for column in range(len(PROMPT))
    }
    hatching = colours[0, 16]
    assert len(hatching) == 2 and (255, 255, 255, 255) not in hatching  # white is weight 0
    for (row, column), seen in colours.items():
        if column > row:
            assert seen == hatching
        else:
            assert len(seen) == 1 and not seen & hatching


def test_one_token_and_a_phone(new_page, lesson):
    phone = lesson(new_page(viewport={"width": 390, "height": 844}), prompt="W")
    assert readout(phone) == ("0.0", "1")
    wide = "() => document.querySelector('[data-testid=stMain]').scrollWidth"
    assert phone.evaluate(wide) <= 390


def test_a_head_can_be_read_as_a_table(still, run):
    still.get_by_text("Read this head as a table").click()
    row = still.locator(".table tbody tr").nth(ROW)
    weights = trace_attention(run.load_model(), ids_of(run)).pattern[1, 2, ROW]
    assert row.locator("td").nth(1).inner_text() == PROMPT[ROW].replace(" ", "␣")
    first = re.search(r"at (\d+): ([\d.]+)", row.inner_text())
    assert weights[int(first[1])].item() == pytest.approx(weights.max().item(), abs=1 / 255)
    assert float(first[2]) == pytest.approx(weights.max().item(), abs=1 / 255)


def test_a_long_prompt_is_exact_where_it_is_large(page, app_url, runs_folder):
    run = write_run(runs_folder, "00a771".ljust(8, "0"), block_size=128, n_layer=1, n_head=2)
    prompt = (PROMPT * 6)[:99]  # an odd number: the last square of cells is cut
    pattern = trace_attention(run.load_model(), ids_of(run, prompt)).pattern[0]
    page.goto(f"{app_url}/attention?model={run.name}&prompt={quote(prompt)}")
    painted(page, prompt)
    picture = page.get_by_role("gridcell", name="Layer 0, head 1")
    box = picture.bounding_box()
    square = box["width"] / (len(prompt) / 2)
    picture.hover(position={"x": 25.5 * square, "y": box["height"] - 0.5})
    strongest = pattern[1, 98:, 50:52].max().item()
    assert page.locator(".tip b").inner_text() == f"at most {round(strongest * 255) / 255:.2f}"
    picture.click()
    page.wait_for_url(re.compile(r"head=0\.1"))
    page.wait_for_selector(".map:not(.waiting)")
    page.get_by_text("Read this head as a table").click()
    row = page.locator(".table tbody tr").nth(77).inner_text()
    for column, weight in re.findall(r"at (\d+): ([\d.]+)", row):
        assert float(weight) == pytest.approx(pattern[1, 77, int(column)].item(), abs=1 / 255)
    assert "at most" not in page.locator(".readout").inner_text()


@pytest.mark.parametrize("width", [390, 1280, 1440])
@pytest.mark.parametrize("heads", [12, 25])
def test_many_heads_stand_beside_the_large_one_or_scroll(
    new_page, app_url, runs_folder, heads, width
):
    run = write_run(runs_folder, f"00a7{heads}".ljust(8, "0"), n_head=heads, n_embd=4 * heads)
    page = new_page(viewport={"width": width, "height": 720})
    page.goto(f"{app_url}/attention?model={run.name}&prompt={quote(PROMPT)}")
    painted(page, PROMPT)
    box = {name: page.locator(name).bounding_box() for name in (".heads", ".large")}
    right, bottom = (
        box[".heads"][a] + box[".heads"][b] for a, b in (("x", "width"), ("y", "height"))
    )
    assert right <= box[".large"]["x"] or bottom <= box[".large"]["y"]
    assert right <= width
    beyond = page.locator(".heads").evaluate("grid => grid.scrollWidth - grid.clientWidth")
    assert (beyond > 0) == (heads == 25)
    last = page.locator(".head").last
    last.focus()  # a keyboard's way to what is out of sight
    reached = last.bounding_box()
    assert reached["x"] + reached["width"] <= right
