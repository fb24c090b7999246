"""Runs that differ in one vector: each is what the whole model gives when that vector is put in."""

import pytest
import torch

from gpt_core.interpret.variants import KEPT, run_variants
from gpt_core.model import recording
from gpt_core.model.observe import intervene
from tests.gpt_core.designs import DESIGNS, IDS, make_model


@pytest.mark.parametrize("design", DESIGNS)
def test_each_variant_is_the_whole_model_with_that_vector(design):
    model = make_model(design)
    L, C = model.config.n_layer, model.config.n_embd
    known = recording.run(model, IDS, *KEPT)
    positions = [5, 0, 7, 5]
    vectors = 2 * torch.randn(len(positions), C, generator=torch.Generator().manual_seed(3))

    def put_in(position, vector):
        def change(x):
            x = x.clone()
            x[0, position] = vector
            return x

        return change

    for layer in range(L + 1):
        place = f"blocks.{layer}.resid_pre" if layer < L else f"blocks.{L - 1}.resid_post"
        read = run_variants(model, known, layer, positions, vectors)
        for run, (position, vector) in enumerate(zip(positions, vectors, strict=True)):
            with intervene(model, {place: put_in(position, vector)}):
                logits = model(torch.tensor([IDS]))[0][0, -1]
            torch.testing.assert_close(model.lm_head(read[run]), logits, rtol=1e-4, atol=1e-4)
