"""Bytes become the letters that were meant, or the guess says that it is one."""

import codecs
import contextlib
import random
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import CorpusError, encoding_name, from_upload
from corpus.cleaning import Tally
from corpus.decoding import LEGACY, decode
from corpus.languages import LANGUAGES

LAUNDRETTE = (
    "The laundrette on the corner opens at seven, and the first machine is always taken.\n" * 30
)
WESTERN = """\
très|café|École|garçon|être|où|Noël|cœur|naïve|déjà vu|à la carte|crème brûlée|forêt|français
l’été|« Bonjour »|Fußgänger|Größe|Übung|schön|Mädchen|Straße|Müller|Österreich|Äpfel|für|süß
„Guten Tag“|mañana|señor|¿Qué?|niño|corazón|año|España|¡Olé!|pingüino|José|sí|São Paulo|coração
não|português|avó|maçã|João|ação|três|água|perché|città|è vero|più|così|lunedì|università|caffè
smörgåsbord|Malmö|få|Göteborg|räksmörgås|Åsa|är|København|Ærø|rødgrød med fløde|Århus|blå|søster
æble|smørrebrød|25 °C|£12.50|© 2020|€5|5 €|“Hello,” she said|don’t|wait…|1990–2000|yes — no|½ cup
§ 5|Brand™|x² + y²|3 × 4|5 µm|±3|¢50|¥500|® Acme|1ª|2º|• item|þing"""
# In these encodings the declaration's first articles have to be read right.
OLD_FILES = {
    **dict.fromkeys(
        ("French", "German", "Spanish", "Portuguese", "Italian", "Swedish", "Danish"),
        ("cp1252", "latin-1", "iso8859-15", "mac-roman", "cp850"),
    ),
    **dict.fromkeys(("Finnish", "Catalan"), ("cp1252", "latin-1", "iso8859-15", "cp850", "cp437")),
    **dict.fromkeys(
        ("Hungarian", "Croatian", "Slovene", "Polish", "Czech", "Slovak", "Romanian"),
        ("cp1250", "iso8859-2", "cp852"),
    ),
    **dict.fromkeys(("Lithuanian", "Latvian"), ("cp1257", "iso8859-13")),
    "Icelandic": ("cp1252", "latin-1", "cp850"),
    "Estonian": ("cp1257", "iso8859-13", "cp1252"),
    "Turkish": ("cp1254", "iso8859-9"),
    "Greek": ("cp1253", "iso8859-7"),
    "Russian": ("cp1251", "koi8-r", "iso8859-5", "cp866"),
    "Ukrainian": ("cp1251", "koi8-u", "iso8859-5"),
    "Bulgarian": ("cp1251", "koi8-r", "iso8859-5", "cp866"),
    "Serbian": ("cp1251", "iso8859-5"),
    "Hebrew": ("cp1255", "iso8859-8"),
    "Arabic": ("cp1256", "iso8859-6"),
    "Vietnamese": ("cp1258",),
    "Thai": ("cp874",),
    "Japanese": ("shift-jis", "cp932", "euc-jp"),
    "Chinese": ("gb18030", "gbk", "gb2312"),
    "Traditional Chinese": ("big5", "cp950"),
    "Korean": ("euc-kr", "cp949"),
}
ASCII_SIGNS = str.maketrans("’‘“”„«»–—\xa0\N{HYPHEN}", '\'\'"""""-- -')
CEDILLAS = str.maketrans("șțȘȚ", "şţŞŢ")  # Romanian before 2003, and in these code pages


def declaration():
    text = Path(__file__).with_name("declaration.txt").read_text(encoding="utf-8")
    return dict(part.split("\n", 1) for part in text.split("\n== ")[1:])


ARTICLES = declaration()


def in_old_letters(text, encoding):
    """The text with the letters that a code page has; all but punctuation has to be there."""
    text = text.translate(CEDILLAS)
    if encoding == "cp1258":
        return "".join(map(_with_tone_beside, text))
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(ASCII_SIGNS)
    return text


def _with_tone_beside(letter):
    """Windows-1258 writes a vowel, and the tone after it."""
    try:
        letter.encode("cp1258")
    except UnicodeEncodeError:
        parts = unicodedata.normalize("NFD", letter)
        tones = [part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323"]
        vowel = "".join(part for part in parts if part not in tones)
        return unicodedata.normalize("NFC", vowel) + "".join(tones)
    return letter


@pytest.mark.parametrize(
    ("language", "encoding"),
    [(language, encoding) for language, all_ in OLD_FILES.items() for encoding in all_],
)
def test_a_page_is_read_as_it_was_written(language, encoding):
    written = in_old_letters(ARTICLES[language], encoding)
    corpus = from_upload("page.txt", written.encode(encoding))
    assert corpus.text == unicodedata.normalize("NFC", written)


@pytest.mark.parametrize("phrase", WESTERN.replace("\n", "|").split("|"))
def test_thirty_english_lines_and_a_western_word(phrase):
    text = f"{LAUNDRETTE}{phrase}\n"
    corpus = from_upload("words.txt", text.encode("cp1252"))
    assert corpus.text == text
    assert corpus.report.encoding == "cp1252"


@pytest.mark.parametrize("letter", "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿßœšž")
@pytest.mark.parametrize("word", ["so{}n", "{}n", "so{}"])
def test_one_western_letter_in_an_english_text(letter, word):
    text = LAUNDRETTE + word.format(letter) + "\n"
    assert from_upload("words.txt", text.encode("cp1252")).text == text


@given(
    st.lists(
        st.sampled_from(
            ["“No,” she said.", "It’s the café’s.", "‘Why?’", "We waited…", "one — two", "1990–95"]
        ),
        min_size=1,
    )
)
def test_english_with_curly_quotes(sentences):
    text = LAUNDRETTE + "\n".join(sentences)
    assert from_upload("words.txt", text.encode("cp1252")).text == text


def test_the_beginning_may_be_ascii_and_the_telling_words_far_behind():
    text = LAUNDRETTE * 100 + ARTICLES["Hungarian"]
    assert from_upload("a.txt", text.encode("cp1250")).text == text


def test_one_line_without_spaces():
    text = "".join(ARTICLES["Japanese"].split()) * 20
    assert from_upload("a.txt", text.encode("shift-jis")).text == text
    text = "x" * 100_000 + "été"
    assert from_upload("a.txt", text.encode("cp1252")).text == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("language", ["French", "Russian", "Chinese", "Korean", "Thai", "Arabic"])
def test_utf_16_and_32_need_no_mark(language, encoding):
    corpus = from_upload("a.txt", ARTICLES[language].encode(encoding))
    assert corpus.text == ARTICLES[language]
    assert (corpus.report.encoding, corpus.readings) == (encoding, ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_is_believed(encoding):
    corpus = from_upload("a.txt", ARTICLES["Polish"].encode(encoding))
    assert (corpus.text, corpus.readings) == (ARTICLES["Polish"], ())


def test_a_guess_is_said_with_two_other_readings_that_can_be_told_apart():
    data = f"{LAUNDRETTE}Il fait très chaud à São Paulo.\n".encode("cp1252")
    corpus = from_upload("a.txt", data)
    first, *others = corpus.readings
    assert first.encoding == corpus.report.encoding == "cp1252"
    assert "très" in first.excerpt
    assert len(others) == 2
    assert len({reading.excerpt for reading in corpus.readings}) == 3
    for other in others:
        again = from_upload("a.txt", data, encoding=other.encoding)
        assert again.report.encoding == other.encoding
        assert again.text == data.decode(other.encoding)
        assert again.readings == corpus.readings


def test_an_excerpt_shows_what_differs_not_what_all_share():
    data = f"{LAUNDRETTE}“Yes,” said Karel.\n{ARTICLES['Czech']}".encode("cp1250")
    excerpts = [reading.excerpt for reading in decode(data, Tally()).readings]
    assert len(set(excerpts)) == 3
    assert all(len(excerpt) <= 4 * 83 for excerpt in excerpts)


@pytest.mark.parametrize("language", OLD_FILES)
def test_an_excerpt_is_long_enough_to_judge_by(language):
    encoding = OLD_FILES[language][0]
    data = in_old_letters(ARTICLES[language], encoding).encode(encoding)
    first, *others = decode(data, Tally()).readings
    assert 15 <= len(first.excerpt) <= 4 * 83
    assert all(other.excerpt != first.excerpt for other in others)


@given(st.binary(min_size=1, max_size=400), st.sampled_from([None, *LEGACY, "utf-16"]))
def test_any_bytes_are_read_or_refused(data, encoding):
    try:
        decoded = decode(data, Tally(), encoding)
    except CorpusError:
        return
    assert isinstance(decoded.text, str)
    looks = [data.decode(reading.encoding, "replace") for reading in decoded.readings]
    assert len(set(looks)) == len(looks)
    assert all(reading.excerpt.isprintable() for reading in decoded.readings)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_utf_8_is_no_guess(text):
    decoded = decode(text.encode(), Tally())
    assert (decoded.text.lstrip("\ufeff"), decoded.readings) == (text.lstrip("\ufeff"), ())


def test_a_broken_byte_in_utf_8_makes_it_a_guess():
    data = ARTICLES["German"].encode() + b"\xc3"
    readings = decode(data, Tally()).readings
    assert [reading.encoding for reading in readings][0] == "utf-8"
    assert len(readings) == 3


CHANCE = random.Random(7)


@pytest.mark.parametrize(
    "data",
    [
        CHANCE.randbytes(20_000),
        bytes(CHANCE.choices([10, *range(32, 256)], k=20_000)),
        bytes(CHANCE.choices(range(128, 256), k=20_000)),
        bytes(20_000),
        b"text\x00" * 5_000,
        b"\x01\x00\x07\x00" * 5_000,
    ],
    ids=["random", "random, no controls", "random, no ASCII", "zeros", "C strings", "numbers"],
)
def test_what_is_no_text_in_any_encoding_is_refused(data):
    with pytest.raises(CorpusError, match=r"save .* as plain text in UTF-8\.$"):
        from_upload("a.txt", data)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("latin-1", "cp1252"),
        ("ISO-8859-1", "cp1252"),
        ("Windows-1250", "cp1250"),
        ("sjis", "cp932"),
        ("UTF8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("koi8-r", "koi8_u"),
    ],
)
def test_an_encoding_is_known_by_its_usual_names(name, ours):
    assert decode(b"caf\xe9", Tally(), name).encoding == ours


@pytest.mark.parametrize("name", ["", "klingon", "rot13", "zip", "idna", "x" * 10_000, "a\0b"])
def test_an_unknown_encoding_is_refused(name):
    with pytest.raises(CorpusError, match="There is no encoding") as error:
        decode(b"caf\xe9", Tally(), name)
    assert len(str(error.value)) < 600


def test_every_encoding_has_a_name_and_a_language():
    assert set(LEGACY) == {encoding for language in LANGUAGES for encoding in language.encodings}
    for encoding in LEGACY:
        assert codecs.lookup(encoding)
        assert encoding_name(encoding) != encoding


def repeated(text, encoding, size=4_999_000):
    data = text.encode(encoding)
    return data * (size // len(data))


@pytest.mark.parametrize(
    "data",
    [
        repeated(ARTICLES["French"].translate(ASCII_SIGNS), "cp1252"),
        repeated(ARTICLES["Russian"], "cp1251"),
        repeated(ARTICLES["Japanese"], "shift-jis"),
        repeated(LAUNDRETTE, "ascii"),
        b"&" * 4_999_000,
        b"<" * 4_999_000,
        b"&amp;" * 999_000,
        b"</b" * 1_600_000,
        b"a" * 4_999_000 + b"\xe9",
        b"\xe9 " * 2_400_000,
        random.Random(1).randbytes(4_999_000),
    ],
    ids=lambda data: ascii(data[:6]),
)
def test_five_megabytes_are_read_at_once(data):
    start = time.process_time()
    with contextlib.suppress(CorpusError):
        from_upload("a.txt", data)
    assert time.process_time() - start < 3  # 0.1 to 0.9 measured; quadratic would take minutes
