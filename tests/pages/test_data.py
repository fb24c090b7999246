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
    assert (
        app.metric[0].value == f"{len(TEXT.strip()):,}" or app.metric[0].value == f"{len(TEXT):,}"
    )
    app.switch_page("pages/tokenization.py").run()
    assert not app.exception
    assert "Pasted text" in app.caption[1].value


def test_what_is_refused_is_said_and_nothing_is_lost(open_lesson):
    app = paste(open_lesson("data"), "too short")
    assert len(app.error) == 1
    assert app.error[0].value.count(".") >= 1
    assert "The Spin Cycle" in app.success[0].value


def test_a_text_without_words_is_shown(open_lesson):
    app = paste(open_lesson("data"), "!? " * 600)
    assert not app.exception


def test_the_batch_is_shifted_by_one_and_follows_its_seed(open_lesson):
    app = open_lesson("data")
    first = app.html[-1].value if hasattr(app, "html") else None
    app.number_input(key="batch_seed").set_value(7).run()
    assert not app.exception
    if first is not None:
        assert app.html[-1].value != first
