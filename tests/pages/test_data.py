import re

import pytest

import corpus
from gpt_core.tokenizers import train_tokenizer
from pages.data import words
from pages.data.text_tables import batch_rows
from tests.helpers import said, tables

TEXT = "The quick brown fox jumps over the lazy dog.\n" * 40


def asked_for(app, key):
    """The question whose key begins so."""
    return next(radio for radio in app.radio if (radio.key or "").startswith(key))


def test_the_bundled_text_is_counted(open_lesson):
    app = open_lesson("data")
    expected = corpus.statistics(corpus.bundled().text)
    assert app.metric[0].value == f"{expected.characters:,}"
    assert app.metric[2].value == str(expected.character_vocabulary)
    assert not tables(app)  # not before the guess
    asked_for(app, "data_easier").set_value(words.OWN).run()
    table = tables(app)[0].set_index("the counter knows").astype(float)
    text = corpus.bundled().text
    counted = corpus.statistics(text[: int(0.9 * len(text))]).entropy
    assert table["bits, on the text it counted"].tolist() == [round(h, 3) for h in counted]
    assert (words.EASIER_END in said(app)) == (table.iloc[0, 1] < table.iloc[0, 0])
    own, unseen = table.iloc[2]
    assert f"{own:.3f} bits per character on the text that it counted, and {unseen:.3f}" in (
        app.success[-1].value
    )
    assert f"**{unseen:.2f} bits per character" in said(app)
    assert "sees two characters back" in said(app)


def test_the_most_frequent_character_is_told_after_the_guess(open_lesson):
    app = open_lesson("data")
    assert "Most frequent characters" not in said(app)
    (_, most), (_, fewer) = corpus.statistics(corpus.bundled().text).top_characters[:2]
    asked_for(app, "data_most").set_value("`e`").run()
    assert not app.exception and "Most frequent characters" in said(app)
    assert f"`␣` occurs {most:,} times" in app.warning[0].value
    assert f"The next, `e`, occurs {fewer:,} times" in app.warning[0].value


def test_another_text_asks_anew(open_lesson):
    app = open_lesson("data")
    asked_for(app, "data_most").set_value("`e`").run()
    app = paste(app, TEXT)
    assert asked_for(app, "data_most").value is None


@pytest.mark.parametrize(
    ("counts", "guess", "right"),
    [
        ({"a": 5, "b": 3, "c": 1}, "a", True),
        ({"a": 5, "b": 3, "c": 1}, "c", False),
        ({"a": 4, "b": 4}, "b", True),
    ],
)
def test_equally_frequent_ones_are_both_right(counts, guess, right):
    answer = words.most_frequent(counts, guess, 10)
    assert answer.right is right
    assert ("just as often" in answer.why) is (counts["a"] == counts["b"])
    assert ("For c the number is 1." in answer.why) is (guess == "c")


@pytest.mark.parametrize(
    ("own", "unseen", "right", "why"),
    [
        (2.3, 2.4, words.OWN, "is easier"),
        (2.3, 2.1, words.UNSEEN, "the other way round"),
        (0.001, 0.002, words.SAME, "is as easy as the rest"),
    ],
)
def test_where_the_counter_is_less_surprised(own, unseen, right, why):
    for guess in (words.OWN, words.UNSEEN, words.SAME):
        answer = words.easier(own, unseen, guess)
        assert answer.right is (guess == right)
        assert why in answer.why


def paste(app, text):
    app.radio(key="text_source").set_value("Paste a text").run()
    app.text_area[0].set_value(text)
    next(b for b in app.button if b.label == "Use this text").click().run()
    assert not app.exception
    return app


def test_a_pasted_text_is_used_by_the_lessons(open_lesson):
    app = paste(open_lesson("data"), TEXT)
    assert "Pasted text" in app.success[0].value
    assert app.metric[0].value == f"{len(corpus.from_paste(TEXT).text):,}"
    app.switch_page("../pages/tokenization/page.py").run()
    assert not app.exception
    assert any("Pasted text" in caption.value for caption in app.caption)


def test_what_is_refused_is_said_and_nothing_is_lost(open_lesson):
    app = paste(open_lesson("data"), "too short")
    assert len(app.error) == 1
    assert app.error[0].value.count(".") >= 1
    assert "The Spin Cycle" in app.success[0].value


def test_a_text_without_words_is_shown(open_lesson):
    app = paste(open_lesson("data"), "!? " * 600)
    assert not app.exception


def batch_table(app):
    """The ids on screen, piece by piece; y has to be x moved on by one."""
    table = next(h.value for h in app.get("html") if 'class="batch"' in h.value)
    rows = [re.findall(r"<small>(\d+)</small>", row) for row in table.split("<tr>")[1:]]
    for x, y in zip(rows[::2], rows[1::2], strict=True):
        assert x[1:] == y[:-1]
    return rows


def test_the_batch_is_shifted_by_one_and_follows_its_seed(open_lesson):
    app = open_lesson("data")
    first = batch_table(app)
    app.number_input(key="batch_seed").set_value(7).run()
    other = batch_table(app)
    app.number_input(key="batch_seed").set_value(1337).run()
    assert batch_table(app) == first != other


LETTER = "The laundrette on the corner opens at seven.\n" * 40 + "Il fait très chaud à São Paulo.\n"


def upload(app, name, data):
    app.radio(key="text_source").set_value("Upload a file").run()
    app.file_uploader[0].upload(name, data).run()
    assert not app.exception
    return app


def asked(app):
    """The question whether a file was read right; None if it isn't asked."""
    return next((radio for radio in app.radio if (radio.key or "").startswith("reading_")), None)


def test_a_file_that_says_how_it_is_stored_raises_no_question(open_lesson):
    app = upload(open_lesson("data"), "letter.txt", LETTER.encode())
    assert "letter.txt" in app.success[0].value
    assert asked(app) is None


def test_a_guess_is_a_question_and_another_answer_reads_the_file_again(open_lesson):
    app = upload(open_lesson("data"), "letter.txt", LETTER.encode("cp1252"))
    assert any(
        "Read as Windows-1252, Western European: is this right?" in m.value for m in app.markdown
    )
    assert asked(app).value == "cp1252"
    assert len(asked(app).options) == 3
    assert "très" in app.session_state["chosen_corpus"].text
    asked(app).set_value("cp1250").run()
    assert "trčs chaud ŕ Săo Paulo" in app.session_state["chosen_corpus"].text
    assert any("Read as Windows-1250, Central European: is" in m.value for m in app.markdown)
    # It holds for the session, on every page, and can be taken back.
    app.switch_page("../pages/tokenization/page.py").run()
    assert "trčs" in app.session_state["chosen_corpus"].text
    app.switch_page("../pages/data/page.py").run()
    assert asked(app).value == "cp1250"
    asked(app).set_value("cp1252").run()
    assert app.session_state["chosen_corpus"].text == LETTER
    assert not app.exception


def test_the_question_goes_with_its_file(open_lesson):
    app = upload(open_lesson("data"), "letter.txt", LETTER.encode("cp1252"))
    asked(app).set_value("cp1250").run()
    upload(app, "another.txt", LETTER.replace("très", "très très").encode("cp1252"))
    assert asked(app).value == "cp1252"
    assert "très très" in app.session_state["chosen_corpus"].text
    paste(app, TEXT)
    assert asked(app) is None


def test_an_answer_that_cannot_be_used_is_said_and_nothing_is_lost(open_lesson):
    words = " ".join(["São Paulo é três vezes maior; não há praça sem açaí."] * 20)[:1_000]
    app = upload(open_lesson("data"), "short.txt", words.encode("cp1252"))
    before = app.session_state["chosen_corpus"].text
    state = app.session_state["chosen_upload"]
    encodings = [reading.encoding for reading in app.session_state["chosen_corpus"].readings]
    other = next(e for e in encodings if e != "cp1252")
    app.session_state["chosen_upload"] = state._replace(data=state.data[:500])
    asked(app).set_value(other).run()
    assert "too few to train on" in app.error[0].value
    assert app.session_state["chosen_corpus"].text == before
    assert not app.exception


def test_a_look_at_another_source_leaves_the_box_as_it_was(open_lesson):
    app = paste(open_lesson("data"), TEXT)
    app.radio(key="text_source").set_value("The bundled sitcom").run()
    next(b for b in app.button if "bundled" in b.label).click().run()
    app.radio(key="text_source").set_value("Paste a text").run()
    assert app.text_area(key="pasted_text").value == TEXT


def test_a_batch_as_rows_has_tokens_and_ids_apart():
    tokenizer = train_tokenizer("char", "ab c")
    x, y = ([tokenizer.encode(text)] for text in ("b c", " ca"))
    rows = batch_rows(x, y, tokenizer)
    a, b, c, space = (tokenizer.encode(character)[0] for character in "abc ")
    assert rows[1:] == [
        [1, 0, "b", b, "␣", space],
        [1, 1, "␣", space, "c", c],
        [1, 2, "c", c, "a", a],
    ]
