"""Terms are linked where they first stand, and nowhere else."""

import re

import pytest

from course.lessons import LESSONS
from ui.app.glossary import TERMS, by_form, with_terms


def linked(text, seen=None, place="here"):
    made = with_terms(text, {} if seen is None else seen, place)
    return re.findall(r"\[([^\]]*)\]\(glossary\?term=([^ ]*) \"[^\"]*\"\)", made)


def test_the_first_use_on_a_page_is_linked_and_no_other():
    seen = {}
    assert linked("Losses fall. The loss is low.", seen, "one") == [("Losses", "loss")]
    assert linked("The loss again.", seen, "two") == []
    # A part of the page that is drawn again has its link again.
    assert linked("Losses rise.", seen, "one") == [("Losses", "loss")]


@pytest.mark.parametrize(
    "text",
    [
        "`loss` and ``a loss``",
        "$loss$ and $$\nloss\n$$",
        "[the loss](https://example.org)",
        "## Loss",
        "glossy lossless block_size",
        "```\nloss\n```",
        "<span loss>",
        ":material/loss:",
    ],
)
def test_what_is_no_prose_stays_as_it_is(text):
    assert with_terms(text, {}, "here") == text


def test_the_longest_term_wins_and_bold_is_kept():
    assert linked("its **residual stream**") == [("residual stream", "residual+stream")]
    assert linked("cross-entropy") == [("cross-entropy", "cross-entropy")]
    assert linked("KV caches, byte-pair encoding") == [
        ("KV caches", "KV+cache"),
        ("byte-pair encoding", "BPE"),
    ]


def test_every_term_has_one_sentence_and_a_lesson_that_exists():
    names = {lesson.name for lesson in LESSONS}
    for term in TERMS:
        assert term.lesson in names, term.name
        assert term.sentence.endswith(".") and "\n" not in term.sentence
    assert len(by_form()) == sum(1 + len(term.forms) for term in TERMS)
