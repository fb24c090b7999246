"""Counts and entropies against hand calculation and a plain second implementation."""

import math
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import bundled, ngram_cross_entropy, statistics


def test_counts():
    numbers = statistics("To be, or not to be.\nTo be!\n", top=3)
    assert numbers.characters == 28
    assert numbers.lines == 2
    assert numbers.words == 8
    assert numbers.word_vocabulary == 5  # To be or not to
    assert numbers.top_words == (("be", 3), ("To", 2), ("or", 1))
    assert numbers.character_vocabulary == len(set("To be, or not to be.\nTo be!\n"))
    assert numbers.top_characters == ((" ", 6), ("o", 5), ("b", 3))


@pytest.mark.parametrize(("text", "lines"), [("", 0), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n", 1)])
def test_lines(text, lines):
    assert statistics(text).lines == lines


def test_words_keep_their_apostrophes_and_marks():
    assert statistics("don't l’été हिन्दी x").words == 4


def test_entropy_by_hand():
    # Order 0: a and b are equally likely. Order 1: of the 7 pairs 4 are ab, 3 are ba, so the
    # next character is certain.
    assert statistics("abababab").entropy == pytest.approx((1, 0, 0))
    # Order 0 of aabb: 1 bit. Order 1: pairs aa, ab, bb; after a (2 of 3) it is 1 bit, after b 0.
    # Order 2: aab, abb are certain.
    assert statistics("aabb").entropy == pytest.approx((1, 2 / 3, 0))
    # p = 1/2, 1/4, 1/4
    assert statistics("aabc").entropy[0] == pytest.approx(1.5)
    assert statistics("").entropy == (0, 0, 0)
    assert statistics("a").entropy == (0, 0, 0)


@given(st.text(alphabet="abc é🦆", max_size=60))
def test_entropy_is_that_of_the_definition(text):
    for order, found in enumerate(statistics(text).entropy):
        grams = Counter(text[i : i + order + 1] for i in range(len(text) - order))
        contexts = Counter(text[i : i + order] for i in range(len(text) - order))
        total = sum(grams.values())
        expected = -sum(n / total * math.log2(n / contexts[g[:-1]]) for g, n in grams.items())
        assert found == pytest.approx(expected, abs=1e-9)


def test_shannons_english():
    # Shannon 1951, table 1, for 27 letters: F_0 = 4.76, F_1 = 4.03, F_2 = 3.32, F_3 = 3.1 bits.
    letters = "".join(c if c.isalpha() else " " for c in bundled().text.lower())
    f1, f2, f3 = statistics(" ".join(letters.split())).entropy
    assert f1 == pytest.approx(4.03, abs=0.1)
    assert f2 == pytest.approx(3.32, abs=0.25)
    assert f3 < f2


def witten_bell(train, order):
    """p(c, h) by plain recursion, as in the formula of the docstring."""
    known = set(train)
    followers = defaultdict(Counter)
    for n in range(order + 1):
        for i in range(n, len(train)):
            followers[n, train[i - n : i]][train[i]] += 1

    def p(c, h):
        seen = followers[len(h), h]
        lower = p(c, h[1:]) if h else 1 / (len(known) + 1)
        if not seen:
            return lower
        return (seen[c] + len(seen) * lower) / (seen.total() + len(seen))

    return p, known


@given(
    st.text(alphabet="abc ", min_size=4, max_size=80),
    st.text(alphabet="abcx ", min_size=1, max_size=20),
    st.integers(0, 3),
)
def test_ngram_cross_entropy_is_that_of_the_formula(train, val, order):
    p, known = witten_bell(train, order)
    # x is unknown where the training text lacks it, here spelled ?, which it always lacks
    text = train + "".join(c if c in known else "?" for c in val)
    places = range(len(train), len(text))
    expected = -sum(math.log2(p(text[i], text[i - order : i])) for i in places) / len(val)
    assert ngram_cross_entropy(train, val, order) == pytest.approx(expected)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_ngram_probabilities_sum_to_one(order):
    train = "the cat sat on the mat, the rat sat on the cat"
    total = sum(2 ** -ngram_cross_entropy(train, c, order) for c in [*sorted(set(train)), "Z"])
    assert total == pytest.approx(1)


def test_the_bar_on_unseen_text_is_above_the_entropy_of_the_text_itself():
    text = bundled().text
    cut = int(0.9 * len(text))
    bars = [ngram_cross_entropy(text[:cut], text[cut:], order) for order in range(4)]
    entropies = statistics(text).entropy
    assert bars == sorted(bars, reverse=True)
    assert bars[2] > entropies[2]
    assert 1.5 < bars[3] < bars[0] < 5


@pytest.mark.parametrize(("train", "val", "order"), [("", "a", 1), ("a", "", 1), ("a", "a", -1)])
def test_ngram_needs_two_texts(train, val, order):
    with pytest.raises(ValueError, match="two texts"):
        ngram_cross_entropy(train, val, order)


def test_any_character_can_be_counted():
    text = "\ud800\x00\U0010ffff🦆" * 3
    assert statistics(text).character_vocabulary == 4
    assert ngram_cross_entropy(text, "🦆\U0010ffffé", 2) > 0
