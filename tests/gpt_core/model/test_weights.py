"""Weights in files: a quarter of the space for a little less precision."""

import pytest
import torch

from gpt_core.model.weights import WeightsError, load_tensors, quantize, save_tensors


def test_a_byte_keeps_each_weight_to_half_a_step_of_its_row(tmp_path):
    torch.manual_seed(0)
    rows = torch.logspace(-6, 6, 40)[:, None]  # large and tiny rows side by side
    tensors = {"matrix": torch.randn(40, 300) * rows, "vector": torch.randn(300)}
    tensors["matrix"][3] = 0.0
    save_tensors(tmp_path / "whole.safetensors", tensors, {})
    save_tensors(tmp_path / "small.safetensors", quantize(tensors), {"step": "7"})
    read, metadata = load_tensors(tmp_path / "small.safetensors", tensors)
    assert metadata == {"step": "7"} and read.keys() == tensors.keys()
    step = tensors["matrix"].abs().amax(dim=1, keepdim=True) / 127
    assert ((read["matrix"] - tensors["matrix"]).abs() <= 0.5001 * step + 1e-20).all()
    assert read["matrix"].dtype == torch.float32
    torch.testing.assert_close(read["vector"], tensors["vector"], rtol=1e-3, atol=1e-3)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("small", "whole")]
    assert sizes[0] < 0.3 * sizes[1]


def test_vectors_beyond_half_precision_survive(tmp_path):
    tensors = {"vector": torch.tensor([1e6, -2.0])}
    save_tensors(tmp_path / "v.safetensors", quantize(tensors), {})
    assert torch.equal(
        load_tensors(tmp_path / "v.safetensors", tensors)[0]["vector"], tensors["vector"]
    )


def test_bytes_without_their_scale_are_no_weights(tmp_path):
    tensors = {"matrix": torch.ones(2, 4), "count": torch.tensor(3)}
    save_tensors(tmp_path / "m.safetensors", tensors, {})
    assert load_tensors(tmp_path / "m.safetensors", tensors)[0]["count"] == 3
    save_tensors(tmp_path / "m.safetensors", tensors | {"matrix": torch.ones(2, 4).char()}, {})
    with pytest.raises(WeightsError, match="matrix is kept as I8 and has no scales"):
        load_tensors(tmp_path / "m.safetensors", tensors)


def test_a_scale_that_makes_numbers_too_large_is_refused(tmp_path):
    tensors = {"matrix": torch.ones(2, 4)}
    huge = quantize(tensors) | {"matrix.scale": torch.tensor([1.0, 3e38])}
    save_tensors(tmp_path / "m.safetensors", huge, {})
    with pytest.raises(WeightsError, match="matrix that is not finite"):
        load_tensors(tmp_path / "m.safetensors", tensors)


@pytest.mark.parametrize("scale", [torch.ones(3), torch.tensor([1.0, float("nan")])])
def test_scales_that_do_not_fit_are_refused(tmp_path, scale):
    tensors = {"matrix": torch.ones(2, 4)}
    save_tensors(tmp_path / "m.safetensors", quantize(tensors) | {"matrix.scale": scale}, {})
    with pytest.raises(WeightsError, match="matrix.scale"):
        load_tensors(tmp_path / "m.safetensors", tensors)
