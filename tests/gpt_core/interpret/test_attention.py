import copy
import math

import pytest
import torch

from gpt_core.interpret.attention import ablate, trace_attention, without_heads, written_length
from gpt_core.model.observe import intervene, record
from tests.helpers import tiny_model

IDS = [3, 1, 4, 1, 5, 9, 2, 6]


@pytest.fixture(params=["classic", "modern"])
def model(request):
    return tiny_model(request.param, n_layer=3, n_head=4, n_embd=32)


def test_pattern_is_the_softmax_of_the_recorded_queries_and_keys(model):
    trace = trace_attention(model, IDS)
    scores = torch.einsum("lhid,lhjd->lhij", trace.q, trace.k) / math.sqrt(model.config.head_dim)
    weights = scores.exp().tril()
    expected = weights / weights.sum(-1, keepdim=True)
    assert trace.pattern.shape == (3, 4, 8, 8)
    torch.testing.assert_close(trace.pattern, expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(trace.logits, model(torch.tensor([IDS]))[0][0], rtol=1e-4, atol=1e-5)


def test_a_removed_head_equals_a_model_whose_weights_for_it_are_zero(model):
    gone = [(0, 1), (2, 0), (2, 3)]
    zeroed = copy.deepcopy(model)
    D = model.config.head_dim
    for layer, head in gone:
        zeroed.blocks[layer].attn.proj.weight.data[:, head * D : (head + 1) * D] = 0.0
    trace = trace_attention(model, IDS, gone)
    logits, _ = zeroed(torch.tensor([IDS]))
    torch.testing.assert_close(trace.logits, logits[0].detach(), rtol=1e-4, atol=1e-5)
    assert trace.without == tuple(gone)
    assert not torch.allclose(trace.logits, trace_attention(model, IDS).logits, atol=1e-3)


@pytest.mark.parametrize("without", [(), ((0, 1), (2, 3))])
@pytest.mark.parametrize(
    "before",
    [
        [3, 1, 4, 1, 5, 9, 2],
        [3, 1, 4, 7, 7],
        [3],
        [3, 1, 4, 1, 5, 9, 2, 6],
        [3, 1, 4, 1, 5, 8, 2, 0],
    ],
    ids=["a letter more", "another end", "one in common", "the same", "an edit inside"],
)
def test_an_edited_text_traced_from_the_one_before_equals_a_fresh_trace(model, before, without):
    known = trace_attention(model, before, without)
    for ids in (IDS, IDS[:2]):
        fresh = trace_attention(model, ids, without)
        quick = trace_attention(model, ids, without, known)
        assert (quick.ids, quick.without) == (fresh.ids, fresh.without)
        for name in ("q", "k", "v", "pattern", "logits"):
            torch.testing.assert_close(
                getattr(quick, name), getattr(fresh, name), rtol=1e-4, atol=1e-5
            )


def test_a_known_trace_is_not_used_where_it_cannot_help(model):
    known = trace_attention(model, IDS)
    other = trace_attention(model, [8, *IDS[1:]], known=known)  # nothing in common
    torch.testing.assert_close(other.logits, trace_attention(model, [8, *IDS[1:]]).logits)
    less = trace_attention(model, IDS, [(1, 1)], known)  # other heads removed
    assert torch.equal(less.logits, trace_attention(model, IDS, [(1, 1)]).logits)
    with pytest.raises(ValueError, match="reads 1 to 8 tokens"):
        trace_attention(model, [*IDS, 1], known=known)


def test_ablation_reports_probabilities_and_the_loss_that_the_model_itself_reports(model):
    result = ablate(model, IDS, [(1, 2)])
    idx = torch.tensor([IDS])
    _, loss = model(idx[:, :-1], idx[:, 1:])
    assert result.loss_before == pytest.approx(loss.item(), rel=1e-4)
    with intervene(model, without_heads([(1, 2)])):
        logits, loss = model(idx[:, :-1], idx[:, 1:])
        last, _ = model(idx)
    assert result.loss_after == pytest.approx(loss.item(), rel=1e-4)
    torch.testing.assert_close(result.after, last[0, -1].softmax(-1).detach(), rtol=1e-3, atol=1e-6)
    assert result.before.sum().item() == pytest.approx(1)
    assert not torch.allclose(result.before, result.after, atol=1e-4)


def test_removing_nothing_changes_nothing(model):
    result = ablate(model, IDS, [])
    assert torch.equal(result.before, result.after)
    assert result.loss_before == result.loss_after


def test_one_token_has_probabilities_but_no_loss(model):
    result = ablate(model, [3], [(0, 0)])
    assert result.loss_before is None and result.loss_after is None
    assert result.before.sum().item() == pytest.approx(1)


def test_weighted_written_lengths_are_what_the_head_adds_to_the_residual_stream(model):
    layer, head = 1, 2
    trace = trace_attention(model, IDS)
    everything_else = [(layer, h) for h in range(4) if h != head]
    added = []
    for without in (everything_else, [*everything_else, (layer, head)]):
        watch = record(model, f"blocks.{layer}.attn_out")
        with intervene(model, without_heads(without)), watch as tensors:
            model(torch.tensor([IDS]))
        added.append(tensors[f"blocks.{layer}.attn_out"][0])
    head_adds = added[0] - added[1]  # the projection's bias cancels
    # Position 0 attends only to itself, with weight 1: its vector has that very length.
    lengths = written_length(model, layer, head, trace.v[layer, head])
    assert lengths[0].item() == pytest.approx(head_adds[0].norm().item(), rel=1e-4)
    # Elsewhere the pieces add up to at most their lengths (triangle inequality).
    bound = trace.pattern[layer, head] @ lengths
    assert (head_adds.norm(dim=-1) <= bound * (1 + 1e-4)).all()


@pytest.mark.parametrize("ids", [[], [0] * 9])
def test_too_few_or_too_many_tokens_are_refused_in_words(model, ids):
    with pytest.raises(ValueError, match="1 to 8 tokens"):
        trace_attention(model, ids)


@pytest.mark.parametrize("head", [(3, 0), (0, 4), (-1, 0)])
def test_a_head_that_does_not_exist_is_refused_in_words(model, head):
    with pytest.raises(ValueError, match="3 layers of 4 heads"):
        trace_attention(model, IDS, [head])
