"""The numbers behind the picture of the whole machine, against passes made in other ways."""

import math

import pytest
import torch
import torch.nn.functional as F

from gpt_core.interpret.machine import KEPT, apart, distance, look_back
from gpt_core.interpret.machine import look as look_at
from gpt_core.model.observe import intervene, record
from gpt_core.model.recording import run
from tests.helpers import tiny_model

DESIGNS = [
    {},
    {"preset": "modern"},
    {"norm_position": "post"},
    {"norm": "none", "n_layer": 1},
    {"norm": "batchnorm"},
    {"activation": "swiglu", "causal": False},
]
IDS = (3, 1, 4, 1, 5, 9, 2)


def look(model, ids, shown=16):
    return look_at(model, run(model, ids, *KEPT), shown)


each_design = pytest.mark.parametrize("design", DESIGNS, ids=str)


def everything(model):
    with torch.no_grad(), record(model) as seen:
        logits, _ = model(torch.tensor([IDS]))
    return seen, logits[0]


@each_design
def test_what_is_shown_is_what_the_pass_left(design):
    model = tiny_model(**design)
    seen, logits = everything(model)
    found, L = look(model, IDS, shown=4), model.config.n_layer
    assert found.first == 3 and found.stream.shape == (2 * L + 1, 4, 16)
    for layer in range(L):
        block = {part: seen[f"blocks.{layer}.{part}"][0] for part in ("resid_pre", "mlp_out")}
        assert torch.equal(found.stream[2 * layer], block["resid_pre"][3:])
        lengths = block["mlp_out"].square().sum(-1).sqrt()[3:]
        assert torch.allclose(found.added[layer, 1], lengths)
        pattern = seen[f"blocks.{layer}.pattern"][0]
        assert torch.allclose(found.pattern[layer, :, :, 1:], pattern[:, 3:, 3:])
        # The columns that aren't shown have the rest of each row, which sums to 1.
        rest = 1 - pattern[:, 3:, 3:].sum(-1)
        assert torch.allclose(found.pattern[layer, :, :, 0], rest, atol=1e-6)
    assert torch.equal(found.stream[-1], seen[f"blocks.{L - 1}.resid_post"][0][3:])
    assert torch.allclose(found.probabilities, logits[-1].softmax(-1))
    assert found.best.tolist() == logits[3:].argmax(-1).tolist()


@each_design
def test_scales_are_what_the_norms_divide_by(design):
    model = tiny_model(**design)
    found = look(model, IDS)
    if model.config.norm == "none":
        assert found.scales is None and found.last_scale is None
        return
    seen, _ = everything(model)
    post = model.config.norm_position == "post"
    assert (found.last_scale is None) is post
    read = seen["blocks.0.resid_pre"][0]
    if post:
        read = read + seen["blocks.0.attn_out"][0]
    if model.config.norm == "layernorm":
        expected = (read.var(dim=-1, unbiased=False) + 1e-5).sqrt()
        assert torch.allclose(found.scales[0, 0], expected, atol=1e-5)
    elif model.config.norm == "rmsnorm":
        assert torch.allclose(found.scales[0, 0], read.square().mean(-1).sqrt(), atol=1e-4)
    else:
        running = model.blocks[0].norm1.running_var
        assert torch.allclose(found.scales[0, 0], (running + 1e-5).mean().sqrt().expand(len(IDS)))


def test_the_named_neuron_writes_the_longest_vector():
    model = tiny_model()
    seen, _ = everything(model)
    found = look(model, IDS)
    post, down = seen["blocks.1.mlp_post"][0], model.blocks[1].mlp.down.weight
    written = post[:, None, :] * down[None]  # token, channel, neuron
    assert found.neurons[1].tolist() == written.norm(dim=1).argmax(-1).tolist()


def test_no_neuron_is_named_where_none_writes_anything():
    model = tiny_model()
    torch.nn.init.zeros_(model.blocks[0].mlp.down.weight)
    neurons = look(model, IDS).neurons
    assert neurons[0].tolist() == [-1] * len(IDS) and (neurons[1] >= 0).all()


@each_design
def test_the_loss_is_the_last_token_s(design):
    model = tiny_model(**design)
    _, logits = everything(model)
    found = look_back(model, IDS)
    expected = F.cross_entropy(logits[-2], torch.tensor(IDS[-1])).item() / math.log(2)
    assert found.bits == pytest.approx(expected, rel=1e-5)
    assert -math.log2(found.share) == pytest.approx(expected, rel=1e-4)


def bits_with(model, name, push):
    with torch.no_grad(), intervene(model, {name: lambda x: x + push}):
        logits, _ = model(torch.tensor([IDS]))
    return F.cross_entropy(logits[0, -2], torch.tensor(IDS[-1])).item() / math.log(2)


@each_design
def test_a_small_push_changes_the_loss_as_the_gradient_says(design):
    """Central differences, in double precision, of the stream at several stations."""
    model = tiny_model(**design).double()
    found, last = look_back(model, IDS), model.config.n_layer - 1
    stations = {"blocks.0.resid_pre": 0, "blocks.0.resid_mid": 1, f"blocks.{last}.resid_post": -1}
    generator = torch.Generator().manual_seed(0)
    for name, station in stations.items():
        push = torch.randn(found.stream[0].shape, generator=generator, dtype=torch.double)
        step = 1e-5
        slope = (bits_with(model, name, step * push) - bits_with(model, name, -step * push)) / (
            2 * step
        )
        assert slope == pytest.approx(float((found.stream[station] * push).sum()), rel=1e-4)


def test_what_is_passed_to_values_adds_up_to_their_gradient():
    """With one weight of 1 in each row a value's gradient is the sum of what reaches it."""
    model = tiny_model(n_head=1)
    T = len(IDS)
    before = torch.zeros(1, 1, T, T)
    before[0, 0, range(T), [0, *range(T - 1)]] = 1.0  # each looks at the one before it
    kept = {}

    def keep(x):
        kept["v"] = x.detach().requires_grad_()
        return kept["v"]

    with intervene(model, {"blocks.1.pattern": lambda x: before.to(x), "blocks.1.v": keep}):
        found = look_back(model, IDS)
        logits, _ = model(torch.tensor([IDS]))
        loss = F.cross_entropy(logits[0, -2], torch.tensor(IDS[-1])) / math.log(2)
        (gradient,) = torch.autograd.grad(loss, kept["v"])
    reached = found.passed[1, 0, :, 1:].sum(dim=0)  # by position that is looked at
    lengths = gradient[0, 0].norm(dim=-1)
    assert lengths[T - 3] > 0 and torch.allclose(reached[1:], lengths[1:], atol=1e-5)


def test_a_causal_model_s_gradient_never_goes_to_later_tokens():
    found = look_back(tiny_model(), IDS)
    assert found.stream[:, -1].abs().max() == 0  # the token itself is read by nobody
    assert found.stream[0, :-1].norm(dim=-1).min() > 0


def test_shared_weights_get_no_gradient_and_one_token_has_no_loss():
    model = tiny_model().requires_grad_(False)
    look_back(model, IDS)
    assert all(weight.grad is None for weight in model.parameters())
    with pytest.raises(ValueError, match="single token"):
        look_back(model, IDS[:1])


def test_two_passes_are_apart_where_their_tokens_and_what_saw_them_are():
    model = tiny_model()
    other = (*IDS[:4], 8, *IDS[5:], 6)  # another fifth token, and one more
    a, b = look(model, IDS, shown=5), look(model, other, shown=4)  # positions 2 to 6, 4 to 7
    found = apart(a, b)
    assert found.shape == (2 * model.config.n_layer + 1, 3)
    assert torch.equal(found, apart(b, a))
    assert found[0, 0] > 0.1 and torch.equal(found[0, 1:], torch.zeros(2))
    assert bool((found[1:] > 0).all())  # attention has brought it to those behind
    mine, theirs = a.stream[2, 2], b.stream[2, 0]
    longer = max(mine.norm(), theirs.norm())
    assert found[2, 0] == pytest.approx(((mine - theirs).norm() / longer).item(), rel=1e-5)
    assert apart(look(model, IDS, shown=2), look(model, IDS[:4], shown=2)).shape[1] == 0
    nothing = torch.zeros(3)
    assert distance(nothing, nothing) == 0 and distance(nothing, nothing + 1) == 1
