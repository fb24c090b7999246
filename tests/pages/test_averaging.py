import math
from functools import partial

import pytest
import torch

from gpt_core.bundled import bundled_run_path
from gpt_core.bundled.record import load
from gpt_core.experiments.averaging import view_head
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.recording import run
from gpt_core.training.run import Run
from pages.averaging import words
from pages.averaging.scaling import RANDOM
from tests.helpers import said, tables
from ui.services.study import study_of

PROMPT = "OTTO: A duck?"
DESIGNS = {
    "learned": {},
    "post-norm": {"norm_position": "post"},
    "sinusoidal": {"position": "sinusoidal", "norm": "rmsnorm"},
    "modern": {"preset": "modern"},
    "one head, one layer": {"n_head": 1, "n_layer": 1, "position": "none", "norm": "none"},
    "no mask": {"causal": False},
}


def named(app):
    return [table.set_index(table.columns[0]) for table in tables(app)]


@pytest.fixture
def open_averaging(open_lesson):
    return partial(open_lesson, "averaging", prompt=PROMPT)


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_every_model_is_told_truthfully(open_averaging, design):
    app = open_averaging(design=design, step="4 · q·k")
    checks, real, drawn = named(app)
    for name in ("steps 1 and 2", "steps 1 and 3", "steps 2 and 3"):
        assert checks.loc[name, "torch.allclose"] == "True"
    assert checks.loc["steps 3 and 4, different on purpose", "torch.allclose"] == "False"
    own = "step 4's weights, and this head's own"
    causal = design.get("causal", True)
    assert (own in checks.index) == causal
    if causal:
        assert checks.loc[own, "torch.allclose"] == "True"
    assert ("built without a mask" in said(app)) == (not causal)
    assert ("This model normalises q and k" in said(app)) == ("preset" in design)
    assert ("no slip at all" in said(app)) == (design.get("n_head") == 1)
    assert float(drawn["spread of scores"].iloc[1]) == pytest.approx(1, rel=0.2)
    assert float(drawn["evenness"].iloc[0]) >= float(drawn["evenness"].iloc[1])
    assert float(drawn["evenness"].iloc[2]) < float(drawn["evenness"].iloc[1])


def test_step_four_shows_the_heads_own_weights(open_averaging):
    app = open_averaging(step="4 · q·k", of_layer=1, of_head=2, shown=5, row=3)
    bundled = Run.open(bundled_run_path())
    ids = bundled.tokenizer().encode(PROMPT)[-5:]
    view = view_head(bundled.load_model().eval(), ids, 1, 2)
    terms = " + ".join(f"{w:.2f} · (" for w in view.weights[3, :4].tolist())
    text = said(app)
    start = text.index("Channel 0 of its average is ")
    shown = text[start : text.index(" = **", start)]
    assert [t.split(" · ")[0] for t in shown.split("is ")[1].split(" + ")] == [
        t.split(" · ")[0] for t in terms.split(" + ")
    ]
    assert "layer 1, head 2" in text


def test_the_loop_is_the_mean_of_the_embeddings(open_averaging):
    app = open_averaging(step="1 · a loop", shown=4, row=2)
    bundled = Run.open(bundled_run_path())
    ids = bundled.tokenizer().encode(PROMPT)[-4:]
    mean = bundled.load_model().wte.weight[ids[:3], 0].mean().item()
    assert f"= **{mean:.2f}**".replace("-", "−") in said(app)


def test_dividing_by_less_saturates_and_by_more_flattens(open_averaging):
    app = open_averaging(design={"n_head": 4})
    assert "what the model learned with" in said(app)
    app.select_slider(key="divisor").set_value("nothing").run()
    assert "Softmax **saturates**" in said(app)
    app.select_slider(key="divisor").set_value("√C, the slip").run()
    assert "Softmax **flattens**" in said(app)
    assert not app.exception
    assert named(app)[1].index[0] == "▸ √C, the slip"
    before = named(app)[2].copy()
    assert app.number_input(key="scores_seed").disabled  # the pictures are the model's own
    app.button_group(key="scores_of").set_value(RANDOM).run()
    app.number_input(key="scores_seed").set_value(2).run()
    assert "seed 2" in said(app)
    assert not named(app)[2].equals(before)


def test_the_recorded_run_waits_for_a_prediction(open_averaging):
    app = open_averaging()
    assert "Recorded on" not in said(app)
    app.radio(key="mask_guess").set_value(words.MASK_GUESSES[1]).run()
    assert not app.exception
    value = load("causal_mask")["value"]
    assert words.what_masking_did(value) in said(app)
    assert "✗ **Not quite.**" in said(app)
    assert "Recorded on" in said(app)
    (shown,) = [t for t in tables(app) if "the future hidden" in t]
    assert shown["the future hidden"].tolist() == [
        f"{model['hidden'] / math.log(2):.2f}" for model in value["models"].values()
    ]
    assert any("NADIA:" in block.value for block in app.code)


@pytest.mark.parametrize(
    ("prompt", "last"),
    [
        ("a`", "`` ` ``"),
        ("שלום <b>&amp;</b>", "`>`"),
        ("*_$[ |", "`|`"),
        ("word " * 400, "`␣word`"),
    ],
)
def test_any_prompt_is_answered(open_averaging, prompt, last):
    assert f"Your prompt ends with {last}" in said(open_averaging(prompt=prompt, step="4 · q·k"))


def test_one_token_has_nobody_to_share_with(open_averaging):
    app = open_averaging(prompt="x", design={})
    assert "Write at least two" in said(app)
    assert "It has no token before it yet" in said(app)


def test_a_shorter_prompt_forgets_a_row_that_it_no_longer_has(open_averaging):
    app = open_averaging(prompt="GUS: OTTO: GUS! OTTO!", shown=8, row=7)
    assert "**Row 7**" in said(app)
    app.text_input(key="prompt").set_value("GUS:").run()
    assert not app.exception
    assert "**Row 1**" in said(app)


# ---- What is said of the numbers ----


def test_the_divisor_is_said_to_matter_only_where_the_numbers_are_that_large():
    config = GPTConfig(vocab_size=100, n_embd=128, n_head=4)
    told = words.at_the_start(config)
    assert "128 · 0.02² = 0.051" in told
    assert f"deviation {math.sqrt(32) * 128 * 0.02**2:.2g}" in told
    assert words.at_the_start(GPTConfig(vocab_size=100, n_embd=128, n_head=4, qk_norm=True)) == ""
    torch.manual_seed(0)
    model = GPT(config)  # as it begins
    seen = run(model, range(64), "blocks.0.q", "blocks.0.k")
    q, k = seen["blocks.0.q"], seen["blocks.0.k"]
    assert q.var().item() == pytest.approx(128 * 0.02**2, rel=0.2)
    undivided = (q @ k.transpose(-2, -1)).std().item()
    assert undivided == pytest.approx(math.sqrt(32) * 128 * 0.02**2, rel=0.2)
    assert "before anything was learned" not in words.variance(32, 32.0, 1)


def test_why_the_mask_is_needed_is_said_only_where_the_other_model_copies():
    value = load("causal_mask")["value"]
    assert "only has to look there and copy" in words.mask_why(value)
    swapped = value | {"models": dict(zip(
        value["models"], reversed(value["models"].values()), strict=True
    ))}  # fmt: skip
    assert words.what_masking_did(swapped) != words.MASK_GUESSES[2]
    assert "copy" not in words.mask_why(swapped)


def test_the_losses_of_the_prompt_are_in_bits(open_averaging):
    app = open_averaging(design={})
    study = study_of("0000000a", PROMPT)
    loss = run(study.model, study.ids).loss / math.log(2)
    real = named(app)[1]
    assert real.loc["▸ √D, the head's size", "loss, bits per token"] == f"{loss:.2f}"


def test_of_one_token_no_digit_is_said_to_differ(open_lesson):
    told = said(open_lesson("averaging", prompt="x"))
    assert "all numbers are the same, to the last digit" in told
    assert "the last digits differ" not in told and "this 1 token" in told
    assert "the last digits differ" in said(open_lesson("averaging", prompt=PROMPT))
