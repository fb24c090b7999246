import math

import pytest
import torch
import torch.nn.functional as F

from gpt_core.evaluation.surprise import cost_of, counted_cost, loses_nothing, token_bits
from gpt_core.model import GPT, GPTConfig
from gpt_core.tokenizers import train_tokenizer

TEXT = "NADIA: Who put a rubber duck in the dryer?\nOTTO: It was wet.\n" * 20


def model_for(tokenizer, block_size):
    torch.manual_seed(0)
    config = GPTConfig(tokenizer.vocab_size, block_size=block_size, n_layer=1, n_head=2, n_embd=16)
    model = GPT(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


def test_bits_of_probabilities_that_are_known():
    logits = torch.tensor([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [1, 0, 0]]).log()
    assert token_bits(logits, [2, 0, 0]).tolist() == pytest.approx([1, 3])


def test_bits_are_torchs_cross_entropy_in_another_unit():
    torch.manual_seed(0)
    logits, ids = torch.randn(9, 7), [3, 1, 4, 1, 5, 2, 6, 0, 3]
    expected = F.cross_entropy(logits[:-1], torch.tensor(ids[1:]), reduction="none") / math.log(2)
    assert token_bits(logits, ids).tolist() == pytest.approx(expected.tolist(), rel=1e-5)


def test_one_token_has_no_bits():
    assert token_bits(torch.zeros(1, 4), [2]).shape == (0,)


@pytest.mark.parametrize("kind", ["char", "bpe"])
def test_a_texts_cost_is_the_sum_over_its_pieces(kind):
    tokenizer = train_tokenizer(kind, TEXT, 300 if kind == "bpe" else None)
    model, ids = model_for(tokenizer, 16), tokenizer.encode(TEXT)
    bits = 0.0
    for start in range(0, len(ids) - 1, 16):
        piece = ids[start : start + 17]  # each predicts what comes after it
        logits, _ = model(torch.tensor([piece[:16]]))
        bits += (
            token_bits(torch.cat([logits[0][: len(piece) - 1], logits[0][:1]]), piece).sum().item()
        )
    cost = cost_of(model, tokenizer, TEXT)
    assert cost.bits == pytest.approx(bits, rel=1e-5)
    assert cost.tokens == len(ids) - 1
    assert cost.characters == len(TEXT) - len(tokenizer.tokenize(TEXT)[0].text)
    assert cost.per_token * cost.tokens == pytest.approx(cost.per_character * cost.characters)


def test_a_single_token_costs_nothing_that_could_be_measured():
    tokenizer = train_tokenizer("char", TEXT)
    assert cost_of(model_for(tokenizer, 4), tokenizer, "N") is None
    assert counted_cost(tokenizer, TEXT, "N") is None
    assert counted_cost(tokenizer, "", TEXT) is None


def test_a_counter_of_pairs_knows_what_it_counted():
    tokenizer = train_tokenizer("char", "ab")
    surely = counted_cost(tokenizer, "ab" * 500, "ab" * 50)
    assert surely.per_token < 0.05
    assert counted_cost(tokenizer, "ab" * 500, "aabb" * 25).per_token > 1


def test_only_a_tokenizer_that_gives_the_text_back_loses_nothing():
    characters, pairs = train_tokenizer("char", "abc"), train_tokenizer("bpe", "abc " * 9, 260)
    assert loses_nothing(characters, "cab")
    assert not loses_nothing(characters, "cabin")
    assert loses_nothing(pairs, "cabin é🦆")
