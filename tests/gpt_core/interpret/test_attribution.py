"""Every part's share of a logit: it adds up, in all designs, and is what the part is worth."""

import dataclasses

import pytest
import torch

from gpt_core.interpret import variants
from gpt_core.interpret.attribution import KEPT, attribute
from gpt_core.model.observe import intervene, record, replace, zero, zero_heads
from gpt_core.model.recording import run
from tests.gpt_core.designs import DESIGNS, IDS, make_model


@pytest.fixture(params=DESIGNS)
def model(request):
    return make_model(request.param)


def trace(model):
    return run(model, IDS, *KEPT, *variants.KEPT)


@pytest.mark.parametrize(
    "versus", [{}, {"against": 7}, {"average": True}], ids=["alone", "against", "average"]
)
@pytest.mark.parametrize("position", [0, 7])
def test_the_parts_add_up_to_the_logit_that_the_model_computes(model, position, versus):
    seen = trace(model)
    shares = attribute(model, seen, position, 4, **versus)
    logits = model(torch.tensor([IDS]))[0][0, position]
    expected = logits[4] - (logits.mean() if "average" in versus else 0)
    expected = expected - (logits[7] if "against" in versus else 0)
    assert shares.logit == pytest.approx(expected.item(), abs=1e-4)
    assert abs(shares.total - shares.logit) < 1e-4
    by_branch = sum(branch.logit for branch in shares.branches) + shares.constant
    assert by_branch == pytest.approx(shares.total, abs=1e-4)


def test_a_share_is_what_the_logit_loses_without_the_part_at_fixed_scales(model):
    """Independent of the directions: the model itself is run with the part missing at the end.

    The part is left out of the last position only after all branches have run, so that no other
    part changes; the norms after it keep the scale of the real pass.
    """
    seen, post = trace(model), model.config.norm_position == "post"
    last, layer = seen.stream[-1].clone(), model.config.n_layer - 1
    mlp = seen[f"blocks.{layer}.mlp_out"]
    if post:
        block = model.blocks[layer]
        fixed = {"scale": replace(seen[f"blocks.{layer}.norm2.scale"][None])}
        with record(model, f"blocks.{layer}.resid_mid") as kept:
            model(torch.tensor([IDS]))
        with intervene(block.norm2, fixed):
            without = block.norm2(kept[f"blocks.{layer}.resid_mid"])
            whole = block.norm2(kept[f"blocks.{layer}.resid_mid"] + mlp)
        logits = model.lm_head(without)[0, -1], model.lm_head(whole)[0, -1]
    else:
        fixed = {"norm_f.scale": replace(seen["norm_f.scale"][None])}
        with intervene(model, fixed):
            without = model.lm_head(model.norm_f((last - mlp)[None]))
            whole = model.lm_head(model.norm_f(last[None]))
        logits = without[0, -1], whole[0, -1]
    share = attribute(model, seen, len(IDS) - 1, 4).branches[-1]
    assert share.name == f"blocks.{layer}.mlp_out"
    assert share.logit == pytest.approx((logits[1] - logits[0])[4].item(), abs=1e-4)
    assert share.length == pytest.approx(mlp[-1].norm().item(), rel=1e-5)


@pytest.mark.parametrize("design", ["layernorm with bias", "no norm", "post-norm"])
def test_heads_and_bias_are_what_removing_them_takes_from_attention(design):
    model = make_model(design)
    seen = trace(model)
    shares = attribute(model, seen, 7, 2)
    for layer in range(model.config.n_layer):
        whole = shares.heads[layer].sum() + shares.attention_bias[layer]
        name = f"blocks.{layer}.attn_out"
        branch = next(each for each in shares.branches if each.name == name)
        assert float(whole) == pytest.approx(branch.logit, abs=1e-5)
    # In the last layer nothing comes after that could change when a head is silent.
    name = f"blocks.{layer}.attn_out"
    with intervene(model, {f"blocks.{layer}.z": zero_heads(1)}):
        lost = seen[name] - trace(model)[name]
    only = attribute(model, dataclasses.replace(seen, tensors=seen.tensors | {name: lost}), 7, 2)
    direct = next(each.logit for each in only.branches if each.name == name)
    assert float(shares.heads[layer, 1]) == pytest.approx(direct, abs=1e-5)


def test_without_norms_a_share_is_the_plain_product_with_the_output_row():
    model = make_model("no norm")
    seen = trace(model)
    shares = attribute(model, seen, 5, 9)
    row = model.lm_head.weight[9]
    expected = [seen["embed"][5] @ row]
    for attention, mlp in zip(
        seen.layers("attn_out")[:, 5], seen.layers("mlp_out")[:, 5], strict=True
    ):
        expected += [attention @ row, mlp @ row]
    assert [b.logit for b in shares.branches] == pytest.approx(torch.stack(expected).tolist())
    cosine = torch.nn.functional.cosine_similarity(seen["embed"][5], row, dim=0)
    assert shares.branches[0].cosine == pytest.approx(cosine.item(), abs=1e-5)
    assert shares.constant == 0.0


def test_layernorm_by_hand():
    """The embedding's share, number by number, in plain Python."""
    model = make_model("layernorm with bias")
    seen = trace(model)
    x, row = seen["embed"][6].tolist(), model.lm_head.weight[3].tolist()
    gain, bias = model.norm_f.weight.tolist(), model.norm_f.bias.tolist()
    stream = seen.stream[-1, 6].tolist()
    C = len(stream)
    mean = sum(stream) / C
    scale = (sum((value - mean) ** 2 for value in stream) / C + model.norm_f.eps) ** 0.5
    own = sum(x) / C
    share = sum(row[c] * gain[c] * (x[c] - own) / scale for c in range(C))
    shares = attribute(model, seen, 6, 3)
    assert shares.branches[0].logit == pytest.approx(share, abs=1e-6)
    assert shares.constant == pytest.approx(sum(row[c] * bias[c] for c in range(C)), abs=1e-6)


def test_a_silent_branch_has_no_share_and_no_direction():
    model = make_model("layernorm with bias")
    with intervene(model, {"blocks.1.mlp_out": zero}):
        seen = trace(model)
    silent = {b.name: b for b in attribute(model, seen, 7, 0).branches}["blocks.1.mlp_out"]
    assert (silent.length, silent.cosine, silent.logit) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("place", [(8, 0), (-1, 0), (0, 11), (0, -1)])
def test_a_place_that_does_not_exist_is_refused_in_words(place):
    model = make_model("layernorm with bias")
    with pytest.raises(ValueError, match="8 positions and 11 tokens"):
        attribute(model, trace(model), *place)
