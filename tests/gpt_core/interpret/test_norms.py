import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gpt_core.interpret.norms import (
    find_norm,
    mean_and_std,
    norm_names,
    normalize_by_hand,
    rescale_input,
    rescale_stream,
    size_at_scales,
    trace_norms,
)
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.norms import BatchNorm, LayerNorm, NoNorm, RMSNorm

IDS = (3, 1, 4, 1, 5, 9, 2)
KINDS = ("layernorm", "rmsnorm", "batchnorm", "none")


def make(norm: str = "layernorm", position: str = "pre", **settings) -> GPT:
    """A small model whose γ and β are not 1 and 0, with tensors as large as in a trained one."""
    torch.manual_seed(0)
    shape = {"vocab_size": 11, "block_size": 8, "n_layer": 2, "n_head": 2, "n_embd": 16}
    shape["tie_weights"] = False
    config = GPTConfig(**(shape | {"norm": norm, "norm_position": position} | settings))
    model = GPT(config).eval().requires_grad_(False)
    model.wte.weight.mul_(40.0)
    model.lm_head.weight.mul_(20.0)
    for block in model.blocks:
        block.attn.proj.weight.mul_(30.0)
        block.mlp.down.weight.mul_(30.0)
    for module in model.modules():
        if isinstance(module, LayerNorm | RMSNorm | BatchNorm):
            module.weight.uniform_(0.5, 2.0)
            if module.bias is not None:
                module.bias.uniform_(-1.0, 1.0)
        if isinstance(module, BatchNorm):
            module.running_mean.uniform_(-1.0, 1.0)
            module.running_var.uniform_(0.5, 2.0)
    return model


EVERY_MODEL = [(norm, position) for norm in KINDS for position in ("pre", "post")]


def test_layer_norm_by_hand_on_numbers_worked_out_on_paper():
    norm = LayerNorm(4, eps=0.0)
    norm.weight.data = torch.tensor([1.0, 2.0, 1.0, 1.0])
    norm.bias.data = torch.tensor([0.0, 0.0, 0.0, 10.0])
    hand = normalize_by_hand(norm, [1.0, 2.0, 3.0, 6.0])
    # The mean is 12 / 4, the squares are 4, 1, 0 and 9.
    assert hand.mean == [3.0] * 4
    assert hand.centered == [-2.0, -1.0, 0.0, 3.0]
    assert hand.variance == [3.5] * 4
    assert hand.scale == pytest.approx([1.8708287] * 4)
    assert hand.normalized == pytest.approx([-1.0690450, -0.5345225, 0.0, 1.6035675])
    assert hand.result == pytest.approx([-1.0690450, -1.0690450, 0.0, 11.6035675])


def test_rms_norm_by_hand_subtracts_no_mean():
    hand = normalize_by_hand(RMSNorm(2, eps=0.0), [3.0, 4.0])
    assert hand.mean == [0.0, 0.0]
    assert hand.variance == [12.5, 12.5]
    assert hand.result == pytest.approx([3 / 12.5**0.5, 4 / 12.5**0.5])
    assert hand.bias == [0.0, 0.0]


def test_batch_norm_by_hand_uses_the_running_averages_of_each_channel():
    norm = BatchNorm(2, eps=0.0).eval()
    norm.running_mean[:] = torch.tensor([1.0, -1.0])
    norm.running_var[:] = torch.tensor([4.0, 0.25])
    hand = normalize_by_hand(norm, [5.0, 0.0])
    assert hand.normalized == [2.0, 2.0]


def test_no_norm_by_hand_changes_nothing():
    assert normalize_by_hand(NoNorm(), [0.5, -7.0, 3.0]).result == [0.5, -7.0, 3.0]


@given(st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=40))
@settings(max_examples=60, deadline=None)
def test_layer_norm_by_hand_equals_pytorchs_own(values):
    torch.manual_seed(len(values))
    truth = nn.LayerNorm(len(values), eps=1e-5)
    nn.init.uniform_(truth.weight, 0.5, 2.0)
    nn.init.uniform_(truth.bias, -1.0, 1.0)
    norm = LayerNorm(len(values))
    norm.load_state_dict(truth.state_dict())
    expected = truth.double()(torch.tensor(values, dtype=torch.float64))
    assert normalize_by_hand(norm, values).result == pytest.approx(expected.tolist(), abs=1e-6)


@pytest.mark.parametrize(("norm", "position"), EVERY_MODEL)
def test_by_hand_equals_every_module_of_the_model(norm, position):
    model = make(norm, position)
    trace = trace_norms(model, IDS)
    for name in norm_names(model):
        record = trace.norms[name]
        hand = normalize_by_hand(find_norm(model, name), record.before[-1].tolist())
        module = find_norm(model, name)(record.before[None])[0, -1]
        assert hand.result == pytest.approx(module.tolist(), abs=2e-5)
        assert hand.result == pytest.approx(record.after[-1].tolist(), abs=2e-5)
        assert hand.normalized == pytest.approx(record.normalized[-1].tolist(), abs=2e-5)


@pytest.mark.parametrize(("norm", "position"), EVERY_MODEL)
def test_trace_sees_what_the_norms_of_a_forward_pass_really_read_and_return(norm, position):
    model = make(norm, position)
    seen = {}
    for name in norm_names(model):

        def keep(_module, args, output, name=name):
            seen[name] = (args[0][0], output[0])

        model.get_submodule(name).register_forward_hook(keep)
    with torch.no_grad():
        logits, _ = model(torch.tensor([IDS]))
    for name, record in trace_norms(model, IDS).norms.items():
        torch.testing.assert_close(record.before, seen[name][0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(record.after, seen[name][1], atol=1e-5, rtol=1e-5)
    expected = logits[0, -1].softmax(dim=-1)
    torch.testing.assert_close(trace_norms(model, IDS).probabilities, expected)


def test_names_come_in_the_order_of_the_model():
    names = ["blocks.0.norm1", "blocks.0.norm2", "blocks.1.norm1", "blocks.1.norm2"]
    assert norm_names(make(position="pre")) == [*names, "norm_f"]
    assert norm_names(make(position="post")) == names
    assert list(trace_norms(make(), IDS).norms) == [*names, "norm_f"]


def test_an_unknown_norm_is_named_in_the_message():
    with pytest.raises(ValueError, match=r"No norm is called 'norm_f'.*blocks\.1\.norm2"):
        find_norm(make(position="post"), "norm_f")


def test_statistics_are_those_of_torch_across_channels():
    x = torch.tensor([[1.0, 2.0, 3.0, 6.0], [5.0, 5.0, 5.0, 5.0]])
    mean, std = mean_and_std(x)
    assert mean.tolist() == [3.0, 5.0]
    assert std.tolist() == pytest.approx([3.5**0.5, 0.0])


def test_layer_norm_leaves_mean_0_and_deviation_1_for_every_token_at_every_place():
    for record in trace_norms(make(), IDS).norms.values():
        mean, std = mean_and_std(record.normalized)
        torch.testing.assert_close(mean, torch.zeros(len(IDS)), atol=1e-5, rtol=0)
        torch.testing.assert_close(std, torch.ones(len(IDS)), atol=1e-3, rtol=0)


@pytest.mark.parametrize("norm", ["layernorm", "none"])
def test_the_stream_is_the_embedding_plus_what_the_branches_added(norm):
    model = make(norm)
    trace = trace_norms(model, IDS)
    idx = torch.tensor(IDS)
    start = (model.wte(idx) + model.wpe(torch.arange(len(IDS)))).norm(dim=-1)
    torch.testing.assert_close(trace.stream[0], start)
    first = trace.norms["blocks.0.norm1"].before
    branch = model.blocks[0].attn(model.blocks[0].norm1(first[None]))[0]
    torch.testing.assert_close(trace.added[0], branch.norm(dim=-1))
    torch.testing.assert_close(trace.stream[1], (first + branch).norm(dim=-1))
    assert trace.stream.shape == (5, len(IDS))
    assert trace.added.shape == (4, len(IDS))


@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm"])
@pytest.mark.parametrize("factor", [10.0, 1000.0])
def test_a_larger_input_changes_a_norms_result_only_by_epsilon(norm, factor):
    model = make(norm)
    trace = trace_norms(model, IDS)
    for name, record in trace.norms.items():
        again = rescale_input(model, IDS, trace, name, factor)
        # ε = 1e-5 against a variance of about 0.6: at most 1e-5 of the result.
        torch.testing.assert_close(again.output, record.after, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(again.probabilities, trace.probabilities, atol=1e-4, rtol=0)


def test_epsilon_shows_when_the_input_is_tiny():
    norm = LayerNorm(4)
    x = torch.tensor([1.0, 2.0, 3.0, 6.0])  # variance 3.5
    sizes = size_at_scales(norm, x, [1e-3, 1.0, 1e3])
    expected = [a * 3.5**0.5 / (a * a * 3.5 + 1e-5) ** 0.5 for a in (1e-3, 1.0, 1e3)]
    assert sizes == pytest.approx(expected, rel=1e-4)
    assert sizes[0] < 0.6  # ε is three times the variance there


def test_other_norms_answer_a_scale_in_their_own_way():
    x = torch.tensor([1.0, -1.0])
    batch_norm = BatchNorm(2, eps=0.0).eval()
    batch_norm.running_mean[:] = torch.tensor([1.0, 1.0])
    assert size_at_scales(NoNorm(), x, [1.0, 10.0]) == pytest.approx([1.0, 10.0])
    assert size_at_scales(RMSNorm(2, eps=0.0), x, [1.0, 10.0]) == pytest.approx([1.0, 1.0])
    # (10 - 1, -10 - 1) and (1 - 1, -1 - 1)
    expected = [2.0**0.5, ((81 + 121) / 2) ** 0.5]
    assert size_at_scales(batch_norm, x, [1.0, 10.0]) == pytest.approx(expected)


@pytest.mark.parametrize("norm", ["none", "batchnorm"])
def test_without_a_norm_across_channels_the_prediction_does_care(norm):
    model = make(norm)
    trace = trace_norms(model, IDS)
    again = rescale_input(model, IDS, trace, "norm_f", 3.0)
    expected = model.lm_head(model.norm_f(3.0 * trace.norms["norm_f"].before[None]))
    torch.testing.assert_close(again.probabilities, expected[0, -1].softmax(dim=-1))
    assert (again.probabilities - trace.probabilities).abs().max() > 0.01


@pytest.mark.parametrize(("norm", "position"), EVERY_MODEL)
def test_a_factor_of_one_changes_nothing(norm, position):
    model = make(norm, position)
    trace = trace_norms(model, IDS)
    for name in norm_names(model):
        again = rescale_input(model, IDS, trace, name, 1.0)
        torch.testing.assert_close(again.probabilities, trace.probabilities)
        torch.testing.assert_close(again.output, trace.norms[name].after, atol=1e-5, rtol=1e-5)


def test_scaling_the_stream_matters_unless_only_the_last_norm_reads_it():
    model = make()
    before = trace_norms(model, IDS).probabilities
    last = rescale_stream(model, IDS, "norm_f", 100.0)
    torch.testing.assert_close(last, before, atol=1e-4, rtol=0)
    inside = rescale_stream(model, IDS, "blocks.1.norm2", 100.0)
    # By hand: the stream times 100, plus what the MLP adds at its usual size.
    stream = trace_norms(model, IDS).norms["blocks.1.norm2"].before[None] * 100.0
    stream = stream + model.blocks[1].mlp(model.blocks[1].norm2(stream))
    expected = model.lm_head(model.norm_f(stream))[0, -1].softmax(dim=-1)
    torch.testing.assert_close(inside, expected)
    assert (inside - before).abs().max() > 1e-3
    assert rescale_stream(model, IDS, "blocks.1.norm1", 1.0).tolist() == pytest.approx(
        before.tolist(), abs=1e-6
    )


def test_a_post_norm_model_has_no_stream_beside_the_norm():
    with pytest.raises(ValueError, match="post-norm"):
        rescale_stream(make(position="post"), IDS, "blocks.0.norm1", 2.0)


@pytest.mark.parametrize("norm", KINDS)
def test_one_token_and_no_bias_work(norm):
    model = make(norm, bias=False)
    trace = trace_norms(model, (5,))
    assert trace.stream.shape == (5, 1)
    hand = normalize_by_hand(find_norm(model, "norm_f"), trace.norms["norm_f"].before[0].tolist())
    assert hand.bias == [0.0] * 16
    assert hand.result == pytest.approx(trace.norms["norm_f"].after[0].tolist(), abs=2e-5)
