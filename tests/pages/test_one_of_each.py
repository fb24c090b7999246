"""Every lesson on a model with one layer and one head, and norms after the sums."""

import re

import pytest

from course.lessons import LESSONS
from tests.helpers import said

ONE_OF_EACH = {
    "n_layer": 1,
    "n_head": 1,
    "norm": "rmsnorm",
    "norm_position": "post",
}
# "1 heads", "All 1 intervals", "in 1 of 1 it is"
WRONG = re.compile(
    r"(?<![\d.,])1 (?:layers|heads|tokens|neurons|numbers|intervals|positions|pictures)\b"
    r"|\b(?:[Aa]ll|each of the) 1(?![\d,.]*\d)\b|\b1 of 1\b|\b0 of the 0\b"
)


@pytest.mark.parametrize("lesson", [lesson.name for lesson in LESSONS])
def test_one_is_counted_as_one(open_lesson, lesson):
    app = open_lesson(lesson, design=ONE_OF_EACH)
    while asked := [radio for radio in app.main.radio if radio.value is None]:
        asked[0].set_value(asked[0].options[0]).run()
        assert not app.exception
    drawn = [node.proto.body for node in app.main.get("html")]
    sent = [node.proto.json for node in app.get("bidi_component")]
    assert not WRONG.findall("\n".join([said(app), *drawn, *sent]))


def test_what_is_counted_wrongly_is_found():
    assert WRONG.findall("attention with 1 heads") and WRONG.findall("All 1 intervals lie")
    assert not WRONG.findall("1 head, 11 heads, 0.1 tokens, all 1,576 of them, all 12")
