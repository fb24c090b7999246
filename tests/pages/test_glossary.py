"""The glossary lists all its terms, and finds one by a link from a lesson."""

import pytest
from streamlit.util import calc_hash

from course.lessons import LESSONS
from tests.helpers import app_at
from ui.app.glossary import TERMS
from ui.services.models import COPYING


def test_all_terms_are_listed_with_their_sentence(open_lesson):
    app = open_lesson("glossary")
    text = " ".join(each.value for each in app.markdown)
    assert all(term.sentence in text for term in TERMS)
    assert "also: block" in text and "losses" not in text and "vocabularies" not in text


def test_a_search_leaves_what_it_finds_and_says_when_nothing_is(open_lesson):
    app = open_lesson("glossary", term="residual stream")
    text = " ".join(each.value for each in app.markdown)
    assert "every part adds to it" in text and "KV cache" not in text
    app.text_input(key="term").set_value("zzz").run()
    assert "Try a shorter word" in app.info[0].value


@pytest.mark.parametrize("lesson", [lesson.name for lesson in LESSONS if not lesson.studies])
def test_a_page_that_nothing_is_studied_on_asks_for_no_prompt_and_keeps_it(lesson):
    app = app_at(lesson)
    app.query_params.update({"prompt": "", "model": COPYING})
    app.run()
    assert not app.exception and not [box for box in app.info if "prompt is empty" in box.value]
    assert app.session_state["study_request"] == (COPYING, "")
    app._page_hash = calc_hash("mlp")
    assert "The prompt is empty" in app.run().info[0].value
