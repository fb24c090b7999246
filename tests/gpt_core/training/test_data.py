"""Batches: y is x one later, everything is determined by (seed, step), nothing is missed."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gpt_core.tokenizers import CharTokenizer, train_tokenizer
from gpt_core.training.data import (
    DataError,
    batch,
    dealt_batch,
    encode_to_array,
    split,
    starts_of,
    windows,
)

TOKENS = np.arange(1_000, dtype=np.uint16)


def test_y_is_x_one_token_later():
    x, y = batch(TOKENS, 0, batch_size=8, block_size=16, seed=1)
    assert x.shape == y.shape == (8, 16)
    assert x.dtype == y.dtype == torch.int64
    assert x.is_contiguous()
    assert y.is_contiguous()
    # The tokens count up, so a piece of the text is its first token and the next numbers.
    assert torch.equal(x, x[:, :1] + torch.arange(16))
    assert torch.equal(y, x + 1)


def test_a_batch_is_determined_by_seed_and_step_alone():
    def places(seed, step):
        return batch(TOKENS, step, batch_size=8, block_size=16, seed=seed)[0][:, 0].tolist()

    first = places(1, 5)
    torch.manual_seed(0)
    np.random.seed(0)
    places(2, 6)
    assert places(1, 5) == first
    different = [places(1, 5), places(1, 6), places(2, 5), places(5, 1), places(0, 0)]
    assert len({tuple(p) for p in different}) == 5


def test_places_are_known():
    # Guards the stream itself: a run resumed after an update must see the same batches.
    x, _ = batch(TOKENS, 3, batch_size=4, block_size=10, seed=1337)
    assert x[:, 0].tolist() == [689, 893, 199, 647]


def test_every_place_can_be_drawn_and_none_beyond():
    tokens = np.arange(6)
    firsts = set()
    for step in range(100):
        x, y = batch(tokens, step, batch_size=4, block_size=3, seed=0)
        firsts |= set(x[:, 0].tolist())
        assert y.max() <= 5
    assert firsts == {0, 1, 2}


def dealt(length, steps, batch_size, block_size, seed=0):
    """Where the pieces of so many steps begin."""
    tokens, found = np.arange(length), []
    for step in range(steps):
        sizes = {"batch_size": batch_size, "block_size": block_size, "seed": seed}
        x, y = dealt_batch(tokens, step, **sizes)
        assert torch.equal(y, x + 1) and y.max() < length
        found += x[:, 0].tolist()
    return found


@given(st.integers(2, 40), st.integers(1, 9), st.integers(1, 5), st.integers(0, 9))
def test_dealt_pieces_come_again_only_after_all_others(length, block_size, batch_size, seed):
    block_size = min(block_size, length - 1)
    count = max(1, length // block_size - 1)  # the rest leaves room to cut elsewhere next time
    places = dealt(length, 3 * count, batch_size, block_size, seed)
    for first in range(0, len(places) - count + 1, count):
        own = sorted(places[first : first + count])
        assert own == [own[0] + block_size * i for i in range(count)]


def test_the_text_is_cut_and_shuffled_anew_each_time():
    places = dealt(1_000, 6, 9, 50)  # 19 pieces at a time
    once, again = places[:19], places[19:38]
    assert once[0] % 50 != again[0] % 50
    assert np.argsort(once).tolist() != np.argsort(again).tolist()
    assert dealt(1_000, 6, 9, 50) == places != dealt(1_000, 6, 9, 50, seed=1)


def test_the_shortest_text_that_is_enough():
    x, y = batch(TOKENS[:17], 0, batch_size=2, block_size=16, seed=0)
    assert x[:, 0].tolist() == [0, 0]
    assert y[:, -1].tolist() == [16, 16]
    with pytest.raises(DataError, match="17: use a longer text or a shorter context"):
        batch(TOKENS[:16], 0, batch_size=2, block_size=16, seed=0)


def test_split_by_position():
    train, val = split(TOKENS)
    assert train.tolist() == list(range(900))
    assert val.tolist() == list(range(900, 1_000))
    assert len(split(TOKENS, 0.25)[1]) == 250
    for wrong in (0, 1, -0.1, 1.5):
        with pytest.raises(DataError, match="between 0 and 1"):
            split(TOKENS, wrong)


@given(st.integers(2, 200), st.integers(1, 30), st.integers(1, 5))
def test_windows_predict_every_token_but_the_first_once(n, block_size, batch_size):
    tokens = np.arange(n, dtype=np.uint32)
    xs, ys = [], []
    for x, y in windows(tokens, block_size, batch_size):
        assert x.shape == y.shape
        assert x.shape[0] <= batch_size
        assert x.shape[1] <= block_size
        assert x.dtype == y.dtype == torch.int64
        assert torch.equal(y, x + 1)
        xs += x.flatten().tolist()
        ys += y.flatten().tolist()
    assert xs == list(range(n - 1))
    assert ys == list(range(1, n))


@pytest.mark.parametrize("n", [0, 1])
def test_windows_need_something_to_predict(n):
    with pytest.raises(DataError):
        list(windows(TOKENS[:n], 8))


def test_memory_mapped_tokens(tmp_path):
    path = tmp_path / "tokens.bin"
    TOKENS.tofile(path)
    mapped = np.memmap(path, dtype=np.uint16, mode="r")
    for a, b in zip(
        batch(mapped, 1, batch_size=4, block_size=8, seed=1),
        batch(TOKENS, 1, batch_size=4, block_size=8, seed=1),
        strict=True,
    ):
        assert torch.equal(a, b)
    assert sum(x.numel() for x, _ in windows(mapped, 8)) == 999


def test_encode_to_array():
    text = "hello world"
    tokenizer = train_tokenizer("char", text)
    tokens = encode_to_array(tokenizer, text)
    assert tokens.dtype == np.uint16
    assert tokens.tolist() == tokenizer.encode(text)


def test_a_large_vocabulary_gets_wider_numbers():
    pieces = [chr(i) for i in range(0x10000, 0x10000 + 65_536)]
    last = pieces[-1]
    small = CharTokenizer(pieces[:-1])
    assert encode_to_array(small, pieces[-2]).tolist() == [65_535]
    assert encode_to_array(small, last).dtype == np.uint16
    tokens = encode_to_array(CharTokenizer(pieces), last)
    assert tokens.dtype == np.uint32
    assert tokens.tolist() == [65_536]


def test_seven_of_eight_pieces_may_begin_where_documents_do():
    tokens = np.array([0, 0, 5, 6, 7, 0, 0, 8, 9, 0, 1, 0, 0, 3, 3, 3, 3, 3], dtype=np.uint16)
    places = starts_of(tokens, [0, 0])
    assert places.tolist() == [0, 5, 11]
    x, y = batch(tokens, 3, batch_size=64, block_size=5, seed=1, starts=places)
    rows = [tuple(row) for row in x.tolist()]
    assert set(rows[:56]) == {(0, 0, 5, 6, 7), (0, 0, 8, 9, 0), (0, 0, 3, 3, 3)}
    anywhere = {tuple(row) for row in np.lib.stride_tricks.sliding_window_view(tokens, 5).tolist()}
    assert set(rows[56:]) <= anywhere and not set(rows[56:]) <= set(rows[:56])
    assert torch.equal(x[:, 1:], y[:, :-1])
    with pytest.raises(DataError, match="No document has 14 tokens"):
        batch(tokens, 3, batch_size=2, block_size=13, seed=1, starts=places[1:])
    with pytest.raises(DataError, match="has no documents"):
        starts_of(tokens, [4, 4])
