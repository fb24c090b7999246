import math
from functools import partial
from statistics import fmean, stdev

import pytest
import torch

from gpt_core.bundled import bundled_run_path
from gpt_core.evaluation.paired import Difference
from gpt_core.experiments.norm_axes import averaged_with, stream_block
from gpt_core.experiments.norm_surgery import multiply_stream
from gpt_core.training.run import Run
from pages.normalization import leak, race, words
from pages.normalization.race import FREE, RACES, by_seed, final_losses
from pages.normalization.recorded import COMPARED, FROZEN, counting
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
    before, after = (each.loss / math.log(2) for each in (done.before, done.after))
    assert metrics(app)["Loss on the text, bits per token"] == f"{before:.2f} → {after:.2f}"


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


def test_what_moved_as_rows_has_tokens_and_numbers_apart():
    moved, token = leak.moved_of("batchnorm", 2, words.LATER, True)
    place = (0, leak.TOKENS - 2)
    rows = leak.moved_rows(moved, place, token)
    assert len(rows) == 1 + moved.numel()
    assert [row[:2] for row in rows if row[3]] == [[*words.MOVED_COLUMNS[:2]], [*place]]
    assert sum(row[4] for row in rows[1:]) == pytest.approx(100 * moved.sum().item())


def test_nothing_above_the_question_gives_it_away(open_page):
    above, asked, below = said(open_page()).partition("reads these three sequences together")
    assert asked and "BatchNorm takes both from *other tokens*" in below
    assert "**Goal:**" in above and "BatchNorm" not in above


def test_an_old_result_without_pieces_is_shown_and_not_compared(monkeypatch):
    told = []
    monkeypatch.setattr(race.st, "markdown", told.append)
    race.show_comparison({"layernorm": {"evaluations": [[5, 2.0]], "reason": ""}})
    assert told == [words.NOT_COMPARED]


def test_better_is_said_only_where_the_interval_says_so():
    worse = words.compared("A", "B", Difference(0.03, 0.01, 0.05))
    assert worse == "**A** is worse than B: by 0.030 (0.010 to 0.050)."
    better = words.compared("A", "B", Difference(-0.03, -0.05, -0.01))
    assert better == "**A** is better than B: by 0.030 (0.010 to 0.050)."
    alike = words.compared("A", "B", Difference(0.002, 0.001, 0.003))
    assert alike == "**A** ends as B does: they differ by 0.003 at most."
    same = words.compared("A", "B", Difference(0.01, -0.02, 0.04))
    assert same == "**A** can't be told from B: they differ by 0.040 at most."
    none = words.compared(words.NAMES["none"], "LayerNorm", Difference(0.03, 0.01, 0.05))
    assert none.startswith("The model **without a norm** is worse than LayerNorm")
    assert words.compared("post-norm", "pre-norm", Difference(0.1, 0.0, 0.2)).startswith("**Post")


def test_differences_over_seeds_are_those_of_the_same_seed(open_page):
    losses = by_seed(FREE)
    gains = [a - b for a, b in zip(losses["batchnorm"], losses["layernorm"], strict=True)]
    half = 2.776 * stdev(gains) / math.sqrt(len(FREE))  # Student's t, four degrees of freedom
    text = said(open_page())
    if fmean(gains) - half > 0:
        assert f"**BatchNorm** is worse than LayerNorm: by {fmean(gains):.3f}" in text
    else:
        most = max(abs(fmean(gains) + half), abs(fmean(gains) - half))
        assert f"they differ by {most:.3f} at most" in text


def test_frozen_is_called_worse_only_where_the_seeds_bear_it_out():
    found = {"rmsnorm": Difference(0.2, 0.1, 0.3), "batchnorm": Difference(0.0, -0.01, 0.02)}
    assert words.frozen_in_words(found) == (
        "**RMSNorm**: frozen is worse, by 0.200; "
        "**BatchNorm**: the seeds show no clear difference (0.020 at most)."
    )


def test_a_model_that_has_only_counted_is_told_from_one_that_has_learned_more():
    assert "no more than how often" in words.only_counted("post-norm", 4.8, 4.8)
    assert words.only_counted("post-norm", 3.5, 4.8) == ""
    deep = recorded_result("norms_deep_post")["value"]["norms"]
    assert 3 < counting() < 6 and final_losses(deep)["none"] > counting() - 0.1


def test_steep_and_flat_gradients_and_their_sizes_are_told_apart():
    def look(gradient, stream=0.04):
        return {"step": 1, "gradient": gradient, "stream": [stream, stream]}

    both = {"pre-norm": look([40.0, 50.0]), "post-norm": look([1.0, 1.2])}
    told = words.sides_in_words(both)
    assert "within a factor of four in both" in told and "times post-norm's" in told
    assert "and so multiplies all gradients" in told
    both = {"pre-norm": look([1.0, 1.0], 2.0), "post-norm": look([0.1, 8.0])}
    told = words.sides_in_words(both)
    assert "more than fourfold with post-norm" in told and "about the same" in told
    assert "multiplies all gradients" not in told


def test_a_race_of_ones_own_can_be_started(open_page):
    app = open_page(norms_race="my own settings", norms_norm_position="post", norms_n_layer=12)
    assert "12 layers, a norm **after** each addition" in said(app)
    assert [b.label for b in app.button if "race" in b.label] == ["Run this race"]


@pytest.mark.parametrize(
    ("model", "prompt", "expected"),
    [
        ({"norm": "none"}, PROMPT, "Nothing takes the factor out"),
        ({"norm": "batchnorm"}, PROMPT, "They don't change with the stream"),
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
        assert metrics(app)["Loss on the text, bits per token"] == "one token only"


def test_what_is_recorded_is_what_its_name_says():
    settings = {name: recorded_result(name)["settings"] for name in {*RACES.values(), *FREE}}
    assert settings["norms_pre"]["norm_position"] == "pre"
    for pair in COMPARED.values():
        pre, post = (recorded_result(name)["settings"] for name in pair)
        assert post == pre | {"norm_position": "post"}
    for seed, (free, frozen) in enumerate(zip(FREE, FROZEN, strict=False), start=1):
        a, b = recorded_result(free)["settings"], recorded_result(frozen)["settings"]
        assert b == a | {"learned": "frozen"} and a["seed"] == seed
    for name in (*FREE, *FROZEN, *sum(COMPARED.values(), ())):
        assert len(final_losses(recorded_result(name)["value"]["norms"])) == 4
    fast = recorded_result("norms_fast")["value"]["norms"]
    assert "diverged" in fast["none"]["reason"] and not fast["layernorm"]["reason"]
