from functools import partial

import pytest
import torch

from gpt_core.bundled import bundled_run_path
from gpt_core.experiments.norm_axes import averaged_with, stream_block
from gpt_core.experiments.norm_surgery import multiply_stream
from gpt_core.training.run import Run
from pages.normalization.race import FREE, RACES, final_losses
from pages.normalization.recorded import COMPARED, FROZEN
from tests.helpers import metrics, said
from ui.app.job_panel import recorded_result
from ui.show.numbers import tidy

PROMPT = "OTTO: A duck? It was wet."


@pytest.fixture
def open_page(open_lesson):
    return partial(open_lesson, "normalization", prompt=PROMPT)


def test_the_axis_picture_and_the_surgery_show_the_loaded_models_numbers(open_page):
    app = open_page()
    run = Run.open(bundled_run_path())
    model, ids = run.load_model(), run.tokenizer().encode(PROMPT)
    block, _ = stream_block(model, ids)
    app.segmented_control(key="norms_axes").set_value("batchnorm").run()
    assert not app.exception
    cell = (0, block.shape[1] // 2, 2)
    mine = torch.nn.BatchNorm1d(6)(block.flatten(0, 1)).view_as(block)[cell].item()
    assert averaged_with("batchnorm", block, cell).normalized == pytest.approx(mine, abs=1e-5)
    assert f"**{tidy(averaged_with('batchnorm', block, cell).normalized)}**" in said(app)
    done = multiply_stream(model, ids, 1, 10.0)
    assert metrics(app)["Probability that moved"] == f"{100 * done.moved:.1f}%"
    loss = f"{done.before.loss:.2f} → {done.after.loss:.2f}"
    assert metrics(app)["Loss on the text"] == loss


def test_the_leak_waits_for_a_prediction(open_page):
    app = open_page()
    assert "BatchNorm's leak" not in [header.value for header in app.header]
    app.radio(key="norms_guess").set_value("LayerNorm").run()
    assert not app.exception
    text = said(app)
    assert "✗ **Not quite.** Measured" in text
    assert "LayerNorm 0, RMSNorm 0, BatchNorm" in text and "BatchNorm 0," not in text
    app.segmented_control(key="norms_leak_norm").set_value("rmsnorm").run()
    assert "**exactly 0**" in said(app)
    app.segmented_control(key="norms_leak_norm").set_value("batchnorm").run()
    assert "**exactly 0**" not in said(app)
    app.segmented_control(key="norms_leak_mode").set_value("eval").run()
    assert "**exactly 0**" in said(app)
    app.segmented_control(key="norms_leak_batch").set_value(1).run()
    app.segmented_control(key="norms_leak_change").set_value("another sequence").run()
    assert "there is no other sequence" in said(app)


def test_a_race_of_ones_own_can_be_started(open_page):
    app = open_page(norms_race="my own settings", norms_norm_position="post", norms_n_layer=12)
    assert "12 layers, a norm **after** each addition" in said(app)
    assert [button.label for button in app.main.button] == ["Run this race"]


@pytest.mark.parametrize(
    ("model", "prompt", "expected"),
    [
        ({"norm": "none"}, PROMPT, "Nothing takes the factor out"),
        ({"norm": "batchnorm"}, PROMPT, "doesn't notice"),
        ({"norm": "rmsnorm", "norm_position": "post"}, "OT", "A post-norm stands after"),
        ({"n_layer": 1, "n_head": 1, "position": "rope"}, "O", "Its LayerNorm takes the factor"),
        ({"norm": "none", "activation": "relu2", "n_layer": 6, "causal": False}, PROMPT, "norm"),
    ],
)
def test_every_design_and_a_single_token(open_page, model, prompt, expected):
    app = open_page(prompt=prompt, design=model, norms_axes="batchnorm")
    assert expected in said(app)
    if prompt == "O":
        assert "nothing of the token is left" in said(app)
        assert metrics(app)["Loss on the text"] == "one token only"


def test_what_is_recorded_is_what_its_name_says():
    settings = {name: recorded_result(name)["settings"] for name in {*RACES.values(), *FREE}}
    assert settings["norms_pre"]["norm_position"] == "pre"
    for pair in COMPARED.values():
        pre, post = (recorded_result(name)["settings"] for name in pair)
        assert post == pre | {"norm_position": "post"}
    for seed, (free, frozen) in enumerate(zip(FREE, FROZEN, strict=True), start=1):
        a, b = recorded_result(free)["settings"], recorded_result(frozen)["settings"]
        assert b == a | {"learned": "frozen"} and a["seed"] == seed
    for name in FREE + FROZEN:
        assert len(final_losses(recorded_result(name)["value"]["norms"])) == 4
    fast = recorded_result("norms_fast")["value"]["norms"]
    assert "diverged" in fast["none"]["reason"] and not fast["layernorm"]["reason"]
