"""Weights as small whole numbers: by hand, against torch's own, and for every matrix."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gpt_core.compression.rounding import (
    GRIDS,
    Grid,
    as_stored,
    nbytes,
    nearest,
    relative_error,
    round_model,
)
from gpt_core.model.codes import GROUP, decode, pack, spread, unpack
from gpt_core.model.gpt import GPT
from gpt_core.model.weights import WeightsError, load_tensors, save_tensors, weights
from tests.helpers import tiny_model

finite = st.floats(-1e4, 1e4, width=32)
matrices = st.tuples(st.integers(1, 6), st.integers(1, 70)).flatmap(
    lambda shape: arrays("float32", shape, elements=finite)
)


def test_a_row_by_hand():
    weight = torch.tensor([[1.27, -0.5, 0.004, 0.006], [0.0, 0.0, 0.0, 0.0]])
    rounded = nearest(weight, GRIDS["int8 per channel"])
    assert rounded.codes.tolist() == [[127, -50, 0, 1], [0, 0, 0, 0]]
    assert rounded.scale[0] == pytest.approx(0.01)
    torch.testing.assert_close(rounded.weight()[0], torch.tensor([1.27, -0.5, 0.0, 0.01]))
    four = nearest(torch.tensor([[7.0, -7.0, 0.4, 3.6]]), GRIDS["int4 in groups"])
    assert four.codes.tolist() == [[7, -7, 0, 4]] and four.scale.tolist() == [[1.0]]


@pytest.mark.filterwarnings("ignore:torch.quantize_per")  # deprecated, and still the reference
@pytest.mark.parametrize("per", ["tensor", "channel"])
def test_codes_are_those_of_torch(per):
    weight = torch.randn(12, 40, generator=torch.Generator().manual_seed(0))
    ours = nearest(weight, Grid(8, per))
    if per == "tensor":
        theirs = torch.quantize_per_tensor(weight, float(ours.scale), 0, torch.qint8)
    else:
        zeros = torch.zeros(12, dtype=torch.long)
        theirs = torch.quantize_per_channel(weight, ours.scale.double(), zeros, 0, torch.qint8)
    assert torch.equal(ours.codes, theirs.int_repr())
    torch.testing.assert_close(ours.weight(), theirs.dequantize(), rtol=1e-6, atol=1e-7)


@given(matrices)
def test_every_weight_is_within_half_a_step_of_itself(array):
    weight = torch.from_numpy(array)
    for grid in GRIDS.values():
        rounded = nearest(weight, grid)
        assert rounded.codes.abs().max() <= grid.largest
        step = spread(rounded.scale, weight.shape[1]).expand(weight.shape)
        slack = 1e-5 * weight.abs().max() + 1e-12
        # A scale of 16 bits may end a little before the largest weight.
        short = 0.5 + (grid.largest / 256 if grid.per == "group" else 0)
        assert ((rounded.weight() - weight).abs() <= short * step + slack).all()
        if grid.per != "group":
            again = nearest(rounded.weight(), grid)
            assert (again.weight() - rounded.weight()).abs().max() <= slack


@given(arrays("int8", st.tuples(st.integers(1, 5), st.integers(1, 20).map(lambda n: 2 * n)),
              elements=st.integers(-8, 7)))  # fmt: skip
def test_two_codes_in_a_byte_come_back(array):
    codes = torch.from_numpy(array)
    stored = pack(codes)
    assert stored.dtype == torch.uint8 and stored.nbytes == codes.numel() / 2
    assert torch.equal(unpack(stored), codes)


def test_the_left_code_lies_in_the_low_half_of_the_byte():
    assert pack(torch.tensor([[-8, 7, 0, -1]], dtype=torch.int8)).tolist() == [[0xF0, 0x78]]


def test_an_outlier_harms_only_those_that_share_its_scale():
    weight = torch.full((4, 2 * GROUP), 0.01)
    weight[0, 0] = 100.0
    tensor, channel, group = (nearest(weight, grid).weight() for grid in GRIDS.values())
    assert (tensor == weight).sum() < 2 and tensor[3].abs().max() == 0
    assert channel[0, 1] == 0 and torch.allclose(channel[1:], weight[1:])
    assert group[0, 1] == 0 and torch.allclose(group[0, GROUP:], weight[0, GROUP:], rtol=0.01)


def test_the_error_by_hand():
    assert relative_error(torch.tensor([[3.0, 4.0]]), torch.tensor([[3.0, 3.0]])) == pytest.approx(
        0.2
    )
    assert relative_error(torch.zeros(2, 2), torch.zeros(2, 2)) == 0


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("width", [16, 24, 15])
def test_a_file_keeps_codes_and_gives_the_weights_back(tmp_path, name, width):
    model = tiny_model(n_embd=width, n_head=1, position="learned")
    codes = round_model(model, GRIDS[name])
    stored = as_stored(model, codes)
    save_tensors(tmp_path / "m.safetensors", stored, {})
    read, _ = load_tensors(tmp_path / "m.safetensors", weights(model))
    for path, tensor in weights(model).items():
        wanted = codes[path].weight() if path in codes else tensor
        torch.testing.assert_close(read[path], wanted)
        assert (path in codes) == (tensor.dim() == 2)


def test_bytes_by_hand():
    model = GPT(tiny_model(n_embd=64, vocab_size=64, bias=False, n_layer=1).config)
    matrices = sum(p.numel() for p in model.parameters() if p.dim() == 2)
    rest, rows = model.num_parameters() - matrices, sum(
        len(p) for p in model.parameters() if p.dim() == 2
    )  # fmt: skip
    sizes = {n: nbytes(as_stored(model, round_model(model, g))) for n, g in GRIDS.items()}
    assert sizes["int8 per tensor"] == matrices + 4 * rest + 4 * 6  # wte, wpe, four in the block
    assert sizes["int8 per channel"] == matrices + 4 * rest + 4 * rows
    assert sizes["int4 in groups"] == matrices / 2 + 4 * rest + 2 * matrices / GROUP


def test_halves_of_bytes_need_their_scales_and_their_shape(tmp_path):
    path, expected = tmp_path / "m.safetensors", {"m": torch.ones(2, 4)}
    good = nearest(expected["m"], GRIDS["int4 in groups"])
    stored = {"m": good.stored(), "m.scale": good.scale}
    save_tensors(path, stored, {})
    torch.testing.assert_close(load_tensors(path, expected)[0]["m"], good.weight())
    for wrong in (
        {"m": good.stored()},
        stored | {"m.scale": torch.ones(2, 2)},
        stored | {"m": torch.ones(2, 4, dtype=torch.uint8)},
        stored | {"m": torch.ones(2, 3, dtype=torch.uint8)},
    ):
        save_tensors(path, wrong, {})
        with pytest.raises(WeightsError):
            load_tensors(path, expected)
    odd = {"m": torch.ones(2, 3)}
    save_tensors(path, {"m": torch.ones(2, 3, dtype=torch.uint8), "m.scale": torch.ones(2)}, {})
    with pytest.raises(WeightsError, match="kept as U8"):
        load_tensors(path, odd)


def test_what_a_file_says_is_what_the_codes_say():
    codes = torch.tensor([[1, -2, 3]], dtype=torch.int8)
    for scale in (torch.tensor(0.5), torch.tensor([0.5]), torch.tensor([[0.5]])):
        assert decode(codes, scale).tolist() == [[0.5, -1.0, 1.5]]
