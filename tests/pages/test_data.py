import re

import corpus

TEXT = "The quick brown fox jumps over the lazy dog.\n" * 40


def test_the_bundled_text_is_counted(open_lesson):
    app = open_lesson("data")
    expected = corpus.statistics(corpus.bundled().text)
    assert app.metric[0].value == f"{expected.characters:,}"
    assert app.metric[2].value == str(expected.character_vocabulary)
    bars = app.dataframe[0].value["bits, on the text it counted"].tolist()
    assert bars == [round(h, 3) for h in expected.entropy]


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
    app.switch_page("pages/tokenization.py").run()
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
