import pytest
import torch

from gpt_core.interpret.logit_lens import decode, logit_lens, scale_matters
from gpt_core.model import recording
from tests.gpt_core.designs import DESIGNS, IDS, make_model


def stream_of(model):
    kept = ("blocks.*.resid_pre", "blocks.*.resid_post")
    return recording.run(model, IDS, *kept).stream


@pytest.fixture(params=DESIGNS)
def model(request):
    return make_model(request.param)


def test_the_last_row_is_the_models_own_prediction(model):
    lens = logit_lens(model, stream_of(model))
    truth = model(torch.tensor([IDS]))[0][0].softmax(dim=-1)
    best = truth.topk(3)
    assert torch.equal(lens.top[-1], best.indices)
    torch.testing.assert_close(lens.probability[-1], best.values, rtol=1e-5, atol=1e-6)
    assert (lens.rank[-1] == 1).all()
    torch.testing.assert_close(lens.share[-1], best.values[:, 0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("reuse", [False, True])
def test_an_inner_row_by_hand(model, reuse):
    """norm_f written out with a scale of the row's own or of the last row."""
    stream = stream_of(model)
    lens = logit_lens(model, stream, reuse_last_scale=reuse)
    x, norm = stream[1], model.norm_f
    kind = model.config.norm if model.config.norm_position == "pre" else "none"
    source = stream[-1] if reuse else x
    if kind == "layernorm":
        centered = x - x.mean(-1, keepdim=True)
        x = centered / (source.var(-1, correction=0, keepdim=True) + norm.eps).sqrt()
    elif kind == "rmsnorm":
        x = x / (source.square().mean(-1, keepdim=True) + norm.eps).sqrt()
    elif kind == "batchnorm":
        x = (x - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
    if kind != "none":
        x = x * norm.weight + (0 if norm.bias is None else norm.bias)
    truth = (x @ model.lm_head.weight.T).softmax(dim=-1)
    final = lens.top[-1, :, 0]
    assert torch.equal(lens.top[1, :, 0], truth.argmax(dim=-1))
    expected = truth.gather(1, final[:, None])[:, 0]
    torch.testing.assert_close(lens.share[1], expected, rtol=1e-4, atol=1e-6)
    order = truth.argsort(dim=-1, descending=True)
    places = (order == final[:, None]).int().argmax(dim=-1) + 1
    assert torch.equal(lens.rank[1], places)


def test_the_scale_makes_a_difference_where_it_is_said_to(model):
    stream = stream_of(model)
    own, reused = logit_lens(model, stream), logit_lens(model, stream, reuse_last_scale=True)
    differs = not torch.allclose(own.probability[:-1], reused.probability[:-1], atol=1e-4)
    assert differs == scale_matters(model)
    torch.testing.assert_close(own.probability[-1], reused.probability[-1])


def test_long_texts_are_decoded_piece_by_piece(monkeypatch):
    model = make_model("layernorm with bias")
    stream = stream_of(model)
    whole = logit_lens(model, stream, reuse_last_scale=True)
    monkeypatch.setattr("gpt_core.interpret.logit_lens._AT_ONCE", 150)  # three positions
    pieces = logit_lens(model, stream, reuse_last_scale=True)
    for name in ("top", "probability", "rank", "share"):
        torch.testing.assert_close(getattr(pieces, name), getattr(whole, name))
    assert decode(model, stream).shape == (4, 8, 11)
