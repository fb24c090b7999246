"""The residual-stream lesson on several designs, prompts and addresses."""

import re

import pytest
import torch

from gpt_core.bundled import bundled_run_path
from gpt_core.interpret.logit_lens import logit_lens
from gpt_core.interpret.patching import KEPT, contrast, patch, patch_each
from gpt_core.model import recording
from gpt_core.training.run import Run
from pages.residual.words import GUESSES
from tests.helpers import said, sent
from ui.components.stream_grids import read_cell
from ui.show.tokens import visible

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
    assert "**Check.**" not in said(app) and "The longest vector here" in said(app)
    app.radio(key="stream_guess").set_value("no, another branch does").run()
    assert not app.exception
    assert "**Check.**" in said(app) and "to the logit of" in said(app)


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_is_told_truthfully(open_residual, design):
    model = DESIGNS[design]
    app = open_residual(design=model)
    total, logit, _ = check_numbers(app)
    assert total == pytest.approx(logit, rel=1e-5, abs=1e-4)
    post, norm = model.get("norm_position") == "post", model.get("norm")
    assert ("post-norm model" in said(app)) == post
    assert ("fixed statistics" in said(app)) == (norm == "batchnorm")
    recomputed = not post and norm not in ("none", "batchnorm")
    assert ("computed anew for every row" in said(app)) == recomputed
    assert bool([t for t in app.toggle if t.key == "lens_reuse"]) == recomputed
    app.segmented_control(key="patch_state").set_value("mlp_out").run()
    assert not app.exception
    assert "differs in" in said(app)


@pytest.mark.parametrize("prompt", ["x", "🦆 שלום <b>&amp;</b>", "`*_$[", "word " * 400])
def test_any_prompt_is_answered(open_residual, prompt):
    app = open_residual(prompt=prompt)
    assert "**Check.**" in said(app)
    assert ("are cut" in said(app)) == (len(prompt) > 400)


def test_the_other_prompt_must_have_as_many_tokens(open_residual):
    app = open_residual()
    app.segmented_control(key="patch_way").set_value("type another prompt").run()
    assert "Both prompts are the same" in said(app)
    app.text_input(key="patch_prompt").set_value("OTTO: Where is it?").run()
    assert "both need equally many" in said(app)
    app.text_input(key="patch_prompt").set_value(PROMPT.replace("Where", "What")).run()
    assert not app.exception
    assert "`␣Where` → `␣What` at 2" in said(app)
    app.text_input(key="patch_prompt").set_value("").run()
    assert not app.exception


def test_the_grids_show_what_the_library_computes(open_residual):
    app = open_residual()
    app.segmented_control(key="patch_way").set_value("type another prompt").run()
    app.text_input(key="patch_prompt").set_value(PROMPT.replace("red", "blue")).run()
    app.segmented_control(key="patch_state").set_value("resid_mid").run()
    run = Run.open(bundled_run_path())
    model, tokenizer = run.load_model().eval(), run.tokenizer()
    ids = [tokenizer.encode(text) for text in (PROMPT, PROMPT.replace("red", "blue"))]
    runs = [recording.run(model, each, *KEPT) for each in ids]
    message, measure = sent(app, "patching"), contrast(*runs)
    assert [column["differs"] for column in message["columns"]].index(True) == 5
    for layer in range(4):
        row = patch_each(model, *runs, "resid_mid", layer, measure)
        assert message["moved"][layer] == pytest.approx(row, abs=1e-3)
    assert message["chosen"] == [0, 5]
    copied = patch(model, *runs, "resid_mid", 0, [5])
    logits = [runs[0].logits[-1], copied, runs[1].logits[-1]]
    shares = [each.softmax(-1).max().item() for each in logits]
    shown = list(zip(*message["outcome"]["tokens"], strict=True))[1:]
    assert [max(column) for column in shown] == pytest.approx(shares, abs=1e-4)

    lens = sent(app, "logit_lens")
    truth = logit_lens(model, runs[0].stream)
    best = [visible(tokenizer.token_text(i)) for i in truth.top[2, :, 0].tolist()]
    assert [cell[0][0] for cell in lens["best"][2]] == best
    assert [rank for rank, _ in lens["ranks"][1]] == truth.rank[1].tolist()

    app.toggle(key="lens_reuse").set_value(True).run()
    reused = logit_lens(model, runs[0].stream, reuse_last_scale=True)
    share = reused.probability[0, -1, 0].item()
    assert f"its probability there is **{100 * share:.1f}%**" in said(app)
    assert sent(app, "logit_lens")["best"][0][-1][0][1] == pytest.approx(share, abs=1e-4)


def test_a_token_is_replaced_by_another_that_was_likely(open_residual):
    app = open_residual()
    where = next(o for o in app.selectbox(key="patch_at").options if "red" in o)
    app.selectbox(key="patch_at").set_value(where).run()
    token = app.selectbox(key="patch_token").options[3]
    app.selectbox(key="patch_token").set_value(token).run()
    assert not app.exception
    assert f"`␣red` → `{token}` at 5" in said(app)


def test_nonsense_in_the_address_is_left_out(open_lesson):
    app = open_lesson("residual", prompt=PROMPT)
    app.query_params["cell"] = "99.-1;drop"
    app.query_params["stream_token"] = "NaN"
    app.query_params["stream_answer"] = "<b>"
    app.query_params["patch_state"] = "q"
    app.run()
    assert not app.exception
    assert [read_cell(text, (4, 9)) for text in ("1.8", "4.0", "1", "", "1.2.3", "-1.0")] == [
        (1, 8), None, None, None, None, None,
    ]  # fmt: skip


def test_much_to_compute_is_offered_as_a_job(open_residual, monkeypatch):
    monkeypatch.setattr("pages.residual.patching.ON_PAGE", 1.0)
    app = open_residual()
    assert not app.exception
    assert [b.label for b in app.button if b.label == "Fill the lower grid"]
