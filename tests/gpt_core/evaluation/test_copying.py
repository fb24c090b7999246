import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt_core.evaluation.copying import SEED, CopyFinder, copied


def find(samples, text, piece=1000):
    finder = CopyFinder(samples)
    data = text.encode()
    read = list(finder.read(data[i : i + piece] for i in range(0, len(data), piece)))
    assert not data or read[-1] == len(data)
    return finder


def longest_by_hand(sample, text):
    """For each place the longest match of at least SEED characters, by trying all lengths."""
    found = []
    for i in range(len(sample)):
        length = 0
        while i + length < len(sample) and sample[i : i + length + 1] in text:
            length += 1
        found.append(length if length >= SEED else 0)
    return found


def sewn(seed, length, alphabet="ab "):
    dice = random.Random(seed)
    phrases = ["".join(dice.choices(alphabet, k=dice.randint(3, 60))) for _ in range(6)]
    return "".join(dice.choices(phrases, k=length))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("piece", [7, 100, 100_000])
def test_all_longest_matches_are_found_wherever_the_text_is_cut(seed, piece, monkeypatch):
    monkeypatch.setattr("gpt_core.evaluation.copying.FIRST_PIECE", max(1, piece // 3))
    monkeypatch.setattr("gpt_core.evaluation.copying.MOST_PIECE", piece)
    text = sewn(seed, 40) + sewn(seed + 100, 10)
    sample = sewn(seed, 8)[5:] + "zz" + text[100:230]
    finder = find([sample], text)
    assert finder.lengths[: len(sample)].tolist() == longest_by_hand(sample, text)
    for i, length in enumerate(finder.lengths.tolist()):
        place = finder.places[i]
        assert not length or text[place : place + length] == sample[i : i + length]


@given(st.text("ab", max_size=300), st.text("ab", min_size=1, max_size=120))
@settings(max_examples=60, deadline=None)
def test_of_two_letters_and_any_text(text, sample):
    finder = find([sample], text)
    assert finder.lengths[: len(sample)].tolist() == longest_by_hand(sample, text)


def test_a_text_of_one_letter_alone_is_no_trouble():
    finder = find(["a" * 3000], "a" * 100_000)
    assert finder.lengths[:3000].tolist() == [3000 - i if 3000 - i >= SEED else 0
                                             for i in range(3000)]  # fmt: skip


def test_stretches_say_where_they_come_from_and_what_stands_around_them():
    text = "x" * 50 + "before it: The dryer ate the left sock. and after it" + "y" * 50
    sample = "He said: The dryer ate the left sock, again."
    (stretch,) = find(["nothing of it here, at all", sample], text).stretches()
    assert stretch.sample == 1
    assert sample[stretch.start : stretch.end] == ": The dryer ate the left sock"
    assert text.index(": The dryer") == stretch.place
    assert stretch.before.endswith("before it")
    assert stretch.after.startswith(". and after it")


def test_stretches_are_in_characters_whatever_these_take_in_bytes():
    text = "…é🦆 quacks at the dryer – again and again"
    sample = "🦢é🦆 quacks at the dryer — again"
    (stretch,) = find([sample], text).stretches()
    # The two dashes share their first bytes, and that is no character.
    assert sample[stretch.start : stretch.end] == "é🦆 quacks at the dryer "
    assert find(["\ud800 is half a pair, and lost"], text).stretches() == []


def test_samples_are_kept_apart():
    finder = find(["one sock in the d", "ryer, and another"], "one sock in the dryer, and another")
    assert [stretch.sample for stretch in finder.stretches()] == [0, 1]
    with pytest.raises(ValueError, match="no sample"):
        CopyFinder(["", ""])


def test_tokens_count_as_copied_only_in_stretches_of_enough_of_them():
    sample = "who put the rubber duck into it"
    spans, at = [], 0
    for word in sample.split(" "):
        spans.append((max(0, at - 1), at + len(word)))
        at += len(word) + 1
    stretches = find([sample], "She put the rubber duck int").stretches()
    assert sample[stretches[0].start : stretches[0].end] == " put the rubber duck int"
    assert np.flatnonzero(copied(spans, stretches, 4)).tolist() == [1, 2, 3, 4]
    assert not copied(spans, stretches, 5).any()
