"""Multiplying the stream, against a model whose weights say the same."""

import copy

import pytest
import torch
import torch.nn.functional as F

from gpt_core.experiments.norm_surgery import added_share, multiply_stream
from gpt_core.interpret.norms import trace_norms
from tests.gpt_core.interpret.test_norms import EVERY_MODEL, IDS, make


@pytest.mark.parametrize(("norm", "position"), EVERY_MODEL)
def test_times_ten_at_the_entrance_is_an_embedding_ten_times_as_long(norm, position):
    model = make(norm, position)
    larger = copy.deepcopy(model)
    for table in (larger.wte, larger.wpe):
        table.weight.data.mul_(10.0)
    done, truth = multiply_stream(model, IDS, 0, 10.0), trace_norms(larger, IDS)
    torch.testing.assert_close(done.after.probabilities, truth.probabilities)
    torch.testing.assert_close(done.after.stream, truth.stream, rtol=1e-4, atol=1e-4)
    logits = larger(torch.tensor([IDS]))[0][0]
    loss = F.cross_entropy(logits[:-1], torch.tensor(IDS[1:])).item()
    assert done.after.loss == pytest.approx(loss, rel=1e-4)
    torch.testing.assert_close(done.before.stream, trace_norms(model, IDS).stream)


def test_the_next_branch_weighs_ten_times_less_beside_a_stream_ten_times_as_long():
    model = make("layernorm", "pre")
    done = multiply_stream(model, IDS, 1, 10.0)
    # Attention of layer 1 writes the same vector, but for ε …
    torch.testing.assert_close(done.after.added[2], done.before.added[2], rtol=1e-3, atol=1e-4)
    # … what it is added to is ten times as long, and so its share is near a tenth.
    entering = done.before.stream[2]
    share = (done.before.added[2] / (10 * entering)).mean().item()
    assert added_share(done.after, 1)[0] == pytest.approx(share, rel=0.2)
    assert added_share(done.after, 1)[0] < 0.2 * added_share(done.before, 1)[0]


def test_times_one_changes_nothing_and_one_token_has_no_loss():
    done = multiply_stream(make(), IDS, 1, 1.0)
    assert done.moved == 0 and done.after.loss == done.before.loss
    alone = multiply_stream(make(), IDS[:1], 1, 10.0)
    assert alone.before.loss is None and alone.moved > 0


def test_there_is_no_layer_two():
    with pytest.raises(KeyError):
        multiply_stream(make(), IDS, 2, 10.0)
