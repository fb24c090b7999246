import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt_core.evaluation.ngram import FALLBACK, Ngram, NgramError, estimate_discounts

V = 5
texts = st.lists(st.integers(0, V - 1), min_size=1, max_size=60)


def by_definition(tokens, vocab_size, order):
    """p(w | h) in dictionaries, straight from the formula; the discounts are the model's."""
    counts = {order: Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))}
    for n in range(order - 1, 0, -1):
        counts[n] = Counter(gram[1:] for gram in counts[n + 1])

    def p(word, context, discounts):
        n = len(context) + 1
        lower = p(word, context[1:], discounts) if context else 1 / vocab_size
        followers = {gram[-1]: c for gram, c in counts[n].items() if gram[:-1] == context}
        if not followers:
            return lower
        taken = {w: discounts[n - 1][min(c, 3) - 1] for w, c in followers.items()}
        total = sum(followers.values())
        kept = followers.get(word, 0) - taken.get(word, 0)
        return kept / total + sum(taken.values()) / total * lower

    return p


@given(texts, st.integers(1, 4), st.lists(st.integers(0, V), max_size=6))
def test_probabilities_are_those_of_the_formula(tokens, order, context):
    model = Ngram(np.array(tokens), V + 1, order)
    p = by_definition(tokens, V + 1, model.order)
    known = tuple(context[max(0, len(context) - model.order + 1) :])
    expected = [p(word, known, model.discounts) for word in range(V + 1)]
    np.testing.assert_allclose(model.distribution(context), expected, atol=1e-12)
    for word in range(V + 1):
        found = model.logprob(np.array([*context, word]))[-1]
        assert math.exp(found) == pytest.approx(expected[word], abs=1e-12)


@given(texts, st.integers(1, 5), st.lists(st.integers(0, V), max_size=8))
def test_probabilities_are_above_zero_and_sum_to_one(tokens, order, context):
    p = Ngram(np.array(tokens), V + 1, order).distribution(context)
    assert p.sum() == pytest.approx(1) and p.min() > 0


def test_two_words_by_hand():
    # a b a b a c: bigrams ab 2, ba 2, ac 1. No bigram occurs 3 or 4 times: the fallback.
    model = Ngram(np.array([0, 1, 0, 1, 0, 2]), 4, order=2)
    assert model.discounts == [FALLBACK, FALLBACK]
    # Unigrams count contexts: a after b, b after a, c after a: 1 each of 3; 0.5 is taken of each.
    a, b, c, d = (0.5 / 3 + 0.5 / 4,) * 3 + (0.5 / 4,)
    assert model.distribution([]) == pytest.approx([a, b, c, d])
    # After a: b 2 less 1, c 1 less 0.5, of 3; 1.5 of 3 is left.
    after_a = [0.5 * a, 1 / 3 + 0.5 * b, 0.5 / 3 + 0.5 * c, 0.5 * d]
    assert model.distribution([0]) == pytest.approx(after_a)
    assert model.distribution([3, 0]) == pytest.approx(after_a)
    assert model.distribution([2]) == pytest.approx([a, b, c, d])  # nothing ever followed c
    mean = -(math.log(b) + math.log(after_a[2])) / 2
    assert model.cross_entropy(np.array([1])) == pytest.approx(-math.log(b))
    assert model.cross_entropy(np.array([2, 1, 0, 2])[1:], given=0) == pytest.approx(
        (2 * mean - math.log(1 / 2 + 0.5 * a)) / 3  # after b: a 2 less 1, of 2
    )
    assert len(model.logprob(np.array([2, 1, 0]), given=2)) == 1


def test_discounts_by_hand():
    # 10 n-grams once, 5 twice, 3 three times, 2 four times, 9 more often: Y = 10 / 20.
    counts = np.array([1] * 10 + [2] * 5 + [3] * 3 + [4] * 2 + [7] * 9)
    expected = (1 - 2 * 0.5 * 5 / 10, 2 - 3 * 0.5 * 3 / 5, 3 - 4 * 0.5 * 2 / 3)
    assert estimate_discounts(counts) == pytest.approx(expected)
    assert estimate_discounts(np.array([1, 1, 2, 3, 4, 4, 4])) == FALLBACK  # D(3) would be below 0
    assert estimate_discounts(np.array([1, 1])) == FALLBACK


def test_samples_follow_the_seed_and_the_probabilities():
    model = Ngram(np.array([0, 1, 0, 1, 0, 2, 0, 1]), 4, order=3)
    assert model.sample([0], 50, seed=1) == model.sample([0], 50, seed=1)
    assert model.sample([0], 50, seed=1) != model.sample([0], 50, seed=2)
    drawn = Counter(model.sample([0], 1, seed)[0] for seed in range(4_000))
    for token, p in enumerate(model.distribution([0])):
        assert drawn[token] / 4_000 == pytest.approx(p, abs=0.03)


def test_it_predicts_what_it_learned():
    tokens = np.array(list(b"she sells sea shells by the sea shore, " * 20), dtype=np.uint16)
    assert Ngram(tokens, 256).cross_entropy(tokens) < 0.5
    assert Ngram(tokens, 256, 1).cross_entropy(tokens) > 2


@pytest.mark.parametrize(
    ("tokens", "vocab_size", "order"),
    [([], 4, 2), ([4], 4, 2), ([1], 4, 0), (list(range(7_000)), 7_000, 5)],
)
def test_what_cannot_be_counted_is_refused(tokens, vocab_size, order):
    with pytest.raises(NgramError) as error:
        Ngram(np.array(tokens, dtype=np.int64), vocab_size, order)
    assert str(error.value).endswith(".")
