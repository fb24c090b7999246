"""Every chart of every lesson as a reader's eyes find it: labels apart, whole, large enough; text
that stands out from its ground. What looks is looks.js; these tests also try that it notices.
"""

from pathlib import Path

import pytest

from course.lessons import LESSONS
from tests.browser.conftest import settled

LOOKS = Path(__file__).with_name("looks.js").read_text()
CANVAS_LETTERS = Path(__file__).with_name("canvas_letters.js").read_text()
# Answer what is asked, one question at a time; then nothing is hidden. It says how many stood
# unanswered.
UNANSWERED = """() => {
  const asked = [...document.querySelectorAll('[data-testid=stMain] [role=radiogroup]')].filter(
    (group) => group.querySelector('input') && !group.querySelector('input:checked'));
  asked[0]?.querySelector('input').click();
  return asked.length;
}"""
ROUNDS = 30  # more than any lesson has questions
UNFOLD = """document.querySelectorAll('[data-testid=stMain] details:not([open]) > summary')
  .forEach((summary) => summary.click())"""

# Charts far from the screen wait until they are near, but for paper.
DRAWN = """() => {
  dispatchEvent(new Event('beforeprint'));
  return [...document.querySelectorAll('[data-testid=stMain] .chart')].every(
    (chart) => !chart.clientWidth || chart.querySelector('.main-svg'));
}"""


def reveal(page, rounds=ROUNDS):
    """Open all that the lesson keeps folded or asks about first, and have every chart drawn."""
    quiet = 0
    for _ in range(rounds):
        left = page.evaluate(UNANSWERED)
        quiet = 0 if left else quiet + 1
        if quiet == 2:  # the next question may take a while to come
            break
        page.wait_for_timeout(300)
        settled(page)
    else:
        pytest.fail(f"After {rounds} rounds, questions still open: {left}. Not all was seen.")
    page.evaluate(UNFOLD)
    page.wait_for_timeout(800)
    settled(page)
    page.wait_for_function(DRAWN, polling=300)
    page.wait_for_timeout(500)


@pytest.mark.parametrize(
    ("size", "scheme"),
    [((1440, 900), "light"), ((1280, 720), "dark"), ((390, 844), "light")],
    ids=["light", "dark", "telephone"],
)
@pytest.mark.parametrize("lesson", [lesson.name for lesson in LESSONS])
def test_labels_and_contrast(new_page, app_url, lesson, size, scheme):
    page = new_page(viewport=dict(zip(("width", "height"), size, strict=True)), color_scheme=scheme)
    page.add_init_script(CANVAS_LETTERS)
    page.goto(f"{app_url}/{lesson}")
    page.get_by_role("heading", level=1).wait_for()
    settled(page)
    reveal(page)
    page.evaluate(LOOKS)
    assert page.evaluate("looks.labels()") == []
    assert page.evaluate("looks.crossings()") == []
    assert page.evaluate("looks.letters()") == []
    assert page.evaluate("looks.contrast()") == []


def test_a_lesson_that_never_stops_asking_is_not_called_seen(page):
    page.set_content("""<div data-testid="stMain">
      <div role="radiogroup"><input type="radio" onclick="return false"></div>
      <div role="radiogroup"><input type="radio"></div></div>
      <div data-testid="stApp" data-test-script-state="notRunning" style="height: 1px"></div>""")
    with pytest.raises(pytest.fail.Exception, match="After 3 rounds, questions still open: 2"):
        reveal(page, rounds=3)


def test_what_looks_notices_what_is_wrong(page):
    page.set_content("""<div data-testid="stMain" style="background:#fff">
      <p style="color:#999">faint</p><p style="color:#555">plain</p>
      <p style="font-size:10px">small</p>
      <div class="vega-embed"><svg class="marks" width="200" height="60" style="display:block">
        <text x="5" y="20" font-size="14">first</text>
        <text x="12" y="22" font-size="14">second</text>
        <text x="170" y="50" font-size="14">cut off here</text>
        <text x="90" y="40" font-size="9">tiny</text></svg></div></div>""")
    page.evaluate(LOOKS)
    assert page.evaluate("looks.labels().map((said) => said.replace(/.*: /, ''))") == [
        "“first” on “second”",
        "“cut off here” is cut off",
        "“tiny” is under 11 pixels",
    ]
    assert page.evaluate("looks.letters()") == ["“small” () is under 11 pixels"]
    assert len(page.evaluate("looks.contrast()")) == 1
    page.evaluate("""() => {  // as a component's, which may be see-through
      const host = document.createElement('div');
      document.querySelector('[data-testid=stMain]').append(host);
      host.attachShadow({ mode: 'open' }).innerHTML = '<b style="opacity:.3">within</b>';
    }""")
    assert ["within" in said for said in page.evaluate("looks.contrast()")] == [False, True]


def test_what_looks_reads_drawings_and_canvases_too(page):
    page.add_init_script(CANVAS_LETTERS)
    page.goto("about:blank")
    page.set_content("""<div data-testid="stMain" style="background:#fff">
      <svg width="300" height="90">
        <clipPath id="upper"><rect width="300" height="45"/></clipPath>
        <g clip-path="url(#upper)"><rect width="300" height="90" fill="#444"/></g>
        <text x="5" y="20" fill="#fff">light on dark</text>
        <text x="150" y="20" fill="#222">dark on dark</text>
        <text x="5" y="70" fill="#222">dark on light</text>
        <text x="150" y="70" fill="#224" fill-opacity="0.3">thin on light</text>
        <text x="150" y="85" fill="#fff" opacity="0">not to be seen</text></svg>
      <div style="position:relative"><p>below</p><p style="position:absolute; top:-12px">above</p>
        <details><summary>more</summary><p>folded</p></details></div>
      <canvas width="300" height="60"></canvas></div>""")
    page.evaluate("""() => {
      const c = document.querySelector('canvas').getContext('2d');
      c.scale(2, 2);
      c.fillStyle = '#225';
      c.fillRect(0, 0, 60, 30);
      c.font = '12px sans-serif';
      c.fillText('plain', 70, 20);
      c.fillText('hidden', 5, 20);
      c.globalAlpha = 0.3;
      c.fillText('weak', 110, 20);
    }""")
    page.evaluate(LOOKS)
    said = page.evaluate("looks.contrast().map((said) => /“(.*)”/.exec(said)[1])")
    assert said == ["dark on dark", "thin on light", "hidden", "weak"]
    assert page.evaluate("looks.crossings()") == ["“below” on “above” outside a chart"]
