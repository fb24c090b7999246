"""The table of parameters adds up, for every design, and agrees with published models."""

import pytest

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.parameters import PUBLISHED, parameter_table
from tests.gpt_core.designs import DESIGNS


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_the_totals_are_the_models_own_count(design):
    config = GPTConfig(**({"vocab_size": 50, "block_size": 16, "n_embd": 32} | design))
    table = parameter_table(config)
    assert sum(row.total for row in table) == GPT(config).num_parameters()
    for row in table:
        if row.times > 1 and row.part != "norms":
            assert row.each * row.times == row.total


def test_gpt_2_counted_by_hand():
    config = GPTConfig(vocab_size=50_257, block_size=1024, n_layer=12, n_head=12, n_embd=768)
    table = {row.part: row for row in parameter_table(config)}
    assert table["token embeddings"].total == 50_257 * 768
    assert table["position embeddings"].total == 1024 * 768
    assert table["attention: queries, keys, values"].total == 12 * (768 * 3 * 768 + 3 * 768)
    assert table["MLP: up"].shape == "3,072 × 768"
    assert "output layer" not in table  # tied
    assert sum(row.total for row in table.values()) == PUBLISHED[0].parameters


def test_the_bundled_models_norms_count_the_last_one():
    config = GPTConfig(vocab_size=2048, n_layer=4, n_head=4, n_embd=128, position="rope")
    norms = {row.part: row for row in parameter_table(config)}["norms"]
    assert (norms.each, norms.times, norms.total) == (4 * 128, 4, 4 * 4 * 128 + 2 * 128)
