import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from gpt_core.experiments.one_step import OPTIMIZERS, Outcome, Part, backward, one_step, recipe
from gpt_core.tokenizers.base import Token
from gpt_core.training.config import TrainConfig
from pages.one_step import words
from pages.one_step.results import BIT, autopsies_in_bits, in_bits
from pages.one_step.words import GUESSES, HIGHER
from tests.helpers import metrics, said, tables, tiny_model
from ui.app.job_panel import recorded_result
from ui.show.numbers import number

PROMPT = "OTTO: A duck?"


@pytest.fixture
def open_step(open_lesson):
    """The lesson on a small random model, or on the bundled one."""

    def open_(prompt=PROMPT, guess=HIGHER, optimizer="adamw", **state):
        if guess:
            state[f"step_guess_{optimizer}"] = guess
        return open_lesson("one_step", prompt=prompt, step_optimizer=optimizer, **state)

    return open_


def test_the_numbers_wait_for_a_prediction(open_step):
    app = open_step(guess=None, design={})
    assert "Choose an answer first" in said(app) and not app.metric
    app.radio(key="step_guess_adamw").set_value(GUESSES[0]).run()
    assert not app.exception
    assert "the step at ×10 leads to" in said(app)
    assert "The other text" in metrics(app)


def test_a_small_step_does_what_the_slope_says(open_step):
    app = open_step(design={}, step_factor=0.001)
    shown = metrics(app)
    number = [
        float(shown[name].replace("−", "-").replace("·10⁻⁵", "e-5").replace("·10⁻⁶", "e-6"))
        for name in ("Forecast change", "Real change")
    ]
    assert number[0] < 0 and number[1] == pytest.approx(number[0], rel=0.05)
    before = app.select_slider(key="step_factor")
    before.set_value(300.0).run()
    assert not app.exception
    assert metrics(app)["Real change"] != shown["Real change"]
    assert "It cost the other text" in said(app)


@pytest.mark.parametrize(
    ("optimizer", "model"),
    [
        ("muon", {"preset": "modern", "tie_weights": False, "n_layer": 1, "n_head": 1}),
        ("adamw", {"norm": "batchnorm", "norm_position": "post", "position": "sinusoidal"}),
        ("muon", {"norm": "none", "tie_weights": False, "position": "none", "activation": "relu2"}),
        ("adamw", {"causal": False, "tie_weights": True, "activation": "swiglu"}),
    ],
    ids=str,
)
def test_every_design_is_told_truthfully(open_step, optimizer, model):
    app = open_step(optimizer=optimizer, design=model)
    text = said(app)
    rule = {"adamw": "averages that begin at 0", "muon": "treats a whole matrix at once"}
    assert rule[optimizer] in text
    tied = model.get("tie_weights", True)
    assert ("output table too (tied)" in text) == tied
    assert ("the vectors of tokens that the sentence doesn't have" in text) == (not tied)
    app.select_slider(key="step_factor").set_value(1000.0).run()
    assert not app.exception


@pytest.mark.parametrize("prompt", ["x", "O"])
def test_one_token_teaches_nothing(open_step, prompt):
    app = open_step(prompt=prompt, design={})
    assert "nothing to learn from a single token" in said(app)
    assert not app.metric


def test_a_model_whose_numbers_burst_takes_no_step(open_step):
    app = open_step(design={"norm": "none", "activation": "relu2", "n_layer": 6})
    assert "overflow already before the step" in said(app)
    assert not app.metric


def test_a_long_prompt_is_cut(open_step):
    app = open_step(prompt="NADIA: a duck. " * 30, design={"block_size": 128})
    assert "64 tokens** (the last 64 of your prompt)" in said(app)


def test_a_large_model_takes_its_step_as_a_job(open_step, monkeypatch):
    monkeypatch.setattr("gpt_core.model.gpt.GPT.num_parameters", lambda self: 124_000_000)
    app = open_step(design={})
    assert "takes about 3.7 GB" in said(app)
    assert [b.label for b in app.button if b.label == "Take the step"]
    assert not app.metric


def test_the_recorded_breakdown_is_shown_and_said_so(open_lesson):
    app = open_lesson("one_step")
    recorded = recorded_result("too_large_step")
    assert recorded["said"] in said(app)
    worst = max(step["loss"] for step in recorded["value"]["steps"]) / math.log(2)
    assert f"{worst:.4g}" in said(app)
    assert tables(app)[0]["step"].tolist() == [str(i) for i in range(9)]
    app.text_input(key="prompt").set_value("Another sentence").run()
    assert not app.exception
    assert recorded["said"] not in said(app)  # it was about another sentence


@pytest.mark.parametrize("tied", [True, False])
def test_which_token_vectors_move_is_said_of_this_model(tied):
    model, ids, config = tiny_model(tie_weights=tied), [1, 2, 3], TrainConfig()
    backward(model, ids)
    rows = (model.wte.weight.grad.abs().sum(1) > 0).sum().item()
    assert rows == (11 if tied else 2)  # the last token is read by nobody
    told = words.rule(config, model.config)
    assert ("all 11 rows have a gradient" in told) == tied
    places = (model.wpe.weight.grad.abs().sum(1) > 0).tolist()
    assert places == [True, True, *[False] * (len(places) - 2)]  # of the two tokens that are read
    assert "positions that the sentence doesn't reach" in told
    assert "positions" not in words.rule(config, replace(model.config, position="rope"))


def test_all_losses_are_in_bits():
    report = one_step(tiny_model(), [1, 2, 3], [4, 5], TrainConfig(), (0.001, 1.0))
    found = in_bits(report)
    assert found.at(1.0).loss == pytest.approx(report.at(1.0).loss / BIT)
    assert found.at(0.0).elsewhere == pytest.approx(report.at(0.0).elsewhere / BIT)
    change = found.at(0.001).loss - found.at(0.0).loss
    assert change == pytest.approx(0.001 * found.slope, rel=0.05)
    value = {"guessing": BIT, "steps": [{"loss": 2 * BIT, "elsewhere": None, "name": "z"}]}
    (step,) = autopsies_in_bits(value)["steps"]
    assert (step["loss"], step["elsewhere"], step["name"]) == (2.0, None, "z")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_moves_are_compared_where_one_rule_made_them(optimizer):
    model = tiny_model()
    config = recipe(TrainConfig(), optimizer)
    parts = one_step(model, [1, 2, 3, 4], [5, 6], config, (1.0,)).parts
    kinds = {part.kind for part in words.by_the_rule(parts, optimizer)}
    assert ("norms" in kinds and "token vectors" in kinds) == (optimizer == "adamw")
    assert f"both moved by {words.NAMES[optimizer]}" in words.moves(parts, optimizer)


def test_moves_that_differ_as_much_as_gradients_are_not_called_alike():
    parts = [Part(0, kind, 1, 1.0, size, move, 0.0) for kind, size, move in
             (("Q", 8.0, 1.0), ("K", 1.0, 1.0))]  # fmt: skip
    assert "Q in layer 0 and K in layer 0, both" in words.moves(parts, "muon")
    assert "their moves not at all" in words.moves(parts, "muon")
    parts = [Part(0, "Q", 1, 1.0, 8.0, 8.0, 0.0), Part(0, "K", 1, 1.0, 1.0, 1.0, 0.0)]
    assert "8-fold, no less" in words.moves(parts, "muon")
    parts[0] = Part(0, "Q", 1, 1.0, 8.0, 7.0, 0.0)
    assert "7-fold, hardly less" in words.moves(parts, "muon")
    parts[0] = Part(0, "Q", 1, 1.0, 8.0, 5.0, 0.0)
    assert "5-fold, less." in words.moves(parts, "muon")


def test_a_step_helps_both_texts_only_where_both_fell():
    def at(loss, elsewhere):
        none = torch.zeros(0)
        return Outcome(1.0, loss, elsewhere, none, none, none)

    start = at(3.0, 5.0)
    assert "helps both" in words.elsewhere(start, at(2.0, 4.5))
    assert "helps both" not in words.elsewhere(start, at(3.5, 4.5))
    assert "for each bit that was gained" in words.elsewhere(start, at(2.0, 5.5))
    assert "for each bit" not in words.elsewhere(start, at(3.5, 5.5))


def test_the_usual_rate_is_said_to_be_the_model_s_own_only_where_it_is():
    assert "its own training" in words.question(1.0, 0.5, own=True)
    assert "a usual learning rate" in words.question(1.0, 0.5, own=False)


def test_parts_outside_the_layers_are_listed_in_a_sentence():
    def part(layer, kind):
        return Part(layer, kind, 1, 1.0, 1.0, 1.0, 0.0)

    inside = [part(None, "token vectors"), part(None, "positions"), part(0, "Q")]
    assert words.outside(inside) == "in: token vectors, positions. Each bar is one part."
    whole = [*inside, part(None, "last norm")]
    assert words.outside(whole).startswith("in: token vectors, positions; out: last norm. Each")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("ngrams", [0, 3])
def test_the_rate_of_runs_is_named_where_there_are_runs(open_step, optimizer, ngrams):
    app = open_step(design={"ngrams": ngrams, "ngram_rows": 40}, optimizer=optimizer)
    own = recipe(TrainConfig(steps=1), optimizer)
    text = said(app)
    assert (f"{number(own.ngram_lr, '.3g')} for the vectors of runs" in text) is bool(ngrams)
    assert ("only rows that this sentence looks up" in text) is bool(ngrams)


def broken_by(*losses, finished=True):
    step = {"elsewhere": 1.0, "name": "logits", "before": 1.0, "after": 2.0, "not_finite": None}
    steps = [step | {"loss": loss, "broken": False} for loss in losses]
    return words.autopsy({"guessing": 6.0, "steps": steps}, tiny_model().config, finished)


def test_the_autopsy_says_of_the_loss_what_it_did():
    assert "stayed below pure guessing" in broken_by(2.0, 1.0, 3.0)
    never = "was never far above pure guessing"
    assert never in broken_by(6.1, 6.1, 6.05)  # an untrained model's
    assert never in broken_by(6.1, 6.1, 2.0)  # which learns: its loss isn't close to it any more
    assert "rose to **9 bits**" in broken_by(2.0, 9.0, 8.0)
    assert "is now sure of wrong answers" in broken_by(2.0, 9.0, 8.0)
    assert "for a while the model was sure" in broken_by(2.0, 9.0, 3.0)
    assert "It ends at 3." in broken_by(2.0, 9.0, 3.0)
    assert "By now it is at 3." in broken_by(2.0, 9.0, 3.0, finished=False)
    assert "was still **8 bits**" in broken_by(9.0, 8.0, 3.0)


def test_without_a_slope_no_forecast_is_checked():
    pattern = torch.zeros(1, 1, 2, 2)
    outcomes = [Outcome(f, 1.0, 1.0, torch.ones(2), torch.ones(3), pattern) for f in (0.0, 0.1)]
    flat = SimpleNamespace(slope=0.0, outcomes=outcomes, at=lambda factor: outcomes[0])
    assert "%" not in words.forecast(flat, outcomes[1])


def test_large_ratios_are_written_out():
    parts = [Part(0, kind, 1, 1.0, gradient, move, 0.0) for kind, gradient, move in
             (("Q", 218_000.0, 3.0), ("K", 1.0, 1.0))]  # fmt: skip
    assert "gradients differ 218,000-fold" in words.moves(parts, "muon")


def test_a_sentence_of_one_token_is_one_token():
    one, two = (words.sentence([Token(0, "a", 0, 1, True)] * count, 0) for count in (1, 2))
    assert one == "The sentence has **1 token**."
    assert "**2 tokens**; each but" in two and ": 1 prediction, one loss" in two
