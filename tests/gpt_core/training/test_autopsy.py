import math

import pytest
import torch

from gpt_core.model.observe import intervene, record, scale
from gpt_core.training.autopsy import EXPLODED, autopsy, first_not_finite, sizes
from tests.helpers import tiny_model

IDX = torch.tensor([[1, 2, 3, 4]])


@pytest.fixture
def model():
    return tiny_model()


def look(model, **changes):
    named = {name.replace("__", "."): change for name, change in changes.items()}
    with torch.no_grad(), intervene(model, named), record(model) as tensors:
        model(IDX)
    return tensors


def test_sizes_are_root_mean_squares_without_masked_scores(model):
    tensors = look(model)
    found = sizes(tensors)
    for name in ("embed", "blocks.1.mlp_out", "logits"):
        numbers = tensors[name].flatten().tolist()
        by_hand = math.sqrt(sum(x * x for x in numbers) / len(numbers))
        assert found[name] == pytest.approx(by_hand, rel=1e-5)
    kept = [x for x in tensors["blocks.0.scores"].flatten().tolist() if x != -math.inf]
    assert len(kept) == 2 * 10
    by_hand = math.sqrt(sum(x * x for x in kept) / len(kept))
    assert found["blocks.0.scores"] == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(
    "place", ["embed", "blocks.0.v", "blocks.0.mlp_pre", "blocks.1.attn_out", "logits"]
)
@pytest.mark.parametrize("by", [1.5 * EXPLODED, math.nan, math.inf])
def test_a_planted_break_is_named(model, place, by):
    healthy = sizes(look(model))
    broken = look(model, **{place.replace(".", "__"): scale(by)})
    finding = autopsy(healthy, sizes(broken))
    assert finding.broken and finding.name == place
    assert finding.before == pytest.approx(healthy[place])
    if math.isfinite(by):
        assert finding.times == pytest.approx(by, rel=1e-4)
        assert first_not_finite(broken) is None
    else:
        assert finding.after == math.inf and first_not_finite(broken) == place


def test_without_a_break_the_one_that_grew_most_is_named(model):
    healthy = sizes(look(model))
    finding = autopsy(healthy, sizes(look(model, logits=scale(0.9 * EXPLODED))))
    assert not finding.broken
    assert finding.name == "logits" and finding.times == pytest.approx(0.9 * EXPLODED)


def test_a_tensor_that_was_zero_has_nothing_to_be_compared_with(model):
    healthy = sizes(look(model)) | {"embed": 0.0}
    finding = autopsy(healthy, sizes(look(model, logits=scale(2.0))))
    assert (finding.name, finding.broken) == ("logits", False)


def test_scores_may_be_minus_infinity_and_nothing_else(model):
    minus = torch.tensor([1.0, -math.inf])
    assert first_not_finite({"blocks.0.scores": minus}) is None
    assert first_not_finite({"blocks.0.scores": minus, "logits": minus}) == "logits"
    assert first_not_finite({"blocks.0.scores": -minus}) == "blocks.0.scores"
