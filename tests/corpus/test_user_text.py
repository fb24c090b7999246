"""Pastes and uploads: every common encoding comes out right, everything hostile is refused."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import MIN_CHARACTERS, CorpusError, from_paste, from_upload, safe_name

ENGLISH = "“I don’t know,” she said — “perhaps it’s nothing…” The naïve waiter left the café. €5.\n"
FRENCH = "Où est l'élève? À la fenêtre, où il a été très déçu par la leçon du maître. Ça va?\n"
GERMAN = "Über den grünen Hügeln läuft ein schöner Fuchs. Größe und Maß müssen stimmen.\n"
SPANISH = "El niño comió piñas. ¿Dónde está el señor? Mañana será otro día, ¡qué alegría!\n"
PORTUGUESE = "Não há nada a dizer: a solução está na mão da mãe. É só açúcar, coração.\n"
RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастливая семья по-своему.\n"
GREEK = "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.\n"
HEBREW = "שלום! מה שלומך היום? אני הולך לים עם החברים שלי, ואחר כך נאכל ארוחת ערב.\n"
ARABIC = "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا.\n"
POLISH = "Zażółć gęślą jaźń. Wszyscy ludzie rodzą się wolni i równi pod względem godności.\n"
JAPANESE = "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。\n"
CHINESE = "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。\n"
KOREAN = "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.\n"
EMOJI = "A duck 🦆, a family 👩‍👩‍👧‍👦, a flag 🏴󠁧󠁢󠁷󠁬󠁳󠁿 and שלום עולם beside مرحبا بالعالم.\n"


def long(line):
    return line * (MIN_CHARACTERS // len(line) + 1)


@pytest.mark.parametrize(
    ("line", "encoding"),
    [
        *[(line, "utf-8") for line in (ENGLISH, EMOJI, HEBREW, ARABIC, JAPANESE)],
        *[(line, "utf-8-sig") for line in (ENGLISH, EMOJI)],
        *[(line, "utf-16") for line in (ENGLISH, EMOJI, HEBREW)],
        *[(line, "utf-32") for line in (ENGLISH, EMOJI)],
        *[(line, "latin-1") for line in (FRENCH, GERMAN, SPANISH, PORTUGUESE)],
        *[(line, "cp1252") for line in (ENGLISH, FRENCH, GERMAN, SPANISH, PORTUGUESE)],
        *[(RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"), (GREEK, "cp1253"), (HEBREW, "cp1255")],
        *[(ARABIC, "cp1256"), (POLISH, "cp1250"), (POLISH, "iso8859-2"), (FRENCH, "mac-roman")],
        *[(JAPANESE, "shift-jis"), (JAPANESE, "euc-jp"), (CHINESE, "gb18030")],
        (KOREAN, "euc-kr"),
    ],
)
def test_encodings(line, encoding):
    corpus = from_upload("text.txt", long(line).encode(encoding))
    assert corpus.text == long(line)
    assert corpus.name == "text.txt"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_byte_order_marks_of_both_orders(encoding):
    corpus = from_upload("text.txt", ("\ufeff" + long(EMOJI)).encode(encoding))
    assert corpus.text == long(EMOJI)
    assert corpus.report.encoding == encoding[:6]


def test_the_byte_order_mark_of_utf_8_is_reported():
    report = from_upload("text.txt", long(ENGLISH).encode("utf-8-sig")).report
    assert report.encoding == "utf-8"
    assert [change.kind for change in report.changes] == ["byte order mark removed"]


def test_a_few_accents_in_a_long_english_latin_1_file():
    text = "The little shop was closed and the waiter had gone home to bed.\n" * 500
    text += "Then we saw the café.\n"
    assert from_upload("text.txt", text.encode("latin-1")).text == text


def test_a_broken_byte_in_utf_8_is_replaced_and_reported():
    data = long(FRENCH).encode()
    corpus = from_upload("text.txt", data + b"cut off: \xc3")
    assert corpus.text == long(FRENCH) + "cut off: \ufffd"
    assert corpus.report.encoding == "utf-8"
    (change,) = corpus.report.changes
    assert (change.kind, change.count) == ("unreadable bytes replaced", 1)
    assert "\ufffd" in change.after


def test_windows_line_endings():
    corpus = from_upload("text.md", long(ENGLISH).replace("\n", "\r\n").encode())
    assert corpus.text == long(ENGLISH)


def test_paste():
    corpus = from_paste("\ufeff" + long(EMOJI).replace("\n", "\r\n"))
    assert corpus.text == long(EMOJI)
    assert corpus.name == "Pasted text"
    assert corpus.report.encoding == "Unicode"


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.txt", b"", "no text here"),
        ("a.txt", b" \n" * 5_000, "no words"),
        ("a.txt", b"\xef\xbb\xbf", "no words"),
        ("a.txt", b"too short", "at least 1,000"),
        ("a.txt", b"x" * (MIN_CHARACTERS - 1), "at least 1,000"),
        ("a.docx", b"x" * 5_000, "no .txt or .md file"),
        ("txt", b"x" * 5_000, "no .txt or .md file"),
        ("a.txt.exe", b"x" * 5_000, "no .txt or .md file"),
        ("a.txt", b"\x89PNG\r\n\x1a\n" + b"x" * 5_000, "a PNG image"),
        ("a.txt", b"\xff\xd8\xff\xe0" + b"x" * 5_000, "a JPEG image"),
        ("a.txt", b"%PDF-1.7\n" + b"x" * 5_000, "a PDF document"),
        ("a.txt", b"PK\x03\x04" + b"x" * 5_000, "a ZIP archive"),
        ("a.txt", b"text\x00" * 5_000, "binary"),
        ("a.txt", b"\x01\x02\x03text" * 5_000, "binary"),
        ("a.txt", bytes(range(1, 256)) * 50, ""),
        ("a.txt", b"x" * 5_000_001, "at most 5.0 MB"),
    ],
)
def test_what_cannot_be_used_gets_one_sentence(name, data, says):
    with pytest.raises(CorpusError) as error:
        from_upload(name, data)
    message = str(error.value)
    assert says in message
    assert message.endswith(".")
    assert ". " not in message.replace(".txt", "").replace(".md", "")
    assert ":" in message or "at least" in message


@pytest.mark.parametrize("text", ["", "  \n", "short", "\x00" * 5_000, "é" * 2_500_001])
def test_what_cannot_be_pasted(text):
    with pytest.raises(CorpusError):
        from_paste(text)


def test_the_limit_can_be_set():
    assert from_upload("a.txt", b"x" * 2_000, max_bytes=2_000).text == "x" * 2_000
    with pytest.raises(CorpusError, match="at most"):
        from_upload("a.txt", b"x" * 2_001, max_bytes=2_000)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\notes.md", "notes.md"),
        ("evil\u202etxt.exe.md", "eviltxt.exe.md"),
        ("zero\u200bwidth\u2066.txt", "zerowidth.txt"),
        ("line\nbreak\x00\x1b[31m.txt", "linebreak[31m.txt"),
        ("  many   spaces .txt", "many spaces .txt"),
        ("half\ud800.txt", "half.txt"),
        ("", "Uploaded text"),
        ("/", "Uploaded text"),
        ("日本語🦆.txt", "日本語🦆.txt"),
        ("a" * 300 + ".txt", "a" * 51 + "…" + "aaaa.txt"),
    ],
)
def test_hostile_names(name, shown):
    assert safe_name(name) == shown


@given(st.text())
def test_any_name_is_fit_to_be_shown(name):
    shown = safe_name(name)
    assert 0 < len(shown) <= 60
    assert "/" not in shown
    assert "\\" not in shown
    assert all(unicodedata.category(c)[0] != "C" for c in shown)


def test_a_hostile_name_is_shown_clean_in_errors():
    with pytest.raises(CorpusError) as error:
        from_upload("../\u202e" + "x" * 1_000_000, b"text")
    assert len(str(error.value)) < 200
    assert "\u202e" not in str(error.value)


@given(st.binary(max_size=3_000))
def test_any_bytes_give_a_corpus_or_a_sentence(data):
    try:
        corpus = from_upload("a.txt", data)
    except CorpusError:
        return
    assert len(corpus.text) >= MIN_CHARACTERS


@given(st.text(min_size=10, max_size=40))
def test_the_same_text_by_paste_and_by_upload(text):
    def text_or_error(read):
        try:
            return read().text
        except CorpusError as error:
            return "binary" in str(error)

    text = "x" + text.replace("\x00", "") * 100
    pasted = text_or_error(lambda: from_paste(text))
    assert text_or_error(lambda: from_upload("a.txt", text.encode())) == pasted
