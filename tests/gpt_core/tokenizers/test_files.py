"""Saving, loading, and files that are no tokenizer."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import bundled
from gpt_core.tokenizers import TokenizerError, load_tokenizer, tokenizer_from_dict, train_tokenizer

KINDS = ("char", "word", "bpe")
TEXT = bundled().text[:20_000] + "été 🦆 \u2028 'quotes' \"and\" \\ \x00"


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request):
    return train_tokenizer(request.param, TEXT)


def test_saved_and_loaded_it_is_the_same(tokenizer, tmp_path):
    path = tmp_path / "tokenizer.json"
    tokenizer.save(path)
    loaded = load_tokenizer(path)
    assert type(loaded) is type(tokenizer)
    assert loaded.to_dict() == tokenizer.to_dict()
    assert loaded.encode(TEXT) == tokenizer.encode(TEXT)
    assert [p.name for p in tmp_path.iterdir()] == ["tokenizer.json"]


@given(st.sampled_from(KINDS), st.text(min_size=1))
def test_any_tokenizer_survives_json(kind, text):
    tokenizer = train_tokenizer(kind, text)
    again = tokenizer_from_dict(json.loads(json.dumps(tokenizer.to_dict())))
    assert again.encode(text) == tokenizer.encode(text)


def test_training_twice_gives_the_same(tokenizer):
    assert train_tokenizer(tokenizer.kind, TEXT).to_dict() == tokenizer.to_dict()


def test_the_protocol(tokenizer):
    assert tokenizer.kind in KINDS
    ids = tokenizer.encode(TEXT)
    assert all(type(i) is int and 0 <= i < tokenizer.vocab_size for i in ids)
    assert tokenizer.decode(np.array(ids, dtype=np.uint16)) == TEXT
    for i in range(tokenizer.vocab_size):
        assert tokenizer.token_text(i)
    assert tokenizer.encode("") == []
    assert tokenizer.tokenize("") == []
    assert tokenizer.decode([]) == ""


def test_merges_keep_their_counts(tmp_path):
    bpe = train_tokenizer("bpe", TEXT, 300)
    bpe.save(tmp_path / "t.json")
    assert load_tokenizer(tmp_path / "t.json").merges == bpe.merges
    assert len(bpe.merges) == 44
    assert bpe.merges[0].count >= bpe.merges[-1].count > 1


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"format": 2, "kind": "char", "pieces": ["a"]},
        {"format": 1, "kind": "unigram"},
        {"format": 1, "kind": ["char"], "pieces": ["a"]},
        {"format": 1, "kind": "char"},
        {"format": 1, "kind": "char", "pieces": "abc"},
        {"format": 1, "kind": "char", "pieces": ["a", "a"]},
        {"format": 1, "kind": "char", "pieces": ["a", ""]},
        {"format": 1, "kind": "char", "pieces": ["ab"]},
        {"format": 1, "kind": "char", "pieces": ["\ud800"]},
        {"format": 1, "kind": "word", "pieces": ["a", 1]},
        {"format": 1, "kind": "word", "pieces": ["two words"]},
        {"format": 1, "kind": "word", "pieces": [["a"]]},
        {"format": 1, "kind": "bpe"},
        {"format": 1, "kind": "bpe", "merges": {}},
        {"format": 1, "kind": "bpe", "merges": [[97, 98]]},
        {"format": 1, "kind": "bpe", "merges": [[97, "b", 1]]},
        {"format": 1, "kind": "bpe", "merges": [[97, 98.0, 1]]},
        {"format": 1, "kind": "bpe", "merges": [[True, 98, 1]]},
        {"format": 1, "kind": "bpe", "merges": [[97, 256, 1]]},
        {"format": 1, "kind": "bpe", "merges": [[97, 98, 1], [97, 98, 1]]},
        {"format": 1, "kind": "bpe", "merges": [97, 98, 1]},
    ],
)
def test_what_is_no_tokenizer_gets_one_sentence(data, tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(data))
    with pytest.raises(TokenizerError) as error:
        load_tokenizer(path)
    assert str(error.value).endswith((" again.", "choose char, word or bpe."))
    assert ". " not in str(error.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"format": 1, "kind"'], ids=len
)
def test_a_corrupt_file(content, tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(TokenizerError, match="tokenizer.json can't be read"):
        load_tokenizer(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(TokenizerError, match="can't be read"):
        load_tokenizer(tmp_path / "nothing.json")


def test_a_kind_that_does_not_exist():
    with pytest.raises(TokenizerError, match="choose char, word or bpe"):
        train_tokenizer("sentencepiece", "text")
