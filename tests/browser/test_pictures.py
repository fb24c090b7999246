"""Every chart of every lesson as a reader's eyes find it: labels apart, whole, large enough; text
that stands out from its ground. What looks is looks.js; these tests also try that it notices.
"""

from pathlib import Path

import pytest

from course.lessons import LESSONS
from tests.browser.conftest import settled

LOOKS = Path(__file__).with_name("looks.js").read_text()
# Answer what is asked, one question at a time; then nothing is hidden.
UNANSWERED = """() => {
  const asked = [...document.querySelectorAll('[data-testid=stMain] [role=radiogroup]')].find(
    (group) => group.querySelector('input') && !group.querySelector('input:checked'));
  asked?.querySelector('input').click();
  return Boolean(asked);
}"""
UNFOLD = """document.querySelectorAll('[data-testid=stMain] details:not([open]) > summary')
  .forEach((summary) => summary.click())"""

# Charts far from the screen wait until they are near, but for paper.
DRAWN = """() => {
  dispatchEvent(new Event('beforeprint'));
  return [...document.querySelectorAll('[data-testid=stMain] .chart')].every(
    (chart) => !chart.clientWidth || chart.querySelector('.main-svg'));
}"""


def reveal(page):
    """Open all that the lesson keeps folded or asks about first, and have every chart drawn."""
    quiet = 0
    for _ in range(30):
        quiet = 0 if page.evaluate(UNANSWERED) else quiet + 1
        if quiet == 2:  # the next question may take a while to come
            break
        page.wait_for_timeout(300)
        settled(page)
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
    page.goto(f"{app_url}/{lesson}")
    page.get_by_role("heading", level=1).wait_for()
    settled(page)
    reveal(page)
    page.evaluate(LOOKS)
    assert page.evaluate("looks.labels()") == []
    assert page.evaluate("looks.contrast()") == []


def test_what_looks_notices_what_is_wrong(page):
    page.set_content("""<div data-testid="stMain" style="background:#fff">
      <p style="color:#999">faint</p><p style="color:#555">plain</p>
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
    assert len(page.evaluate("looks.contrast()")) == 1
