"""What is timed is what it says: the same tokens, the right bytes."""

import pytest
import torch

from gpt_core.compression.rounding import GRIDS, as_stored, round_model
from gpt_core.experiments.decode_speed import (
    cache_bytes,
    cache_times,
    read_for_a_token,
    waits,
    writer,
    writer_without_cache,
)
from gpt_core.generate.decoder import Decoder
from gpt_core.model.weights import weights
from tests.helpers import tiny_model


def test_both_write_the_same_tokens_as_often_as_asked():
    model = tiny_model(block_size=16)
    write, again = writer(model, [1, 2, 3], 10), writer_without_cache(model, [1, 2, 3], 10)
    first = write()
    assert len(first) == 10 and first == write() == again()


def test_a_cache_by_hand_and_as_it_lies_in_memory():
    config = tiny_model().config  # 2 layers, 2 heads, 8 wide each, 8 tokens
    assert cache_bytes(config) == 2 * 2 * 16 * 4
    assert cache_bytes(config, 8) == Decoder(tiny_model()).rows.nbytes * 2 // 3
    assert cache_bytes(config, 8, key_heads=1) == cache_bytes(config, 8) / 2


@pytest.mark.parametrize("position", [1, 8])
def test_times_of_the_first_and_the_last_place(position):
    times = cache_times(tiny_model(), position, rounds=2)
    assert all(second > 0 for own in times.seconds for second in own)


def test_what_a_token_reads():
    tied = tiny_model()
    everything = sum(t.nbytes for t in weights(tied).values())
    assert read_for_a_token(weights(tied), tied.config) == everything - tied.wpe.weight.nbytes
    untied = tiny_model(tie_weights=False)
    read = read_for_a_token(weights(untied), untied.config)
    assert read == everything - tied.wpe.weight.nbytes  # the table is left out, the layer not
    small = as_stored(tied, round_model(tied, GRIDS["int4 in groups"]))
    assert read_for_a_token(small, tied.config) < read / 3


def test_waits_are_those_of_three_kinds():
    found = waits(tiny_model(n_embd=32, n_head=1), rate=1e9, steps=4, rounds=2)
    assert [wait.name for wait in found] == ["float32", "int8 per channel", "int4 in groups"]
    assert found[0].nbytes > 2 * found[1].nbytes > 2 * found[2].nbytes
    assert all(wait.seconds > 0 and wait.floor == wait.nbytes / 1e9 for wait in found)


def test_writing_leaves_no_gradients():
    model = tiny_model()
    writer(model, [1], 3)()
    assert all(p.grad is None for p in model.parameters())
    assert torch.is_grad_enabled()
