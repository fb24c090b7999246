import math
from collections import Counter

import pytest
import torch
import torch.nn.functional as F

import corpus
from gpt_core.experiments.bigram import (
    MOST_SCORES,
    Bigram,
    loss_on_pairs,
    pair_counts,
    pair_entropy,
    train_bigram,
)
from gpt_core.tokenizers import train_tokenizer

TEXT = corpus.bundled().text[:20_000]


@pytest.fixture(scope="module")
def tokens():
    return torch.tensor(train_tokenizer("char", TEXT).encode(TEXT))


@pytest.fixture(scope="module")
def size(tokens):
    return int(tokens.max()) + 1


@pytest.fixture(scope="module")
def trained(tokens, size):
    model = Bigram(size, seed=3)
    return model, list(train_bigram(model, tokens, seed=3))


def test_pairs_are_counted(tokens, size):
    ids = tokens.tolist()
    expected = Counter(zip(ids, ids[1:], strict=False))
    counts = pair_counts(tokens, size)
    assert counts.sum() == len(ids) - 1
    assert all(counts[pair] == count for pair, count in expected.items())


def test_the_loss_is_torchs_cross_entropy_over_the_whole_text(tokens, size):
    model = Bigram(size, seed=1)
    torch.nn.init.normal_(model.table.weight, generator=torch.Generator().manual_seed(0))
    expected = F.cross_entropy(model.table.weight[tokens[:-1]].double(), tokens[1:]).item()
    assert loss_on_pairs(model, pair_counts(tokens, size)) == pytest.approx(expected, rel=1e-9)
    logits, loss = model(tokens[:-1], tokens[1:])
    assert logits.shape == (len(tokens) - 1, size)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert model(tokens[:6].view(2, 3))[0].shape == (2, 3, size)


def test_the_floor_is_the_texts_conditional_entropy(tokens, size):
    """Counted by another module, and by a table that holds the counted shares."""
    counts = pair_counts(tokens, size)
    floor = pair_entropy(counts)
    assert floor / math.log(2) == pytest.approx(corpus.statistics(TEXT).entropy[1], abs=1e-9)
    table = Bigram(size)
    table.table.weight.data = (counts + 1e-30).log().float()
    assert loss_on_pairs(table, counts) == pytest.approx(floor, abs=1e-5)


def test_training_falls_from_guessing_to_just_above_the_floor(tokens, size, trained):
    model, curve = trained
    floor = pair_entropy(pair_counts(tokens, size))
    steps, losses = zip(*curve, strict=True)
    assert steps == tuple(range(0, 201, 5))
    assert losses[0] == pytest.approx(math.log(size), abs=0.01)
    assert floor < losses[-1] < floor + 0.02
    assert all(loss > floor for loss in losses)
    assert losses[-1] == loss_on_pairs(model, pair_counts(tokens, size))


def test_the_same_seed_trains_the_same_table_and_another_seed_another(tokens, size):
    def first_losses(seed):
        return list(train_bigram(Bigram(size, seed), tokens, seed=seed, steps=10))

    assert first_losses(3) == first_losses(3) != first_losses(4)


def test_the_last_step_is_reported_whatever_it_is(tokens, size):
    curve = list(train_bigram(Bigram(size), tokens, seed=0, steps=7))
    assert [step for step, _ in curve] == [0, 5, 7]


def test_what_it_writes_follows_its_table():
    model = Bigram(3)
    # After 0 comes 1, after 1 comes 2, after 2 comes 0.
    model.table.weight.data = 100 * torch.tensor([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert model.write(0, 7, seed=0) == [1, 2, 0, 1, 2, 0, 1]


def test_each_draw_has_the_tables_probabilities():
    model = Bigram(2)
    model.table.weight.data = torch.tensor([[0.2, 0.8], [0.2, 0.8]]).log()
    written = model.write(0, 4000, seed=0)
    assert sum(written) / 4000 == pytest.approx(0.8, abs=0.03)
    assert model.write(0, 50, seed=5) == model.write(0, 50, seed=5)


def test_a_text_that_needs_no_guess_costs_nothing():
    tokens = torch.tensor([0, 1] * 300)
    assert pair_entropy(pair_counts(tokens, 2)) == 0
    *_, (_, loss) = train_bigram(Bigram(2), tokens, seed=0)
    assert 0 <= loss < 0.01


def test_too_large_a_table_and_too_short_a_text_are_refused():
    side = math.isqrt(MOST_SCORES)
    assert Bigram(side).table.weight.numel() == MOST_SCORES
    with pytest.raises(ValueError, match="too large"):
        Bigram(side + 1)
    with pytest.raises(ValueError, match="no pairs"):
        next(train_bigram(Bigram(2), torch.tensor([1]), seed=0))
