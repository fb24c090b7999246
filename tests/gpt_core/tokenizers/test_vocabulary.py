"""Character and word tokenizers: exact on what they know, open about what they don't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.statistics import WORD
from gpt_core.tokenizers import (
    CharTokenizer,
    TokenizerError,
    WordTokenizer,
    as_prompt,
    first_tokens,
    train_tokenizer,
)
from gpt_core.tokenizers.word import LONGEST_PIECE, PIECE

both = pytest.mark.parametrize("tokenizer_class", [CharTokenizer, WordTokenizer])


@both
@given(text=st.text(min_size=1))
def test_known_text_comes_back_exactly(tokenizer_class, text):
    tokenizer = tokenizer_class.train(text, None)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert 0 not in tokenizer.encode(text)
    assert max(tokenizer.encode(text)) < tokenizer.vocab_size


@both
@given(known=st.text(min_size=1), text=st.text(st.characters()))
def test_the_unknown_is_never_dropped(tokenizer_class, known, text):
    tokenizer = tokenizer_class.train(known, None)
    tokens = tokenizer.tokenize(text)
    assert [token.id for token in tokens] == tokenizer.encode(text)
    reached = 0
    for token in tokens:
        assert (token.start, token.end - token.start) == (reached, len(token.text))
        assert token.known == (token.id != 0)
        if token.known:
            assert token.text == text[token.start : token.end] == tokenizer.token_text(token.id)
        reached = token.end
    assert reached == len(text)
    decoded = tokenizer.decode(tokenizer.encode(text))
    assert decoded == "".join(token.text if token.known else "\ufffd" for token in tokens)


@given(text=st.text(st.characters()))
def test_words_gaps_and_marks_cover_every_text(text):
    assert "".join(WordTokenizer.split(text)) == text


@given(text=st.text())
def test_a_word_is_what_the_statistics_count_as_one(text):
    words = [piece for piece in PIECE.findall(text) if WORD.fullmatch(piece)]
    assert words == WORD.findall(text)


def test_characters_are_sorted():
    tokenizer = CharTokenizer.train("hello é🦆")
    assert [tokenizer.token_text(i) for i in range(tokenizer.vocab_size)] == [
        *("<unk>", " ", "e", "h", "l", "o", "é", "🦆")
    ]
    assert tokenizer.encode("hold") == [3, 5, 4, 0]
    assert tokenizer.decode([3, 5, 4, 0]) == "hol\ufffd"


def test_words():
    assert WordTokenizer.split("Don't stop,  l’été!\n\n(ok)") == [
        *("Don't", " ", "stop", ",", "  ", "l’été", "!", "\n\n", "(", "ok", ")")
    ]
    assert WordTokenizer.split("हिन्दी 🦆🦆 x_1") == ["हिन्दी", " ", "🦆", "🦆", " ", "x_1"]


def test_the_most_frequent_words_are_kept():
    tokenizer = WordTokenizer.train("b b b a a c c d", 4)
    # 7 gaps, 3 b, then a before c by their letters
    assert [tokenizer.token_text(i) for i in range(4)] == ["<unk>", " ", "b", "a"]
    tokens = tokenizer.tokenize("a c b")
    assert [(t.text, t.known) for t in tokens] == [
        *(("a", True), (" ", True), ("c", False), (" ", True), ("b", True))
    ]
    assert tokenizer.decode(tokenizer.encode("a c b")) == "a \ufffd b"


def test_the_most_frequent_characters_are_kept():
    tokenizer = CharTokenizer.train("zzzyyx", 3)
    assert tokenizer.encode("xyz") == [0, 1, 2]


@both
def test_the_text_of_unknown_is_no_token(tokenizer_class):
    tokenizer = tokenizer_class.train("<unk>", None)
    assert 0 not in tokenizer.encode("<unk>")
    assert tokenizer.decode(tokenizer.encode("<unk>")) == "<unk>"


@both
def test_a_lone_surrogate_is_unknown(tokenizer_class):
    tokenizer = tokenizer_class.train("a b", None)
    (token,) = tokenizer.tokenize("\ud800")
    assert not token.known
    token.text.encode()
    assert tokenizer_class.train("a\udfff", None).encode("\ufffd") != [0]


@both
@pytest.mark.parametrize(("text", "size"), [("", None), ("text", 1), ("text", 0)])
def test_what_cannot_be_trained(tokenizer_class, text, size):
    with pytest.raises(TokenizerError):
        tokenizer_class.train(text, size)


@both
@pytest.mark.parametrize("token_id", [-1, 3])
def test_an_id_that_does_not_exist(tokenizer_class, token_id):
    tokenizer = tokenizer_class.train("aab", 3)
    with pytest.raises(TokenizerError):
        tokenizer.decode([token_id])
    with pytest.raises(TokenizerError):
        tokenizer.token_text(token_id)


def test_with_byte_pairs_a_prompt_leaves_its_last_space_to_the_next_token():
    text = "the cat sat on the mat and the cat ate the rat " * 20
    pairs = train_tokenizer("bpe", text, 300)
    assert as_prompt(pairs, "the cat, ") == "the cat,"
    assert as_prompt(pairs, "  ") == "  "  # there is nothing else to read
    assert as_prompt(pairs, "the cat\n") == "the cat\n"
    assert [pairs.decode([i]) for i in first_tokens("the", pairs)] == ["the", " the"]
    for kind in ("char", "word"):
        assert as_prompt(train_tokenizer(kind, text), "the cat, ") == "the cat, "


@pytest.mark.parametrize("sign", "a1_ \n日")
def test_a_text_without_an_end_of_a_word_is_cut(sign, tmp_path):
    text = sign * 1_000_000
    tokenizer = WordTokenizer.train(text)
    assert max(map(len, tokenizer.split(text))) == LONGEST_PIECE
    tokenizer.save(tmp_path / "tokenizer.json")
    assert (tmp_path / "tokenizer.json").stat().st_size < 10 * LONGEST_PIECE
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_a_vocabulary_from_before_there_was_a_limit_is_read():
    old = {"format": 1, "kind": "word", "pieces": ["wet", "x" * 5_000]}
    assert WordTokenizer.from_dict(old).token_text(2) == "x" * 5_000
