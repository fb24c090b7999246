"""BPE against Hugging Face's, against counting all over again, and against GPT-2's known cuts."""

import random
import time
from collections import Counter
from unicodedata import ucd_3_2_0

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as HuggingFace
from tokenizers import models, pre_tokenizers, trainers

from corpus import bundled
from gpt_core.tokenizers import BPETokenizer, Merge, TokenizerError
from gpt_core.tokenizers.bpe import CHUNK, LONGEST_CHUNK

# Written out once more, so that a slip in the module can't hide here.
GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def byte_characters():
    """GPT-2's spelling of bytes as printable characters (bytes_to_unicode in encoder.py)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    spelling = {b: chr(b) for b in printable}
    return spelling | {b: chr(256 + i) for i, b in enumerate(others)}


SPELLING = byte_characters()


def spelled(data):
    return "".join(SPELLING[b] for b in data)


def bytes_of(tokenizer):
    """The bytes of each id, from the merges alone."""
    found = [bytes([b]) for b in range(256)]
    for merge in tokenizer.merges:
        found.append(found[merge.left] + found[merge.right])
    return found


def naive_merges(text, vocab_size, tie=lambda pair: pair):
    """BPE as in the paper: count all pairs again for each merge."""
    chunks = [list(chunk.encode()) for chunk in regex.findall(GPT2_PATTERN, text)]
    merges = []
    for new in range(256, vocab_size):
        counts = Counter(p for ids in chunks for p in zip(ids, ids[1:], strict=False))
        if not counts or max(counts.values()) < 2:
            break
        left, right = min(counts, key=lambda pair: (-counts[pair], tie(pair)))
        merges.append(Merge(left, right, new, counts[left, right]))
        for ids in chunks:
            i = 0
            while i < len(ids) - 1:
                if ids[i] == left and ids[i + 1] == right:
                    ids[i : i + 2] = [new]
                i += 1
    return merges


def naive_encode(tokenizer, text):
    """Each merge in its turn, over the whole chunk."""
    found = []
    for chunk in regex.findall(GPT2_PATTERN, text):
        ids = list(chunk.encode())
        for merge in tokenizer.merges:
            i = 0
            while i < len(ids) - 1:
                if (ids[i], ids[i + 1]) == (merge.left, merge.right):
                    ids[i : i + 2] = [merge.id]
                i += 1
        found += ids
    return found


def trained_by_hugging_face(text, vocab_size):
    tokenizer = HuggingFace(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def as_hugging_face(tokenizer):
    """The same merges in Hugging Face's BPE; ids are ours."""
    texts = bytes_of(tokenizer)
    vocabulary = {spelled(text): i for i, text in enumerate(texts)}
    merges = [(spelled(texts[m.left]), spelled(texts[m.right])) for m in tokenizer.merges]
    other = HuggingFace(models.BPE(vocab=vocabulary, merges=merges))
    other.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return other


@pytest.fixture(scope="module")
def tokenizer():
    return BPETokenizer.train(bundled().text, 256 + 1_000)


# Characters of Unicode 3.2: of newer ones the two pattern libraries may not know what they are.
old_characters = st.characters(exclude_categories=["Cs", "Cn"]).filter(
    lambda c: ucd_3_2_0.category(c) != "Cn"
)
texts = st.text(old_characters, max_size=80) | st.text(alphabet="ab 'st\n", max_size=80)


@pytest.mark.parametrize(
    ("text", "cuts"),
    [
        # https://github.com/openai/gpt-2, src/encoder.py, and minbpe's and tiktoken's examples
        ("Hello world's 123  foo", ["Hello", " world", "'s", " 123", " ", " foo"]),
        (
            "Hello've world123 how's are you!!!?",
            ["Hello", "'ve", " world", "123", " how", "'s", " are", " you", "!!!?"],
        ),
        ("I'M don't", ["I", "'", "M", " don", "'t"]),
        ("a   b", ["a", "  ", " b"]),
        ("trailing   ", ["trailing", "   "]),
        ("x\n\n\ty", ["x", "\n\n", "\t", "y"]),
        ("日本語 123abc", ["日本語", " 123", "abc"]),
        ("été 🦆🦆!", ["été", " 🦆🦆!"]),
        ("", []),
    ],
)
def test_the_split_is_gpt_2s(text, cuts):
    assert CHUNK.findall(text) == cuts
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    assert [piece for piece, _ in pieces] == [spelled(cut.encode()) for cut in cuts]


@given(texts)
def test_the_split_is_hugging_faces(text):
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    assert [spelled(cut.encode()) for cut in CHUNK.findall(text)] == [piece for piece, _ in pieces]
    assert "".join(CHUNK.findall(text)) == text


def test_training_by_hand():
    # Sennrich et al. 2016, algorithm 1: low x5, lower x2, newest x6, widest x3. The space here
    # sticks to the word, so it takes part in pairs too.
    text = " low" * 5 + " lower" * 2 + " newest" * 6 + " widest" * 3
    tokenizer = BPETokenizer.train(text, 256 + 4)
    steps = [
        (tokenizer.token_text(m.left), tokenizer.token_text(m.right), m.count)
        for m in tokenizer.merges
    ]
    # "es" and "st" tie with 9: e is the smaller byte. " l", "lo" and "ow" tie with 7: the space is
    # the smallest byte. Then " l" + "o" and "o" + "w": token " l" is number 258, o is byte 111.
    assert steps == [("e", "s", 9), ("es", "t", 9), (" ", "l", 7), ("o", "w", 7)]


def test_overlapping_pairs_are_merged_from_the_left():
    tokenizer = BPETokenizer.train("aaaaa", 257)
    assert tokenizer.merges == [Merge(97, 97, 256, 4)]
    assert tokenizer.encode("aaaaa") == [256, 256, 97]


def test_nothing_is_merged_that_occurs_once():
    assert BPETokenizer.train("abcdef", 300).merges == []
    assert BPETokenizer.train("ab ab", 300).vocab_size < 300


@given(texts.filter(bool), st.integers(256, 330))
def test_training_equals_counting_all_over_again(text, vocab_size):
    assert BPETokenizer.train(text, vocab_size).merges == naive_merges(text, vocab_size)


def test_training_on_a_real_text_equals_counting_all_over_again():
    text = bundled().text[:20_000]
    assert BPETokenizer.train(text, 256 + 60).merges == naive_merges(text, 256 + 60)


def test_training_equals_hugging_faces_up_to_the_first_tie():
    text = bundled().text
    ours = BPETokenizer.train(text, 256 + 400)
    texts = bytes_of(ours)
    other = trained_by_hugging_face(text, 256 + 400)
    vocabulary = sorted(other.get_vocab().items(), key=lambda item: item[1])
    theirs = [piece for piece, _ in vocabulary][256:]
    counts = [merge.count for merge in ours.merges]
    first_tie = next(i for i, count in enumerate(counts[1:]) if count == counts[i])
    assert first_tie > 20
    assert [spelled(text) for text in texts[256 : 256 + first_tie]] == theirs[:first_tie]
    # After a tie the order may differ, but hardly the tokens.
    assert len({spelled(text) for text in texts} & set(theirs)) > 0.95 * 400


def test_hugging_faces_ties_with_our_counting():
    # With Hugging Face's order of ties (its ids: bytes in the order of their spelling) the naive
    # count gives its merges, and with ours it gives ours: so both break only ties differently.
    text = bundled().text[:8_000]
    order = {b: i for i, b in enumerate(sorted(range(256), key=lambda b: SPELLING[b]))}
    merges = naive_merges(text, 256 + 60, tie=lambda pair: [order.get(i, i) for i in pair])
    texts = [spelled(t) for t in bytes_of(BPETokenizer(merges))[256:]]
    vocabulary = sorted(trained_by_hugging_face(text, 256 + 60).get_vocab().items(), key=str)
    theirs = {i: piece for piece, i in vocabulary}
    assert texts == [theirs[i] for i in range(256, 256 + 60)]


@given(text=texts)
def test_encoding_equals_hugging_faces(tokenizer, text):
    assert tokenizer.encode(text) == as_hugging_face(tokenizer).encode(text).ids


def test_encoding_a_real_text_equals_hugging_faces(tokenizer):
    # Text that it never saw, with many rare pieces
    words = bundled().text.split(" ")
    random.Random(0).shuffle(words)
    text = " ".join(words).swapcase() + " été 日本語 🦆"
    assert tokenizer.encode(text) == as_hugging_face(tokenizer).encode(text).ids


@given(text=texts)
def test_encoding_equals_each_merge_in_its_turn(tokenizer, text):
    assert tokenizer.encode(text) == naive_encode(tokenizer, text)


@given(text=st.text())
def test_any_text_comes_back(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(text=st.text(st.characters(categories=["Cs", "L", "So"])))
def test_lone_surrogates_are_read_as_unreadable(tokenizer, text):
    expected = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    assert tokenizer.decode(tokenizer.encode(text)) == expected
    assert [t.end for t in tokenizer.tokenize(text)][-1:] == [len(text)] * bool(text)


@given(text=texts, n=st.integers(0, 1_000))
def test_steps_are_the_tokenizer_of_the_first_merges(tokenizer, text, n):
    steps = tokenizer.encode_steps(text, n)
    assert [token.id for token in steps] == BPETokenizer(tokenizer.merges[:n]).encode(text)


def test_steps_do_not_disturb_the_cache(tokenizer):
    whole = tokenizer.encode("the dryer")
    assert len(tokenizer.encode_steps("the dryer", 0)) == len("the dryer")
    assert tokenizer.encode("the dryer") == whole
    assert len(whole) < len("the dryer")


@given(text=st.text())
def test_tokens_lie_side_by_side(tokenizer, text):
    tokens = tokenizer.tokenize(text)
    assert [token.id for token in tokens] == tokenizer.encode(text)
    reached = 0
    for token in tokens:
        assert token.known
        assert token.start in (reached, reached - 1)  # it may share a character with the last
        assert token.end > token.start
        reached = token.end
    assert reached == len(text)


def test_bytes_of_a_character_are_shown_and_share_its_place():
    tokenizer = BPETokenizer([])
    tokens = tokenizer.tokenize("a🦆")
    assert [token.text for token in tokens] == ["a", "<0xF0>", "<0x9F>", "<0xA6>", "<0x86>"]
    assert [(token.start, token.end) for token in tokens] == [(0, 1)] + [(1, 2)] * 4
    assert tokenizer.decode([0xF0, 0x9F]) == "\ufffd"
    merged = BPETokenizer([Merge(0x20, 0xE2, 256, 2), Merge(0xC3, 0xA9, 257, 2)])
    assert merged.token_text(256) == " <0xE2>"
    assert merged.token_text(257) == "é"


def test_gpt_2s_first_merges():
    # The head of GPT-2's vocab.bpe; its ids are ours from 256 on.
    pairs = [" t", " a", "he", "in", "re", "on", (" t", "he"), "er", " s", "at", " w", " o", "en"]
    ids = {chr(b): b for b in range(128)}
    merges = []
    for new, (left, right) in enumerate(pairs, start=256):
        merges.append(Merge(ids[left], ids[right], new, 1))
        ids[left + right] = new
    tokenizer = BPETokenizer(merges)
    assert tokenizer.encode(" the") == [262]  # GPT-2's id of " the"
    assert tokenizer.encode(" a in on er") == [257, 32, 259, 32, 261, 32, 263]


@pytest.mark.parametrize(
    "merges",
    [
        [Merge(97, 98, 257, 1)],  # not the next id
        [Merge(97, 256, 256, 1)],  # made of itself
        [Merge(97, 300, 256, 1)],
        [Merge(-1, 97, 256, 1)],
        [Merge(97, 98, 256, 1), Merge(97, 98, 257, 1)],
        [Merge(97, 97, 256, 1), *(Merge(i, i, i + 1, 1) for i in range(256, 300))],  # 2^45 bytes
    ],
)
def test_merges_that_do_not_fit_together(merges):
    with pytest.raises(TokenizerError, match="train it again"):
        BPETokenizer(merges)


@pytest.mark.parametrize(("text", "size"), [("", 300), ("text", 255)])
def test_what_cannot_be_trained(text, size):
    with pytest.raises(TokenizerError):
        BPETokenizer.train(text, size)


@pytest.mark.parametrize("token_id", [-1, 256, 10**9])
def test_an_id_that_does_not_exist(token_id):
    with pytest.raises(TokenizerError, match="ids go from 0 to 255"):
        BPETokenizer([]).decode([token_id])


def test_long_runs_are_cut_but_come_back(tokenizer):
    text = "x" * (3 * LONGEST_CHUNK + 5) + " " * 1_000 + "日" * 1_000
    assert tokenizer.decode(tokenizer.encode(text)) == text
    trained = BPETokenizer.train("a" * 100_000, 400)
    assert max(map(len, bytes_of(trained))) == LONGEST_CHUNK


def test_a_text_without_spaces_takes_no_quadratic_time():
    letters = "".join(random.Random(0).choices("abcdefghij", k=100_000))
    start = time.process_time()
    BPETokenizer.train(letters, 600).encode(letters)
    assert time.process_time() - start < 20  # about 0.5 measured; quadratic would take minutes
