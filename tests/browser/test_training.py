"""The Training lesson in a browser: a newcomer's run on a text of their own."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import open_from_menu, open_lesson, settled, stop_button

SLOW = 120_000  # ms; a worker at the lowest priority may have to wait for others
TINY = "layers=1&heads=2&width=32&context=32&train_batch=4"
TEXT = "OTTO: The dryer hums.\nNADIA: Then hum back, Otto, like a person.\n\n" * 60


@pytest.fixture
def lesson(page, app_url):
    """Open the lesson with settings in its address: lesson("train_steps=50")."""

    def open_(query=""):
        page.goto(f"{app_url}/training?training_shown=true&{query}")
        expect(page.get_by_role("heading", name="Runs compared")).to_be_visible(timeout=SLOW)
        return page

    return open_


@pytest.fixture(autouse=True)
def stop_what_was_started(page):
    """A run that a failed test leaves behind would keep those of the next tests waiting."""
    yield
    if not re.search("/training.*run=[0-9a-f]{16}", page.url):
        return
    ended = page.locator(".stMarkdownBadge", has_text=re.compile("paused|stopped|finished|failed"))
    expect(stop_button(page).or_(ended).first).to_be_visible(timeout=SLOW)
    if stop_button(page).count():
        stop_button(page).click()
        wait_for_badge(page, "stopped")


def start(page):
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=SLOW)


def wait_for_badge(page, word):
    badge = page.locator(".stMarkdownBadge", has_text=word).first
    expect(badge).to_be_visible(timeout=SLOW)


def steps_done(page):
    text = page.get_by_test_id("stProgress").first.inner_text()
    found = re.search(r"step ([\d,]+) of", text)
    return int(found[1].replace(",", "")) if found else 0


def wait_for_steps(page, count):
    page.wait_for_function(
        """count => {
            const bar = document.querySelector("[data-testid=stProgress]");
            const found = bar && /step ([\\d,]+) of/.exec(bar.innerText);
            return found && Number(found[1].replace(/,/g, "")) >= count;
        }""",
        arg=count,
        timeout=SLOW,
    )


def curve(page):
    """The path of the loss of each batch, as the browser has drawn it: its points' heights."""
    path = page.evaluate(
        """() => {
            const all = [...document.querySelectorAll(".st-key-loss_figure .mark-line path")];
            return all.length ? all[0].getAttribute("d") : "";
        }"""
    )
    return [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", path or "")]


def axis_labels(page):
    return page.locator(".st-key-loss_figure .role-axis-label text").all_text_contents()


def test_a_text_of_ones_own_is_trained_on_and_looked_into(page, app_url):
    page.goto(f"{app_url}/data")
    page.get_by_text("Paste a text").click(timeout=SLOW)
    page.get_by_label("Your text").fill(TEXT)
    page.get_by_role("button", name="Use this text").click()
    expect(page.get_by_text("The lessons use “Pasted text”")).to_be_visible()
    open_from_menu(page, "Training")
    expect(page.get_by_text("Text: “Pasted text”")).to_be_visible(timeout=SLOW)
    page.get_by_text("Size of the model").click()
    for label, value in (("Layers", 1), ("Heads", 2), ("Width", 32), ("Context", 32)):
        fill(page, label, value)
    page.get_by_text("How it learns").click()
    fill(page, "Steps", 50)
    expect(page.get_by_text("1 layer × 2 heads × 32 wide")).to_be_visible()
    start(page)
    wait_for_badge(page, "finished")
    wait_for_steps(page, 50)
    page.wait_for_function(
        "() => document.querySelectorAll('.st-key-loss_figure .mark-line path').length > 0"
    )
    heights = curve(page)  # in pixels from above: a loss that falls moves down
    assert len(heights) == 50 and heights[-1] > heights[0] + 20
    page.get_by_role("button", name="Use this model in every lesson").click()
    model = page.get_by_test_id("stMain").get_by_role("combobox", name="Model")
    expect(model).to_have_value("modern, char, 50 steps", timeout=SLOW)
    open_from_menu(page, "Sample")
    expect(page.get_by_role("heading", name="Sample").first).to_be_visible()
    expect(model).to_have_value("modern, char, 50 steps", timeout=SLOW)


def fill(page, label, value):
    box = page.get_by_label(label, exact=True)
    box.fill(str(value))
    box.press("Enter")


def test_pause_reload_resume_and_the_link_for_others(lesson, new_page, app_url):
    page = lesson(f"{TINY}&train_steps=20000")
    start(page)
    wait_for_steps(page, 5)
    before = steps_done(page)
    wait_for_steps(page, before + 5)  # it moves by itself
    page.get_by_role("button", name="Pause").click()
    wait_for_badge(page, "paused")

    page.reload()
    wait_for_badge(page, "paused")
    assert steps_done(page) >= before
    address = page.url
    run = re.search(r"run=([0-9a-f]{16})", address)[1]
    page.goto(f"{app_url}/training")  # without the run in its address, by who the visitor is
    expect(page).to_have_url(re.compile(run), timeout=SLOW)

    page.get_by_role("button", name="Resume").click()
    wait_for_badge(page, "training")
    other = new_page()
    other.goto(address)
    wait_for_badge(other, "training")
    expect(other.get_by_text("This run was shared with you")).to_be_visible()
    assert stop_button(other).count() == 0

    stop_button(page).click()
    wait_for_badge(page, "stopped")
    with page.expect_download(timeout=SLOW) as download:
        page.get_by_role("button", name="Download", exact=True).click()
    assert download.value.suggested_filename == f"run-{run[:6]}.zip"
    page.get_by_role("button", name="Delete").click()
    question = page.get_by_role("dialog")
    expect(question.get_by_text("This can't be undone.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(page).to_have_url(re.compile(run))
    page.get_by_role("button", name="Delete").press("Enter")
    question.get_by_role("button", name="Delete it for good").press("Enter")
    expect(page).to_have_url(re.compile("run=bundled"), timeout=SLOW)


def test_a_zoom_is_kept_while_the_curve_grows(lesson):
    page = lesson(f"{TINY}&train_steps=20000")
    start(page)
    wait_for_steps(page, 5)
    figure = page.locator(".st-key-loss_figure svg.marks").first
    figure.scroll_into_view_if_needed()
    whole = axis_labels(page)
    box = figure.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.keyboard.down("Control")
    page.mouse.wheel(0, -600)
    page.keyboard.up("Control")
    expect(page.locator(".st-key-loss_figure").get_by_text("20,000", exact=True)).to_have_count(0)
    wait_for_steps(page, steps_done(page) + 50)
    assert "20,000" in whole and "20,000" not in axis_labels(page)
    stop_button(page).click()
    wait_for_badge(page, "stopped")


FORMATS = {
    "projector": {"viewport": {"width": 1280, "height": 720}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
CURVE = ".st-key-loss_figure svg.marks"


def in_view(page, *parts):
    """Fail unless each part is seen whole, below the bar."""
    upper = page.locator(".st-key-study_bar").bounding_box()
    upper = upper["y"] + upper["height"]
    for part in parts:
        box = part.first.bounding_box()
        lower = page.viewport_size["height"]
        assert upper - 1 <= box["y"] and box["y"] + box["height"] <= lower + 1, part


@pytest.mark.parametrize(
    ("screen", "address"),
    [("projector", ""), ("projector", "&present=1"), ("phone", "")],
)
def test_an_answer_and_a_start_show_what_they_change(new_page, app_url, screen, address):
    page = new_page(**FORMATS[screen])
    open_lesson(page, f"{app_url}/training?{TINY}&train_steps=20000{address}")
    curve = page.locator(CURVE)
    curve.wait_for()
    start_button = page.get_by_role("button", name="Start training")
    question = page.locator(".st-key-training_start label:has(input)")
    if (screen, address) == ("projector", ""):
        in_view(page, start_button, curve, question.last)
    question.nth(1).click()
    verdict = page.get_by_text("Right.")
    expect(verdict).to_be_in_viewport()
    page.wait_for_function(
        "selector => document.querySelector(selector + ' .mark-line')", arg=CURVE
    )
    settled(page)
    page.wait_for_timeout(500)  # it scrolls once the curve has its place
    in_view(page, verdict)
    expect(curve).to_be_in_viewport(ratio=0.95 if not address else 0.7)  # in letters for a class
    if (screen, address) == ("projector", ""):
        in_view(page, start_button)
    start_button.click()
    wait_for_steps(page, 5)
    expect(curve).to_be_in_viewport(ratio=0.9)  # what is said above it may take a line more
    if screen == "projector":
        in_view(page, start_button)
    stop_button(page).click()
    wait_for_badge(page, "stopped")


def test_the_form_does_not_stand_beside_screens_of_nothing(new_page, app_url):
    page = new_page(**FORMATS["projector"])
    open_lesson(page, f"{app_url}/training?training_shown=true")
    page.locator(CURVE).wait_for()
    form = page.get_by_text("One run trains at a time").bounding_box()
    writes = page.get_by_role("heading", name="What it writes").bounding_box()
    assert writes["x"] == form["x"]  # across the page
    assert writes["y"] - form["y"] < 720


@pytest.mark.parametrize("scale", ["logarithmic", "linear"])
def test_the_names_of_lines_can_be_read(new_page, app_url, scale):
    page = new_page(**FORMATS["projector"])
    open_lesson(page, f"{app_url}/training?training_shown=true")
    page.locator(CURVE).wait_for()
    if scale == "linear":
        page.get_by_text("Logarithmic scale").click()
        expect(page.locator(".st-key-loss_figure").get_by_text("12", exact=True)).to_be_visible()
        settled(page)
    names = page.locator(f"{CURVE} .mark-text text:not([stroke])").filter(has_text="·")  # no halo
    boxes = [name.bounding_box() for name in names.all()]
    middles = sorted(box["y"] + box["height"] / 2 for box in boxes)
    assert len(boxes) == 4 and all(b - a >= 19 for a, b in pairwise(middles))
    dotted = ".mark-rule line[stroke-dasharray]"
    lines = [line.bounding_box()["y"] for line in page.locator(f"{CURVE} {dotted}").all()]
    assert len(lines) == 4
    assert all(abs(middle - line) > 6 for middle in middles for line in lines)
