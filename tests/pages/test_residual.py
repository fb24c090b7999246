"""The residual-stream lesson on several designs, prompts and addresses."""

import re

import pytest
import torch

from gpt_core.bundled import bundled_run_path
from gpt_core.interpret.attribution import Written
from gpt_core.model import recording
from gpt_core.model.config import GPTConfig
from gpt_core.training.run import Run
from pages.residual import words
from pages.residual.words import GUESSES
from tests.helpers import said
from ui.show.numbers import number

PROMPT = "OTTO: Where is the red bucket?"
DESIGNS = {
    "classic": {},
    "modern": {"preset": "modern"},
    "post-norm": {"norm_position": "post", "norm": "rmsnorm", "position": "sinusoidal"},
    "batchnorm, no positions": {"norm": "batchnorm", "position": "none", "tie_weights": False},
    "no norm, one layer, one head": {"norm": "none", "n_layer": 1, "n_head": 1},
    "not causal": {"causal": False},
}


def check_numbers(app):
    text = next(m.value for m in app.markdown if m.value.startswith("**Check.**"))
    total, logit = re.findall(r"\*\*(−?[\d.]+)\*\* ·", text)[:2]
    return float(total.replace("−", "-")), float(logit.replace("−", "-")), text


@pytest.fixture
def open_residual(open_lesson):
    """The lesson on a small random model, or on the bundled one."""

    def open_(prompt=PROMPT, guess=GUESSES[0], **state):
        if guess:
            state["stream_guess"] = guess
        return open_lesson("residual", prompt=prompt, **state)

    return open_


def test_the_parts_add_up_on_screen_to_the_models_own_logit(open_residual):
    app = open_residual()
    run = Run.open(bundled_run_path())
    model, tokenizer = run.load_model().eval(), run.tokenizer()
    logits = model(torch.tensor([tokenizer.encode(PROMPT)]))[0][0, -1]
    total, logit, text = check_numbers(app)
    assert logit == pytest.approx(logits.max().item(), abs=1e-4)
    assert abs(total - logit) < 1e-4 and "agree to within 10⁻⁴" in text
    second = logits.topk(2).indices[1].item()
    label = app.selectbox(key="stream_against").options[3]
    app.selectbox(key="stream_against").set_value(label).run()
    total, logit, _ = check_numbers(app)
    assert logit == pytest.approx((logits.max() - logits[second]).item(), abs=1e-4)
    assert abs(total - logit) < 1e-4


def test_the_shares_wait_for_a_prediction(open_residual):
    app = open_residual(guess=None)
    assert "**Check.**" not in said(app) and "writes the longest vector here" in said(app)
    app.radio(key="stream_guess").set_value(GUESSES[1]).run()
    assert not app.exception
    assert "**Check.**" in said(app) and "to the logit of" in said(app)


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_is_told_truthfully(open_residual, design):
    model = DESIGNS[design]
    app = open_residual(design=model)
    total, logit, _ = check_numbers(app)
    assert total == pytest.approx(logit, rel=1e-5, abs=1e-4)
    post, norm = model.get("norm_position") == "post", model.get("norm")
    assert ("This is a post-norm model" in said(app)) == post
    assert ("fixed statistics" in said(app)) == (norm == "batchnorm")
    assert ("still a term of the sum" in said(app)) == (not post)


@pytest.mark.parametrize("prompt", ["x", "🦆 שלום <b>&amp;</b>", "`*_$[", "word " * 400])
def test_any_prompt_is_answered(open_residual, prompt):
    app = open_residual(prompt=prompt)
    assert "**Check.**" in said(app)
    assert ("are cut" in said(app)) == (len(prompt) > 400)


def test_nonsense_in_the_address_is_left_out(open_lesson):
    app = open_lesson("residual", prompt=PROMPT)
    app.query_params["stream_token"] = "NaN"
    app.query_params["stream_answer"] = "<b>"
    app.run()
    assert not app.exception


def written(length):
    return (Written("embed", 1.0, 0.0, 0.0), Written("blocks.0.mlp_out", length, 0.1, 1.0))


def test_a_large_stream_is_explained_by_what_is_known_of_the_training():
    config = GPTConfig(10, n_embd=100, n_head=2)
    assert words.unusual_size(config, written(499.0), 0.0) is None
    none = words.unusual_size(config, written(2270.0), 0.0)
    assert "length 2,270" in none and "size of 227" in none and "This model was not" in none
    assert "too weak" in words.unusual_size(config, written(2270.0), 0.1)
    assert "all of it was trained is not known" in words.unusual_size(config, written(2270.0), None)
    free = GPTConfig(10, n_embd=100, n_head=2, norm="none")
    assert "costs nothing" in none
    assert "costs nothing" not in words.unusual_size(free, written(2270.0), 0.0)


def test_where_every_branch_pushes_down_none_pushes_hardest():
    def pushed(attention, mlp, guess=GUESSES[0]):
        branches = (
            Written("embed", 9.0, 0.1, 1.0),  # the longest vector of all, and no branch
            Written("blocks.0.attn_out", 1.0, 0.1, attention),
            Written("blocks.0.mlp_out", 2.0, 0.1, mlp),
        )
        assert "Of all branches, **MLP 0** writes the longest" in words.question(branches, "x")
        return words.reveal(guess, branches, "x")

    pairs = {0: (0.1, 0.2), 1: (0.2, 0.1), 2: (0.2, -0.1)}
    for truth, pair in pairs.items():
        right = [pushed(*pair, guess).right for guess in GUESSES]
        assert right == [place == truth for place in range(3)]
    assert pushed(-0.2, 0.0, GUESSES[2]).right  # the longest does nothing, and none pushes up
    assert pushed(0.0, 0.0).right is None and "No branch moves" in pushed(0.0, 0.0).why
    assert "adds +0.002 to the logit" in pushed(0.001, 0.002).why
    assert pushed(0.1, 0.2).right and "pushes hardest" in pushed(0.1, 0.2).why
    assert not pushed(-0.1, -0.2).right and not pushed(-0.2, -0.1).right
    assert "no branch pushes it up" in pushed(-0.2, -0.1).why


def test_two_additions_are_not_and_so_on():
    both = (Written("blocks.0.attn_out", 1.0, 0.1, 1.0), Written("blocks.0.mlp_out", 2.0, 0.1, 1.0))
    assert "and so on" not in words.sum_in_words(GPTConfig(9, n_layer=1), both)
    assert "and so on until MLP 0" in words.sum_in_words(GPTConfig(9, n_layer=2), both)


def test_a_model_without_biases_has_no_parts_of_biases(open_residual):
    """RMSNorm adds nothing by itself, and without biases a layer's attention is its heads."""
    design = {"preset": "classic", "norm": "rmsnorm", "bias": False, "n_layer": 1, "n_head": 2}
    assert "Sum of all 5 parts" in check_numbers(open_residual(design=design))[2]
    biased = design | {"norm": "layernorm", "bias": True}  # embedding, position, 2 heads, MLP
    assert "Sum of all 7 parts" in check_numbers(open_residual(design=biased))[2]


def test_the_size_of_the_stream_is_said_of_the_model_on_screen(open_residual):
    """The bundled model's is unusual, that of a small random model is not."""
    run = Run.open(bundled_run_path())
    model, ids = run.load_model().eval(), run.tokenizer().encode(PROMPT)
    added = recording.run(model, ids, "blocks.*.mlp_out", "blocks.*.attn_out").tensors
    longest = max(x[-1].norm().item() for x in added.values())
    unusual = longest / model.config.n_embd**0.5 > words.LARGE
    app = open_residual()
    assert ("unusually large stream" in said(app)) == unusual
    if unusual:
        assert f"length {number(longest, '.3g')} here" in said(app)
        assert ("This model was not." in said(app)) == (run.train_config.weight_decay == 0)
    assert "unusually large stream" not in said(open_residual(design={}))
