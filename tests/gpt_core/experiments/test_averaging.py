import copy
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt_core.experiments import averaging
from gpt_core.model.observe import record
from tests.helpers import tiny_model

X = torch.tensor([[1.0, 10.0], [3.0, 0.0], [5.0, -4.0]])
MEANS = [[1.0, 10.0], [2.0, 5.0], [3.0, 2.0]]  # by hand
IDS = [3, 1, 4, 1, 5, 9, 2, 6]
DESIGNS = {
    "classic": {},
    "post-norm": {"norm_position": "post"},
    "sinusoidal": {"position": "sinusoidal", "bias": False},
    "rope, qk-norm": {"position": "rope", "qk_norm": True, "norm": "rmsnorm"},
    "no mask": {"causal": False, "norm": "batchnorm"},
    "one head": {"n_head": 1, "position": "none", "norm": "none"},
}


def make(**config):
    return tiny_model(**{"n_head": 4, "n_embd": 32} | config)


def test_the_first_three_steps_are_the_running_mean():
    q = k = torch.zeros(3, 5)
    for name, step in averaging.four_steps(X, q, k).items():
        torch.testing.assert_close(step.output, torch.tensor(MEANS))
        expected = torch.tensor([[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]])
        torch.testing.assert_close(step.weights, expected, msg=name)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 2**31), st.floats(1e-3, 1e3))
def test_loop_and_matrices_agree_on_any_numbers(T, C, seed, size):
    x = torch.randn(T, C, generator=torch.Generator().manual_seed(seed)).double() * size
    loop = averaging.average_by_loop(x)
    for step in (averaging.average_by_matrix(x), averaging.average_by_softmax(x)):
        torch.testing.assert_close(step.output, loop, rtol=1e-12, atol=1e-12 * size)
    assert averaging.exact_mean(x, (T - 1, C - 1)) == pytest.approx(loop[-1, -1].item(), rel=1e-9)


def test_data_dependent_weights_are_torchs_own_attention():
    torch.manual_seed(0)
    q, k, x = torch.randn(5, 8), torch.randn(5, 8), torch.randn(5, 3)
    ours = averaging.average_by_data(q, k, x)
    truth = F.scaled_dot_product_attention(q[None], k[None], x[None], is_causal=True)[0]
    torch.testing.assert_close(ours.output, truth)
    assert ours.stages["masked"][0, 1] == -math.inf
    by_hand = math.exp(ours.stages["scores"][1, 0])
    by_hand /= by_hand + math.exp(ours.stages["scores"][1, 1])
    assert ours.weights[1, 0].item() == pytest.approx(by_hand)


def test_the_comparison_finds_the_place_that_allclose_minds():
    first = torch.tensor([[1.0, 100.0], [1e-4, 0.0]])
    second = torch.tensor([[1.0, 100.0005], [1.1e-4, 0.0]])
    found = averaging.compare(first, second)
    assert found.largest == pytest.approx(0.0005, rel=0.02)
    assert not found.close
    assert found.place == (1, 0)  # 100 may differ by 0.001
    assert found.allowed == pytest.approx(1e-8 + 1.1e-9)
    assert (found.first, found.second) == pytest.approx((1e-4, 1.1e-4))
    assert averaging.compare(first, first).close


def test_rounding_alone_can_make_allclose_say_no():
    x = torch.randn(128, 128, generator=torch.Generator().manual_seed(0))
    found = averaging.compare(averaging.average_by_loop(x), averaging.average_by_matrix(x).output)
    assert not found.close and found.largest < 1e-6
    assert abs(found.first - found.second) > found.allowed
    assert averaging.exact_mean(x, found.place) == pytest.approx(found.first, abs=1e-6)


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_a_head_by_hand_is_what_flowed_through_the_model(design):
    model = make(**design)
    head = model.config.n_head - 1
    view = averaging.view_head(model, IDS, 1, head)
    with record(model, "blocks.1.*") as kept:
        model(torch.tensor([IDS]))
    for name in ("q", "k", "v", "z"):
        torch.testing.assert_close(
            getattr(view, name), kept[f"blocks.1.{name}"][0, head], rtol=1e-4, atol=1e-5
        )
    torch.testing.assert_close(view.weights, kept["blocks.1.pattern"][0, head])
    assert view.error < 1e-4
    if model.config.causal:
        step = averaging.average_by_data(view.q, view.k, view.v)
        torch.testing.assert_close(step.output, view.z)


def test_a_wrong_projection_would_show_in_the_error(monkeypatch):
    model = make()
    right = averaging.project
    monkeypatch.setattr(averaging, "project", lambda attn, x, head: right(attn, x, (head + 1) % 4))
    assert averaging.view_head(model, IDS, 0, 0).error > 0.01


def test_sharpness_of_known_rows():
    even = averaging.sharpness(torch.zeros(2, 3, 3), 1.0, causal=True)
    assert even.entropy == pytest.approx((math.log(2) + math.log(3)) / 2)
    assert even.evenness == pytest.approx(1)
    assert even.largest == pytest.approx((1 / 2 + 1 / 3) / 2)
    one = averaging.sharpness(1000 * torch.eye(3), 1.0, causal=True)
    assert (one.entropy, one.evenness, one.largest) == pytest.approx((0, 0, 1), abs=1e-6)
    rows = torch.tensor([[math.log(4), 0.0], [0.0, math.log(4)]])  # shares 0.8 and 0.2
    free = averaging.sharpness(2 * rows, 2.0, causal=False)
    assert free.largest == pytest.approx(0.8)
    assert free.entropy == pytest.approx(-0.8 * math.log(0.8) - 0.2 * math.log(0.2))
    assert free.spread == pytest.approx(math.log(4) / 2)
    with pytest.raises(ValueError, match="at least two"):
        averaging.sharpness(torch.zeros(1, 1), 1.0, causal=True)


def test_variances_add():
    raw = averaging.random_scores(heads=20, T=64, D=32, seed=3)
    assert raw.shape == (20, 64, 64)
    assert raw.var().item() == pytest.approx(32, rel=0.05)
    assert torch.equal(raw, averaging.random_scores(20, 64, 32, seed=3))
    evenness = [averaging.sharpness(raw, d, True).evenness for d in (128**0.5, 32**0.5, 1.0)]
    assert evenness[0] > evenness[1] > evenness[2]
    spread = averaging.sharpness(raw, 32**0.5, True).spread
    assert spread == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_another_divisor_equals_smaller_queries(design):
    model = make(**design)
    D = model.config.head_dim
    idx = torch.tensor([IDS])
    truth = model(idx[:, :-1], idx[:, 1:])[1].item()
    same, other = averaging.losses_when_divided(model, IDS, [math.sqrt(D), 2 * math.sqrt(D)])
    assert same == pytest.approx(truth, rel=1e-5)
    with pytest.raises(ValueError, match="at least two"):
        averaging.losses_when_divided(model, IDS[:1], [1.0])
    if model.config.qk_norm:
        return
    smaller = copy.deepcopy(model)
    for block in smaller.blocks:  # the same as dividing by twice √D
        block.attn.qkv.weight.data[: model.config.n_embd] /= 2
        if block.attn.qkv.bias is not None:
            block.attn.qkv.bias.data[: model.config.n_embd] /= 2
    expected = smaller(idx[:, :-1], idx[:, 1:])[1].item()
    assert other == pytest.approx(expected, rel=1e-4)
    assert expected != pytest.approx(truth, rel=1e-4)
