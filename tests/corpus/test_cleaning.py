"""Damage is repaired and reported; what an author wrote stays as it is."""

import html
import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.cleaning import REPAIR_LIMIT, clean, visible


def kinds(text):
    return {change.kind: change.count for change in clean(text)[1].changes}


@pytest.mark.parametrize(
    "text",
    [
        "Plain text.\nWith\ttabs and  spaces.\n\n\n",
        "“Curly quotes” — and a dash… l’été",
        "emoji 👩‍👩‍👧 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🦆",
        "שלום עולם \u200fمرحبا بالعالم",
        "全角，標點！ＬＯＵＤ",
        "Où est l'élève? À la fenêtre. Größe, niño, smörgås",
        "Привет, мир",
        "AT&T, R&D; a && b",
        "",
    ],
)
def test_what_is_not_damaged_stays(text):
    cleaned, report = clean(text)
    assert cleaned == text
    assert report.changes == ()
    assert report.characters_before == report.characters_after == len(text)


@pytest.mark.parametrize(
    ("damaged", "repaired"),
    [
        ("l'Ã©lÃ¨ve est lÃ ", "l'élève est là "),
        ("She said â€œno.â€\x9d", "She said “no.”"),
        ("it\x92s", "it’s"),
        ("ﬁne ﬂat oﬃce", "fine flat office"),
        ("fish &amp; chips &eacute;t&eacute;", "fish & chips été"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x00b\x07c\x7fd\ufeffe", "abcde"),
        ("e\u0301te\u0301", "été"),
        ("a\r\nb\rc\u2028d\u2029e\x0cf\x0bg\n", "a\nb\nc\nd\ne\nf\ng\n"),
        ("\ufeffstart", "start"),
        ("\ud83e\udd86 duck \ud83e", "🦆 duck \ufffd"),
    ],
)
def test_damage_is_repaired(damaged, repaired):
    assert clean(damaged)[0] == repaired


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("fish &amp; chips <3", "fish & chips <3"),
        ("if (a < b &amp;&amp; c)", "if (a < b && c)"),
        ("if (a &lt; b &amp;&amp; c < d)", "if (a < b && c < d)"),
        ("&lt;b&gt;fish &amp; chips&lt;/b&gt;", "<b>fish & chips</b>"),
        (
            "fish &amp; chips, " * 100 + "a <b>bold</b> cook",
            "fish & chips, " * 100 + "a <b>bold</b> cook",
        ),
        ("&#8220;No,&#x201d; said J&ouml;rg.", "“No,” said Jörg."),
        ("&amp;lt; is how HTML writes it", "&lt; is how HTML writes it"),
        ("x" * 399 + "&amp;" + "y" * 900, "x" * 399 + "&" + "y" * 900),
        # Names that mean nothing, and an entity without its end.
        ("R&D; &nonsense; &#xZZ; &amp &#; &;", "R&D; &nonsense; &#xZZ; &amp &#; &;"),
    ],
)
def test_entities_of_an_escaped_text_are_resolved(written, read):
    cleaned, report = clean(written)
    assert cleaned == read
    assert [change.kind for change in report.changes] == ["HTML entities resolved"] * (
        read != written
    )


@pytest.mark.parametrize(
    "text",
    [
        "<b>fish &amp; chips</b>",
        "<p>Caf&eacute; &amp; th&eacute;</p>\n" * 20,
        "<!DOCTYPE html><title>&lt;</title>",
        "<?xml version='1.0'?><speech><line>Tom &amp; Jerry</line></speech>",
        'if (i < n && j < m) text = text.replace("&", "&amp;");',
        "Write &lt; where a < would begin a tag <b>, and never <i> or <u>.",
    ],
)
def test_entities_of_markup_and_programs_stay(text):
    assert clean(text)[0] == text


@given(st.text(st.sampled_from("<>/&#;:! abpx19\n")))
def test_without_entities_brackets_and_ampersands_stay(text):
    if not re.search("&(#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]+);", text):
        assert clean(text)[0] == text


@given(st.text(st.sampled_from("<>&;\"' abé\n"), min_size=1), st.integers(0, 10))
def test_a_few_brackets_do_not_keep_the_entities(text, brackets):
    escaped = html.escape(text)
    if escaped.count("&") >= brackets:
        assert clean(escaped + " <" * brackets)[0] == text + " <" * brackets


def test_each_kind_of_change_is_counted_with_an_example():
    damaged = "\ufeffone\r\ntwo &amp; three\r\nl'Ã©lÃ¨ve\r\nd\x07ing d\x07ong\n"
    text, report = clean(damaged)
    assert text == "one\ntwo & three\nl'élève\nding dong\n"
    found = {change.kind: change for change in report.changes}
    assert {kind: change.count for kind, change in found.items()} == {
        "byte order mark removed": 1,
        "line endings made uniform": 3,
        "HTML entities resolved": 1,
        "wrongly decoded letters repaired": 1,
        "control characters removed": 2,
    }
    assert found["control characters removed"].before.endswith("\\nd\\x07ing d\\x07ong\\n")
    assert found["control characters removed"].after.endswith("\\nding dong\\n")
    assert found["wrongly decoded letters repaired"].before == "l'Ã©lÃ¨ve"
    assert found["line endings made uniform"].unit == "places"
    assert report.characters_before == len(damaged)
    assert report.characters_after == len(text)


def test_a_whole_file_in_the_wrong_encoding_is_repaired_at_any_length():
    line = "Où est l’élève ? Déçu, près de la fenêtre.\n"
    damaged = line.encode().decode("latin-1") * 20_000
    assert len(damaged) > 2 * REPAIR_LIMIT
    cleaned, report = clean(damaged)
    assert cleaned == line * 20_000
    assert [change.count for change in report.changes] == [20_000]


def test_what_is_too_much_to_repair_is_said():
    line = "été " + "— Ã© " * 20 + "\n"
    cleaned, report = clean(line * 10_000)
    counts = {change.kind: change.count for change in report.changes}
    assert 0 < counts["wrongly decoded letters repaired"] < 10_000
    assert sum(counts.values()) == 10_000
    assert "suspicious letters left as they are" in counts
    assert cleaned.endswith(line)


def test_long_lines_are_repaired_too():
    assert clean("word Ã©tÃ© " * 1_000)[0] == "word été " * 1_000
    assert clean("a" * 1_001 + "\x07" + "b" * 1_001)[0] == "a" * 1_001 + "b" * 1_001


@given(st.text())
def test_any_text_becomes_clean_text(text):
    cleaned, report = clean(text)
    assert report.characters_after == len(cleaned)
    cleaned.encode()  # no lone surrogates
    assert "\r" not in cleaned
    assert all(c in "\t\n" or unicodedata.category(c) != "Cc" for c in cleaned)
    for change in report.changes:
        assert change.count > 0
        assert change.before.isprintable()
        assert change.after.isprintable()


@given(st.text(st.characters(codec="ascii", exclude_characters="&", exclude_categories=["Cc"])))
def test_plain_text_is_never_touched(text):
    assert clean(text)[0] == text
    assert clean(text)[1].changes == ()


@pytest.mark.parametrize(
    "text",
    [
        "Ã©\n" * 100_000,  # many damaged lines
        "Ã©é" * 100_000,  # one long damaged line
        "\u0315\u0300" * 100_000,  # marks in the wrong order: sorting them is quadratic
        "&" * 300_000,
        "\x1b[" + "1;" * 150_000,
        "\r" * 300_000,
        "a" * 300_000,
        " " * 300_000,
    ],
    ids=lambda text: ascii(text[:4]),
)
def test_no_text_takes_quadratic_time(text):
    start = time.process_time()
    clean(text)
    assert time.process_time() - start < 15  # up to 1.5 measured; quadratic would take minutes


def test_visible_shows_what_does_not_print():
    assert visible("a\x00\n\u202e\u200b é") == "a\\x00\\n\\u202e\\u200b é"
