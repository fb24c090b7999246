import re

import pytest
import torch

from gpt_core.bundled import bundled_run_path
from gpt_core.interpret.norms import normalize_by_hand, rescale_stream, trace_norms
from gpt_core.model import GPT, GPTConfig
from gpt_core.model.norms import LayerNorm
from gpt_core.training.run import Run
from pages.layernorm import words
from tests.helpers import figures, metrics, said, tables
from ui.show.numbers import tidy

PROMPT = "OTTO: A duck?"


def bundled():
    run = Run.open(bundled_run_path())
    model = run.load_model()
    return model, run.tokenizer().encode(PROMPT)


@pytest.fixture
def open_layernorm(open_lesson):
    """The lesson on a small random model, or on the bundled one."""

    def open_(prompt=PROMPT, guess="the same", **state):
        if guess:
            state["norm_guess"] = guess
        return open_lesson("layernorm", prompt=prompt, **state)

    return open_


def test_the_hand_calculation_shows_the_numbers_that_pytorch_gets(open_layernorm):
    app = open_layernorm(norm_name="blocks.2.norm1", norm_token=4)
    model, ids = bundled()
    x = trace_norms(model, ids).norms["blocks.2.norm1"].before[4]
    norm = model.blocks[2].norm1
    truth = torch.nn.functional.layer_norm(x, x.shape, norm.weight, norm.bias, norm.eps)
    table = tables(app)[0]
    shown = [float(value.replace("−", "-")) for value in table["result"][:8]]
    assert shown == pytest.approx(truth[:8].tolist(), abs=6e-5)
    assert f"**μ = {x.mean():.4g}**".replace("-", "−") in said(app)
    assert f"**σ² = {tidy(x.var(correction=0).item())}**" in said(app)


def test_the_slider_waits_for_a_prediction(open_layernorm):
    app = open_layernorm(guess=None)
    assert "Choose an answer first" in said(app)
    assert not app.metric
    app.radio(key="norm_guess").set_value("a tenth").run()
    assert not app.exception
    assert "✗ **Not quite.** Closer is **the same**." in said(app)
    assert metrics(app)["Probability that moved"] == "0.00%"


@pytest.mark.parametrize("factor", [0.05, 1000.0])
def test_the_slider_leaves_the_result_as_it_is(open_layernorm, factor):
    app = open_layernorm(norm_name="norm_f")
    before = metrics(app)
    app.select_slider(key="norm_factor").set_value(factor).run()
    assert not app.exception
    after = metrics(app)
    assert after["Size going in"] != before["Size going in"]
    assert float(after["Size coming out"]) == pytest.approx(1.0, abs=0.01)
    assert float(after["Probability that moved"].rstrip("%")) < 1.0
    assert "The norm hardly cares" in said(app)


def test_a_tiny_factor_shows_that_epsilon_matters(open_layernorm):
    app = open_layernorm(norm_name="blocks.0.norm1")
    app.select_slider(key="norm_factor").set_value(0.001).run()
    assert "**the norm does care**" in said(app)
    assert float(metrics(app)["Size coming out"]) < 0.99


def test_multiplying_the_whole_stream_is_another_experiment(open_layernorm):
    app = open_layernorm(norm_name="blocks.1.norm1")
    app.select_slider(key="norm_factor").set_value(100.0).run()
    app.segmented_control(key="norm_where").set_value("the whole stream").run()
    assert not app.exception
    model, ids = bundled()
    after = rescale_stream(model, ids, "blocks.1.norm1", 100.0)
    moved = (after - trace_norms(model, ids).probabilities).abs().sum().item() / 2
    assert metrics(app)["Probability that moved"] == f"{100 * moved:.2f}%"


@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm", "batchnorm", "none"])
@pytest.mark.parametrize("norm_position", ["pre", "post"])
def test_every_kind_of_norm_is_told_truthfully(open_layernorm, norm, norm_position):
    app = open_layernorm(design={"norm": norm, "norm_position": norm_position})
    name = {"layernorm": "LayerNorm", "rmsnorm": "RMSNorm", "batchnorm": "BatchNorm"}
    assert re.search(rf"\*\*\[?{name.get(norm, 'no norm')}\b", said(app))  # linked or not
    before = metrics(app)["Size coming out"].replace(",", "")
    app.select_slider(key="norm_factor").set_value(100.0).run()
    assert not app.exception
    after = metrics(app)["Size coming out"].replace(",", "")
    if norm in ("layernorm", "rmsnorm"):
        assert float(after) == pytest.approx(float(before), abs=0.01)
        assert "hardly cares" in said(app)
    else:
        assert float(after) > 20 * float(before)
        assert "times** as large as at ×1" in said(app)
    assert ("stand beside the stream" in said(app)) == (norm_position == "pre" and norm != "none")
    assert ("stand in the stream" in said(app)) == (norm_position == "post" and norm != "none")
    assert ("one sum over all channels" in said(app)) == (norm in ("layernorm", "rmsnorm"))


def test_numbers_too_large_for_32_bits_are_said_so(open_layernorm):
    app = open_layernorm(design={"norm": "none", "activation": "relu2", "n_layer": 6})
    app.select_slider(key="norm_factor").set_value(1000.0).run()
    assert not app.exception
    assert any("overflow" in warning.value for warning in app.warning)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("x", "`x`** is token 0."),
        ("🦆 שלום <b>&amp;</b>", "is token"),
        ("`*_$[", "`` ` ``"),
        ("word " * 400, "The model reads 384 tokens at a time"),
    ],
)
def test_any_prompt_is_answered(open_layernorm, prompt, expected):
    assert expected in said(open_layernorm(prompt=prompt, norm_token=0))


def test_a_shorter_prompt_forgets_a_token_that_it_no_longer_has(open_layernorm):
    app = open_layernorm(prompt="NADIA: Where are you going with the red bucket?", norm_token=10)
    app.text_input(key="prompt").set_value("GUS:").run()
    assert not app.exception
    assert "is token 1." in said(app)


def test_both_statistics_are_drawn(open_layernorm):
    app = open_layernorm()
    assert "On this prompt the standard deviation is" in said(app)
    model, ids = bundled()
    deviations = torch.stack(
        [norm.before.std(dim=-1, correction=0) for norm in trace_norms(model, ids).norms.values()]
    )
    ratio = (deviations.max() / deviations.min()).item()
    assert f"the largest is {tidy(ratio)} times the smallest" in said(app)
    app.segmented_control(key="norm_statistic").set_value("mean").run()
    assert not app.exception
    assert "**≈ 0** everywhere when normalised" in said(app)


def test_what_rmsnorm_saves_is_counted_on_this_model():
    told = words.rms_saves("layernorm", True, norms=9, channels=128)
    assert "9 norms × 128 = 1,152 of the norms' 2,304 learned numbers" in told
    assert "1,152 learned numbers more" in words.rms_saves("rmsnorm", False, 9, 128)
    assert "β" not in words.rms_saves("layernorm", False, 9, 128)  # it has none to save
    assert words.rms_saves("none", False, 9, 128) is None


def test_gains_that_training_left_alone_are_said_to_be_as_they_began():
    x = [0.5, -1.0, 2.0, 0.1, 0.2, -0.3, 0.7, -0.9]
    untouched = LayerNorm(8)
    told = words.learned_in_words("n", normalize_by_hand(untouched, x), biased=True)
    assert "γ begins at 1 and β at 0. In this model they are still there." in told
    torch.nn.init.normal_(untouched.weight)
    told = words.learned_in_words("n", normalize_by_hand(untouched, x), biased=True)
    assert "γ lies between" in told and "and β is **0** everywhere" in told


def test_a_factor_of_one_proves_nothing():
    norm, x = LayerNorm(8), torch.tensor([0.5, -1.0, 2.0, 0.1, 0.2, -0.3, 0.7, -0.9])
    assert words.verdict(norm, x, 1, 1.0).endswith("Move the factor.")
    assert words.verdict(norm, x, 10, 1.0).endswith("The norm hardly cares.")
    assert "does care" in words.verdict(norm, x, 0.001, 0.3)


def test_the_beginning_says_where_this_model_s_norms_stand():
    assert "before a part reads them" in words.intro(8, "layernorm", pre=True)
    assert "after each part has added" in words.intro(8, "rmsnorm", pre=False)
    assert "This model has none" in words.intro(8, "none", pre=True)
    assert "RMSNorm" in words.another("layernorm") and "LayerNorm" in words.another("rmsnorm")


@pytest.mark.parametrize(
    ("position", "rows"),
    [
        ("pre", ["before attention 0", "before MLP 0", "after all layers"]),
        ("post", ["after attention 0", "after MLP 0"]),
    ],
)
def test_rows_of_the_maps_are_named_in_words(open_lesson, position, rows):
    design = {"n_layer": 1, "norm_position": position}
    maps = figures(open_lesson("layernorm", PROMPT, design))["norm_maps"]["data"]
    assert [trace["y"] for trace in maps] == [rows] * 3
    modules = ["blocks.0.norm1", "blocks.0.norm2", "norm_f"][: len(rows)]
    assert [names[0] for names in maps[0]["text"]] == modules


@pytest.mark.parametrize("norm", ["layernorm", "batchnorm", "rmsnorm"])
@pytest.mark.parametrize("bias", [True, False])
def test_of_a_norm_without_bias_nobody_says_that_one_is_added(open_layernorm, norm, bias):
    app = open_layernorm(design={"norm": norm, "bias": bias})
    has_bias = bias and norm != "rmsnorm"
    assert ("learned β (beta) is added" in said(app)) == has_bias
    assert ("Multiply by the channel's own γ and add its own β." in said(app)) == has_bias
    assert ("β" in tables(app)[0].columns) == has_bias
    last = {"layernorm": 5, "batchnorm": 3, "rmsnorm": 4}[norm]
    assert f"{last}. **Gain" in said(app)


def test_deviations_that_are_alike_are_called_so():
    config = GPTConfig(vocab_size=9, n_layer=2, n_head=1, n_embd=8, residual_init="zero")
    untrained = trace_norms(GPT(config).eval(), [1])  # no branch adds anything
    assert "before the norms, all are alike." in words.maps(untrained, "standard deviation")
