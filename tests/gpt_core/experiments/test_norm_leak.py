"""What moves a prediction: exactly nothing where it must not, except under BatchNorm."""

import pytest
import torch
import torch.nn.functional as F

from gpt_core.experiments.norm_leak import is_allowed, loss_in_mode, moved_by
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT

IDX = torch.randint(11, (3, 8), generator=torch.Generator().manual_seed(1))
PLACE = (1, 5)
TOKEN = int(IDX[PLACE] + 1) % 11


def make(norm, position="pre", **settings):
    torch.manual_seed(0)
    config = GPTConfig(
        vocab_size=11, block_size=8, n_layer=2, n_head=2, n_embd=16, norm=norm,
        norm_position=position, tie_weights=False, **settings,
    )  # fmt: skip
    model = GPT(config).eval()
    for parameter in model.parameters():
        if parameter.dim() == 2:
            parameter.data.mul_(8.0)
    return model


@pytest.mark.parametrize("position", ["pre", "post"])
@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm", "none"])
@pytest.mark.parametrize("train", [True, False])
def test_without_batchnorm_nothing_leaks_not_one_bit(norm, position, train):
    moved = moved_by(make(norm, position), IDX, PLACE, TOKEN, train)
    allowed = is_allowed(PLACE, 3, 8)
    assert (moved[~allowed] == 0).all()
    assert (moved[allowed] > 0).all()


@pytest.mark.parametrize("position", ["pre", "post"])
def test_batchnorm_leaks_in_training_mode_and_only_there(position):
    model, allowed = make("batchnorm", position), is_allowed(PLACE, 3, 8)
    assert (moved_by(model, IDX, PLACE, TOKEN, True) > 0).all()
    evaluated = moved_by(model, IDX, PLACE, TOKEN, False)
    assert (evaluated[~allowed] == 0).all() and (evaluated[allowed] > 0).all()


def test_a_model_that_is_not_causal_may_look_ahead():
    moved = moved_by(make("layernorm", causal=False), IDX, PLACE, TOKEN, False)
    assert (moved[1] > 0).all() and (moved[[0, 2]] == 0).all()


def test_the_model_is_left_as_it_was():
    model = make("batchnorm")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    moved_by(model, IDX, PLACE, TOKEN, True)
    loss_in_mode(model, IDX, IDX, True, 1)
    assert not model.training
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())


def test_batchnorm_forgets_a_token_that_is_alone():
    alone = IDX[:1, :1]
    other = (int(alone) + 1) % 11
    assert moved_by(make("batchnorm", position="post"), alone, (0, 0), other, True).item() == 0
    assert moved_by(make("layernorm"), alone, (0, 0), other, True).item() > 0


@pytest.mark.parametrize("norm", ["layernorm", "batchnorm"])
def test_the_loss_of_a_batch_together_and_one_by_one(norm):
    model, y = make(norm), IDX.roll(-1, dims=1)
    truth = F.cross_entropy(model(IDX)[0].flatten(0, 1), y.flatten()).item()
    assert loss_in_mode(model, IDX, y, False, 3) == pytest.approx(truth, rel=1e-5)
    assert loss_in_mode(model, IDX, y, False, 1) == pytest.approx(truth, rel=1e-5)
    together, alone = (loss_in_mode(model, IDX, y, True, n) for n in (3, 1))
    if norm == "layernorm":
        assert together == pytest.approx(alone, rel=1e-5)
    else:
        assert abs(together - alone) > 0.01
