"""Ways to compute a step: the same gradients, and memory as it should be."""

import pytest
import torch

from gpt_core.experiments import training_memory as ways
from gpt_core.experiments.training_memory import against
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT

DESIGNS = [{}, {"norm": "rmsnorm", "position": "rope", "activation": "swiglu", "bias": False}]


@pytest.fixture(params=DESIGNS, ids=["classic", "modern"])
def model(request):
    torch.manual_seed(0)
    sizes = {"block_size": 64, "n_layer": 3, "n_head": 2, "n_embd": 32}
    return GPT(GPTConfig(40, **sizes, **request.param)).eval()


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return torch.randint(40, (8, 64)), torch.randint(40, (8, 64))


@pytest.mark.parametrize("name", ["checkpointed", "explicit_attention", "in_parts"])
def test_the_same_gradients(model, batch, name):
    extra = (4,) if name == "in_parts" else ()
    other = getattr(ways, name)(model, batch, *extra)
    before = [p.clone() for p in model.parameters()]
    found = against(model, ways.whole_batch(model, batch), other, rounds=1)
    assert found.difference < 1e-4 and abs(found.loss) < 1e-5
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    plain, kept = found.kept
    if name == "checkpointed":  # of three blocks what goes into each, and one block at a time
        assert 0.3 * plain < kept < 0.65 * plain
    elif name == "explicit_attention":  # the pattern of 3 layers, 2 heads, 8 texts
        assert kept > plain + 0.4 * (3 * 2 * 8 * 64 * 64 * 4)
    assert len(found.speed) == 3


def test_parts_keep_a_part_at_a_time(model, batch):
    whole, parts = ways.whole_batch(model, batch), ways.in_parts(model, batch, 4)
    plain, kept = against(model, whole, parts, rounds=1).kept
    assert kept == pytest.approx(plain / 4, rel=0.05)


def test_the_gradient_is_that_of_the_mean_over_the_batch(model, batch):
    ways.in_parts(model, batch, 4)()
    ours = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    model(*batch)[1].backward()
    for mine, theirs in zip(ours, model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs.grad, rtol=1e-4, atol=1e-6)


def test_sixteen_bits_are_near_and_not_equal(model, batch):
    plain = ways.whole_batch(model, batch)
    found = against(model, plain, ways.in_bfloat16(model, batch), rounds=1)
    assert 1e-5 < found.difference < 0.2


def test_another_gradient_is_found_out(model, batch):
    other = ways.whole_batch(model, (batch[0], batch[1].flip(0)))
    assert against(model, ways.whole_batch(model, batch), other, rounds=1).difference > 0.01


def test_a_machine_without_a_compiler_is_no_error(model, batch, monkeypatch):
    def fail(_module):
        def forward(*_):
            raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found")

        return forward

    monkeypatch.setattr(torch, "compile", fail)
    assert ways.compiled(model, batch) is None


def test_a_compiled_model_is_timed(model, batch, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda module: module)
    found = ways.compiled(model, batch, rounds=2)
    assert found.difference == 0 and found.seconds > 0 and 0.2 < found.speed[0] < 5
