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
