"""Two tiny models, with and without the mask; and the measures, on models made by hand."""

import pytest
import torch
import torch.nn.functional as F

from gpt_core.jobs import JobError
from gpt_core.jobs import causal_mask as job
from tests.helpers import tiny_model

TINY = {"n_layer": 1, "n_head": 1, "n_embd": 16, "block_size": 16}


@pytest.fixture(scope="module")
def steps():
    """All that the job yields on tiny sizes; long enough for the copy to be found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "MODEL", TINY)
        patch.setattr(job, "WRITTEN", 12)
        return list(job.causal_mask(None, {"steps": 150}))


def test_the_curves_grow_and_the_result_comes_last(steps):
    assert [s.done for s in steps[:3]] == [1, 5, 10]
    assert all(s.total == 151 for s in steps) and steps[-1].done == 151
    assert steps[-2].value["models"] == {}
    value = steps[-1].value
    assert value["steps"][-1] == 150
    assert {len(curve) for curve in value["curves"].values()} == {len(value["steps"])}
    assert value["curves"]["mask"][0] == pytest.approx(value["curves"]["no mask"][0], rel=0.02)


def test_without_the_mask_the_loss_collapses_and_writing_fails(steps):
    value = steps[-1].value
    mask, free = value["models"]["mask"], value["models"]["no mask"]
    assert free["loss"] < mask["loss"] / 2
    assert free["hidden"] > mask["hidden"] + 1
    assert mask["hidden"] == pytest.approx(mask["loss"], abs=1e-3)
    assert mask["next"] == [[0.0]] and free["next"][0][0] > 0.5
    assert len(mask["text"]) == len(free["text"]) == 12


def test_both_start_from_the_same_weights():
    one, other = job.make_model(11, True), job.make_model(11, False)
    assert one.config.causal and not other.config.causal
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def model(causal):
    return tiny_model(**TINY, causal=causal)


def test_a_causal_model_loses_nothing_when_the_future_is_cut_off():
    x, y = torch.randint(11, (2, 5, 16), generator=torch.Generator().manual_seed(0))
    causal, free = model(True), model(False)
    whole = F.cross_entropy(causal(x)[0].transpose(1, 2), y, reduction="none").mean(dim=0)
    assert job.loss_by_length(causal, x, y) == pytest.approx(whole.tolist(), rel=1e-4)
    whole = F.cross_entropy(free(x)[0].transpose(1, 2), y, reduction="none").mean(dim=0)
    cut = job.loss_by_length(free, x, y)
    assert cut[-1] == pytest.approx(whole[-1].item(), rel=1e-4)  # nothing is left to cut
    assert cut[:-1] != pytest.approx(whole[:-1].tolist(), rel=0.01)


def test_attention_on_the_next_position_is_counted_there():
    free = model(False)
    attn = free.blocks[0].attn
    torch.nn.init.zeros_(attn.qkv.weight)
    torch.nn.init.zeros_(attn.qkv.bias)
    x = torch.randint(11, (2, 16))
    assert job.attention_on_next(free, x) == [[pytest.approx(1 / 16)]]  # all alike
    assert job.attention_on_next(model(True), x) == [[0.0]]


@pytest.mark.parametrize("steps", [0, 19, 401, "300", None])
def test_the_number_of_steps_is_bounded(steps):
    with pytest.raises(JobError, match="steps"):
        next(job.causal_mask(None, {"steps": steps}))
