"""The glossary lists all its terms, and finds one by a link from a lesson."""

from ui.app.glossary import TERMS


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
