"""Handouts opened from the disk, without any server: drawn, pointed at, and no request."""

from functools import partial
from html import escape

import pytest

from gpt_core.interpret.attention import trace_attention, written_length
from pages.averaging import words
from tests.browser.conftest import open_lesson
from tests.helpers import tiny_model
from ui.components import attention_map, chart
from ui.components.attention_map import CSS, HTML, TITLE, Selection, pack, pack_small
from ui.components.bundle import bundle
from ui.show.handout import AS_IT_STOOD, OFF, About, Chart, Drawing, Markup, page_of
from ui.show.sheet import sheet
from ui.show.take_away import WHOLE

ABOUT = About("Attention", "a dog, the dog", "tiny", "2026-11-28")
DARK_RGB = "rgb(20, 19, 26)"
SCORES = "Scores of random q and k"
TOKENS = list("abcdefgh")
EMPTY = Chart({"data": [], "layout": {}})  # a script says that it is drawn


@pytest.fixture
def opened(new_page, tmp_path):
    """opened(text) is a page of that text, and the list of its requests and errors."""

    def open_(text):
        file = tmp_path / "handout.html"
        file.write_text(text, encoding="utf-8")
        page, seen = new_page(), []
        page.on("request", lambda request: seen.append(request.url))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.goto(file.as_uri())
        page.wait_for_function("document.body.dataset.drawn === 'yes'")
        return page, [file.as_uri()], seen

    return open_


def attention(model, head):
    trace = trace_attention(model, tuple(range(1, 9)))
    small = pack_small(trace.pattern.numpy(), True)
    written = written_length(model, *head, trace.v[head])
    return pack(trace, small, written, True, TOKENS, Selection(head), None, "x")


def test_attention_without_a_server(opened):
    """A cell is pointed at, another head is locked: its arithmetic is there, too."""
    model = tiny_model()
    message = partial(attention, model)
    heads = [(i, j) for i in range(2) for j in range(2)]
    answers = {f"[{i},{j}]": message((i, j)) for i, j in heads}
    script = bundle(attention_map._FILES / "draw.js")
    drawing = Drawing(HTML, CSS, script, message((0, 0)), answers, ".knock, .lamp")
    page, own, seen = opened(page_of(ABOUT, {"": ("", drawing)}))
    assert OFF in page.locator("header").inner_text()
    pattern = trace_attention(model, tuple(range(1, 9))).pattern

    def point_at(head):
        plot = page.locator(".plot")
        box = plot.bounding_box()
        plot.hover(position={"x": box["width"] * 0.5 / 8, "y": box["height"] * 7.5 / 8})
        page.wait_for_function(
            "wanted => { const { shadowRoot } = document.querySelector('.picture');"
            " const { cell, weight } = shadowRoot.querySelector('.readout').dataset;"
            " return cell === '7.0' && Math.abs(weight - wanted) < 0.003 }",
            arg=pattern[(*head, 7, 0)].item(),
        )
        return page.locator(".arithmetic .formula").all_inner_texts()

    first = point_at((0, 0))
    page.locator(".head").last.click()
    second = point_at((1, 1))
    assert all(first) and all(second) and first != second
    assert page.locator(".knock").evaluate("e => getComputedStyle(e).pointerEvents") == "none"
    assert [url for url in seen if not url.startswith("blob:")] == own


def test_a_whole_lesson_without_a_server(new_page, app_url, opened):
    """In the order of the page: its words, pictures of HTML, a table, curves, a component."""
    lesson = new_page(color_scheme="dark")
    open_lesson(lesson, f"{app_url}/averaging?shown=2")
    lesson.get_by_role("button", name=WHOLE).click()
    with lesson.expect_download() as download:
        lesson.get_by_role("button", name="Handout (HTML)").click()
    page, own, seen = opened(download.value.path().read_text(encoding="utf-8"))
    titles = page.get_by_role("heading").all_inner_texts()
    steps = [words.WEIGHTS_TIMES_X, "Queries, keys, values", TITLE, SCORES, "Test yourself"]
    assert [title for title in titles if title in steps] == steps
    text = page.locator("body").inner_text()
    assert AS_IT_STOOD in text and "Replace each token's vector by the mean" in text
    assert not [name for name in ("Take it with you", "Copy link", "menu_book") if name in text]
    page.get_by_text("Why does a model with a causal mask").click()
    page.get_by_text("Each position sees only what comes before").wait_for()  # folds unfold
    assert page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") == DARK_RGB
    page.locator(".head").last.click()
    page.locator(".plot").hover()
    assert "looks at" in page.locator(".readout").inner_text()
    assert [url for url in seen if not url.startswith("blob:")] == own


def test_a_chart_without_a_server(opened):
    bars = {"type": "bar", "x": ["a", "b"], "y": [1, 3], "hovertemplate": "%{x}: %{y}"}
    page, own, seen = opened(page_of(ABOUT, {"": ("", Chart({"data": [bars], "layout": {}}))}))
    bar = page.locator(".bars path").last
    box = bar.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".hoverlayer text").first.wait_for()
    assert "b: 3" in page.locator(".hoverlayer").text_content()
    assert [url for url in seen if not url.startswith("blob:")] == own


def test_labels_above_bars_stand_upright_on_a_telephone(opened):
    bars = {"type": "bar", "x": [*"abcdefgh"], "y": [1] * 8, "text": ["1,234.5"] * 8}
    bars |= {"textposition": "outside", "textfont": {"size": 13}}
    shown = Chart({"data": [bars], "layout": {}}, bundle(chart._FILES / "letters.js"))
    page, *_ = opened(page_of(ABOUT, {"": ("", shown)}))
    label = page.locator(".bartext").first
    size = label.bounding_box()
    assert size["width"] > size["height"]
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(
        "label => { const { width, height } = label.getBoundingClientRect();"
        " return height > width }",
        arg=label.element_handle(),
    )


def test_a_table_looks_as_in_the_app(opened):
    rows = [["who", "many"], ["a", 12], ["**b**", 3]]
    page, *_ = opened(page_of(ABOUT, {"a": ("", Markup(sheet(rows, escape))), "b": ("", EMPTY)}))
    many = page.locator("td.numeric")
    assert many.all_inner_texts() == ["12", "3"]
    assert many.first.evaluate("cell => getComputedStyle(cell).textAlign") == "right"
    assert page.locator("th[scope=row]").all_inner_texts() == ["a", "**b**"]


def test_the_letters_of_a_formula_are_large_enough(opened):
    power = ["msup", ["mi", "e"], ["mrow", ["msub", ["mi", "x"], ["mi", "i"]], ["mo", "/"]]]
    said = [["figure", ["math", ["mfrac", power, ["msub", ["mi", "N"], ["mi", "a"]]]]]]
    page, *_ = opened(page_of(ABOUT, {"": ("", EMPTY)}, said))
    letters = page.locator("math :is(mi, mo)")
    sizes = letters.evaluate_all("all => all.map((e) => parseFloat(getComputedStyle(e).fontSize))")
    assert len(sizes) == 6 and min(sizes) >= 11
