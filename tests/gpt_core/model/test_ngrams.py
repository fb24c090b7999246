import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.ngrams import NgramEmbedding
from gpt_core.model.settings import ConfigError
from tests.helpers import tiny_model

ROWS = 7


def embedding(ngrams=4, vocab_size=11, rows=ROWS, dropout=0.0):
    torch.manual_seed(0)
    config = GPTConfig(
        vocab_size, n_embd=8, n_head=2, ngrams=ngrams, ngram_rows=rows, ngram_dropout=dropout
    )
    return NgramEmbedding(config)


def row_by_hand(run, length, rows):
    """The row of one run, in Python's whole numbers, which know no limit."""
    number = sum((token + 1) * 48_271**place for place, token in enumerate(reversed(run)))
    return number % (2**31 - 1) % rows + (length - 2) * rows


def test_a_small_case_worked_out_by_hand():
    # After 3, 1 the run of two is 4 · 48271 + 2 = 193086, which leaves 5 when divided by 7; that of
    # three, with nothing before it, is the same number, and its rows begin at 7. Of the token 3
    # alone, 4 is left.
    rows = embedding(ngrams=3).rows_of(torch.tensor([[3, 1]]))
    assert rows.tolist() == [[[4, 4 + 7], [193_086 % 7, 193_086 % 7 + 7]]]
    assert 193_086 % 7 == 5


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_every_place_reads_the_rows_of_its_last_tokens(data):
    longest, rows = data.draw(st.integers(2, 9)), data.draw(st.sampled_from([1, 7, 16_384]))
    size = data.draw(st.sampled_from([2, 65, 1_000_000]))
    ids = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=12))
    module = embedding(ngrams=longest, vocab_size=1, rows=rows)
    found = module.rows_of(torch.tensor([ids]))[0].tolist()
    for place, own in enumerate(found):
        runs = [ids[max(0, place + 1 - n) : place + 1] for n in range(2, longest + 1)]
        assert own == [row_by_hand(run, n, rows) for n, run in enumerate(runs, start=2)]


def test_vectors_and_gradients_equal_those_of_a_dense_table():
    module, idx = embedding(), torch.tensor([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]])
    dense = torch.nn.Embedding.from_pretrained(module.table.weight.detach().clone(), freeze=False)
    weights = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(1))
    rows = [[[row_by_hand(row[max(0, t + 1 - n) : t + 1], n, ROWS) for n in (2, 3, 4)]
             for t in range(5)] for row in idx.tolist()]  # fmt: skip
    expected = dense(torch.tensor(rows)).sum(dim=-2)
    torch.testing.assert_close(module(idx), expected)
    (module(idx) * weights).sum().backward()
    (expected * weights).sum().backward()
    assert module.table.weight.grad.is_sparse
    torch.testing.assert_close(module.table.weight.grad.to_dense(), dense.weight.grad)


def test_a_model_begins_as_one_without_runs():
    torch.manual_seed(0)
    sizes = {"block_size": 8, "n_layer": 2, "n_head": 2, "n_embd": 16}
    model = GPT(GPTConfig(11, **sizes, ngrams=3, ngram_rows=50)).eval()
    plain = GPT(GPTConfig(11, **sizes)).eval()
    state = {n: t for n, t in model.state_dict().items() if not n.startswith("ngrams.")}
    plain.load_state_dict(state)
    idx = torch.tensor([[3, 1, 4, 1, 5]])
    assert torch.equal(model(idx)[0], plain(idx)[0])
    assert model.num_parameters() - plain.num_parameters() == 2 * 50 * 16
    assert model.num_parameters(True) == plain.num_parameters(True)
    assert model.flops_per_token() == plain.flops_per_token()


def test_no_token_sees_a_later_one():
    model = tiny_model(ngrams=4, ngram_rows=50)
    one, other = torch.tensor([[3, 1, 4, 1, 5, 9]]), torch.tensor([[3, 1, 4, 1, 6, 0]])
    with torch.no_grad():
        one, other = model(one)[0], model(other)[0]
    torch.testing.assert_close(one[:, :4], other[:, :4])
    assert not torch.allclose(one[:, 4:], other[:, 4:])


def test_a_share_of_the_vectors_is_dropped_only_while_training():
    module, idx = embedding(dropout=0.25, rows=500), torch.arange(11).repeat(90)[None]
    dropped = module.train()(idx) == 0
    assert dropped.float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert not (module.eval()(idx) == 0).any()


@pytest.mark.parametrize(
    ("design", "said"),
    [
        ({"ngrams": 1}, "2 tokens or more"),
        ({"ngrams": -1}, "between 0 and 16"),
        ({"ngrams": 3, "ngram_rows": 0}, "between 1 and"),
        ({"ngrams": 3, "ngram_dropout": 1.0}, "below 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(design, said):
    with pytest.raises(ConfigError, match=said):
        GPTConfig(11, **design)
