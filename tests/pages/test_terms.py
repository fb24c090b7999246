"""Terms are introduced before they are used, or explained where they stand.

A term of a later lesson may stand in running text only where its sentence can be read: linked to
the glossary by `prose`.
"""

import pytest

from course.lessons import LESSONS
from ui.app.glossary import NOT_PROSE, TERMS, terms_in

ORDER = [lesson.name for lesson in LESSONS if lesson.minutes]


def unexplained(texts, lesson):
    """Terms of later lessons in running text, without those that the page links somewhere."""
    later = {term.name for term in TERMS if ORDER.index(term.lesson) > ORDER.index(lesson)}
    linked = {term.name for term in TERMS if any(f'"{term.sentence}")' in text for text in texts)}
    used = {term.name for text in texts for term in terms_in(NOT_PROSE.sub(" ", text))}
    return used & later - linked


@pytest.mark.parametrize("lesson", ORDER)
def test_no_lesson_uses_a_term_that_a_later_one_introduces(open_lesson, lesson):
    app = open_lesson(lesson)
    assert not unexplained([each.value for each in app.markdown], lesson)


def test_a_term_used_too_early_is_found():
    assert unexplained(["The **gradient** of the loss."], "data") == {"gradient", "loss"}
    assert unexplained(["The **gradient** of the loss."], "training") == set()
    link = next(term for term in TERMS if term.name == "loss")
    explained = f'The [loss](glossary?term=loss "{link.sentence}") and the loss.'
    assert unexplained([explained], "data") == set()
