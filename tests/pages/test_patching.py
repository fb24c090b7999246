"""The lesson on the lens, patching and steering: on several designs, prompts and addresses."""

import pytest
import torch

from gpt_core.bundled import bundled_run_path
from gpt_core.interpret.logit_lens import Lens, logit_lens
from gpt_core.interpret.patching import KEPT, contrast, patch, patch_each
from gpt_core.interpret.steering import steer
from gpt_core.model import recording
from gpt_core.model.config import GPTConfig
from gpt_core.training.run import Run
from pages.patching import words
from pages.patching.words import LENS_GUESSES, STEER_GUESSES
from tests.helpers import said, sent
from ui.components.stream_grids import _patch_rows, read_cell
from ui.show.numbers import percent
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


@pytest.fixture
def open_patching(open_lesson):
    """The lesson on a small random model, or on the bundled one; both questions are answered."""

    def open_(prompt=PROMPT, guess=True, **state):
        if guess:
            answers = {"lens_guess": LENS_GUESSES[2], "steer_guess": STEER_GUESSES[0]}
            state = answers | state
        return open_lesson("patching", prompt=prompt, **state)

    return open_


def bundled():
    run = Run.open(bundled_run_path())
    return run.load_model().eval(), run.tokenizer()


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_is_told_truthfully(open_patching, design):
    model = DESIGNS[design]
    app = open_patching(design=model)
    post, norm = model.get("norm_position") == "post", model.get("norm")
    assert ("post-norm model" in said(app)) == post
    assert ("fixed statistics" in said(app)) == (norm == "batchnorm")
    recomputed = not post and norm not in ("none", "batchnorm")
    assert ("computed anew for every row" in said(app)) == recomputed
    assert bool([t for t in app.toggle if t.key == "lens_reuse"]) == recomputed
    app.segmented_control(key="patch_state").set_value("mlp_out").run()
    assert not app.exception
    assert "differs in" in said(app)
    app.select_slider(key="steer_alpha").set_value(-1.0).run()
    assert not app.exception


@pytest.mark.parametrize("prompt", ["x", "🦆 שלום <b>&amp;</b>", "`*_$[", "word " * 400])
def test_any_prompt_is_answered(open_patching, prompt):
    app = open_patching(prompt=prompt)
    assert "When the lens misleads" in said(app)
    assert ("are cut" in said(app)) == (len(prompt) > 400)


def test_lens_and_push_wait_for_a_guess(open_patching):
    app = open_patching(guess=False)
    assert "When the lens misleads" not in said(app) and not [s for s in app.select_slider if s.key]
    app.radio(key="lens_guess").set_value(LENS_GUESSES[0]).run()
    app.radio(key="steer_guess").set_value(STEER_GUESSES[0]).run()
    assert not app.exception
    assert (
        "When the lens misleads" in said(app) and app.select_slider(key="steer_alpha").value == 1.0
    )


@pytest.mark.parametrize("guess", LENS_GUESSES)
def test_where_the_answer_settles_is_judged_by_its_ranks(open_patching, guess):
    app = open_patching(lens_guess=guess)
    model, tokenizer = bundled()
    ranks = (
        logit_lens(model, recording.run(model, tokenizer.encode(PROMPT), *KEPT).stream)
        .rank[:, -1]
        .tolist()
    )
    first = max((row + 1 for row, rank in enumerate(ranks) if rank > 1), default=0)
    truth = LENS_GUESSES[2 if first == 4 else int(first > 2)]
    (told,) = [e.value for e in (*app.success, *app.warning) if "has rank" in e.value]
    assert told.startswith("✓" if guess == truth else "✗")
    assert f"has rank **{ranks[first - 1]:,}**" in told


@pytest.mark.parametrize(
    ("ranks", "first"), [([1, 1, 1], 0), ([5, 1, 1], 1), ([1, 3, 1], 2), ([9, 2, 1], 2), ([1], 0)]
)
def test_settled_is_from_where_on_the_rank_stays_1(ranks, first):
    assert words.settled(ranks) == first


def lens_of(top, rank):
    """A lens at (R, T) with its likeliest tokens and ranks."""
    top = torch.tensor(top)[..., None]
    return Lens(top, torch.ones(top.shape), torch.tensor(rank), torch.ones(top.shape[:2]))


def test_the_first_row_is_called_no_prediction_only_where_it_repeats_the_token():
    ids, rank = [4, 5, 6], [[9, 9, 9], [1, 1, 1]]
    itself, others = lens_of([[4, 5, 0], [1, 1, 1]], rank), lens_of([[4, 0, 0], [1, 1, 1]], rank)
    told = words.misleads(itself, ids, tied=True)
    assert "for 2 of 3 tokens" in told and "table of token vectors" in told
    assert "table of token vectors" not in words.misleads(itself, ids, tied=False)
    assert "“predicts”" not in words.misleads(others, ids, tied=True)


def test_the_scale_and_the_order_of_a_row():
    """RMSNorm's scale moves probabilities only; LayerNorm's bias lets it move the order, too."""
    rms = words.lens_note(GPTConfig(10, norm="rmsnorm", bias=False), (1, 2), True)
    assert "does not change the order within a row, but it changes the probabilities" in rms
    layer = words.lens_note(GPTConfig(10), (1, 2), True)
    assert "can change the order within a row" in layer


def test_in_a_post_norm_model_the_embedding_is_said_to_have_passed_no_norm():
    told = words.lens_note(GPTConfig(10, norm_position="post"), (0.384, 8.42), True)
    assert "length is 0.384" in told and "8.42 after the last layer" in told
    assert "passed no norm" not in words.lens_note(GPTConfig(10), (0.384, 8.42), True)


def test_probabilities_that_differ_are_told_apart():
    told = words.steer_reveal(STEER_GUESSES[1], "x", 0.0000271, 0.00002812, 0.0000281).why
    assert "0.002812% in B" in told and "**0.00281%**" in told
    assert "10.0% in A, 60.0% in B, and **40.0%**" in words.steer_reveal("", "x", 0.1, 0.6, 0.4).why
    assert words.told_apart(0.1, 0.1) == ["10.0%", "10.0%"]


def test_one_layer_is_not_asked_through_which_layer():
    assert "which layer" not in " ".join(words.to_try(1))
    assert "from which layer on" in " ".join(words.to_try(2))


def test_pushing_shows_what_the_library_computes(open_patching):
    app = open_patching(patch_way="type another prompt")
    app.text_input(key="patch_prompt").set_value(PROMPT.replace("red", "blue")).run()
    model, tokenizer = bundled()
    ids = [tokenizer.encode(text) for text in (PROMPT, PROMPT.replace("red", "blue"))]
    runs = [recording.run(model, each, *KEPT) for each in ids]
    token = contrast(*runs).instead
    twice = steer(model, *runs, 3, [2.0])[0].softmax(-1)
    a, b = (run.logits[-1].softmax(-1) for run in runs)
    pushed, plain, other = (float(each[token]) for each in (twice, a, b))
    truth = STEER_GUESSES[0 if pushed >= other else 1 if pushed > plain else 2]
    (told,) = [e.value for e in (*app.success, *app.warning) if "added twice" in e.value]
    assert told.startswith("✓" if truth == STEER_GUESSES[0] else "✗")
    assert f"**{percent(pushed)}** with the difference" in told

    app.selectbox(key="steer_at").set_value("embedding").run()
    assert "Nothing changes, whatever α is" in said(app)  # the last token is the same in both
    app.selectbox(key="steer_at").set_value("after layer 3").run()
    assert "as in" in said(app) and "Nothing changes" not in said(app)
    app.select_slider(key="steer_alpha").set_value(0.0).run()
    assert "**Nothing is added** at α = 0" in said(app)


def test_what_a_push_did_is_said_by_what_moved():
    same, to_b, third = ("x", "x", "y"), ("x", "y", "y"), ("x", "z", "y")
    assert "as good as nothing changes" in words.steered(0.25, 3.0, 0.001, same, (0.5, 0.5))
    assert "stays **`x`**, as in A;" in words.steered(0.25, 3.0, 0.2, same, (0.5, 0.3))
    both = words.steered(1.0, 3.0, 0.2, ("x", "x", "x"), (0.5, 0.3))
    assert "as in A and B" in both
    assert "is now **`y`** (70.0%), as in B" in words.steered(1.0, 3.0, 0.9, to_b, (0.5, 0.7))
    assert "neither A's `x` nor B's `y`" in words.steered(4.0, 3.0, 0.9, third, (0.5, 0.7))
    assert "Nothing changes, whatever" in words.steered(4.0, 0.0, 0.0, same, (0.5, 0.5))


@pytest.mark.parametrize(("pushed", "guess"), [(0.9, 0), (0.6, 0), (0.4, 1), (0.1, 2), (0.05, 2)])
def test_the_push_is_judged_between_a_and_b(pushed, guess):
    right = [words.steer_reveal(g, "x", 0.1, 0.6, pushed).right for g in STEER_GUESSES]
    assert right == [i == guess for i in range(3)]


def test_the_other_prompt_must_have_as_many_tokens(open_patching):
    app = open_patching()
    app.segmented_control(key="patch_way").set_value("type another prompt").run()
    assert "Both prompts are the same" in said(app)
    app.text_input(key="patch_prompt").set_value("OTTO: Where is it?").run()
    assert "both need equally many" in said(app)
    app.text_input(key="patch_prompt").set_value(PROMPT.replace("Where", "What")).run()
    assert not app.exception
    assert "`␣Where` → `␣What` at 2" in said(app)
    app.text_input(key="patch_prompt").set_value("").run()
    assert not app.exception


def test_the_grids_show_what_the_library_computes(open_patching):
    app = open_patching()
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
    assert f"its probability there is **{percent(share)}**" in said(app)
    assert sent(app, "logit_lens")["best"][0][-1][0][1] == pytest.approx(share, abs=1e-4)


def test_a_token_is_replaced_by_another_that_was_likely(open_patching):
    app = open_patching()
    where = next(o for o in app.selectbox(key="patch_at").options if "red" in o)
    app.selectbox(key="patch_at").set_value(where).run()
    token = app.selectbox(key="patch_token").options[3]
    app.selectbox(key="patch_token").set_value(token).run()
    assert not app.exception
    assert f"`␣red` → `{token}` at 5" in said(app)


def test_nonsense_in_the_address_is_left_out(open_lesson):
    app = open_lesson("patching", prompt=PROMPT)
    for key in ("cell", "stream_token", "patch_state", "steer_at", "steer_alpha"):
        app.query_params[key] = "99.-1;drop"
    app.run()
    assert not app.exception
    assert [read_cell(text, (4, 9)) for text in ("1.8", "4.0", "1", "", "1.2.3", "-1.0")] == [
        (1, 8), None, None, None, None, None,
    ]  # fmt: skip


def test_much_to_compute_is_offered_as_a_job(open_patching, monkeypatch):
    monkeypatch.setattr("pages.patching.panel.ON_PAGE", 1.0)
    app = open_patching()
    assert not app.exception
    assert [b.label for b in app.button if b.label == "Fill the lower grid"]


def test_a_model_of_one_layer_is_asked_what_can_be_so(open_patching):
    assert words.lens_guesses(1) == ("already in the embedding", LENS_GUESSES[2])
    app = open_patching(design={"n_layer": 1, "n_head": 1}, guess=False)
    assert len(app.radio(key="lens_guess").options) == 2
    asked = next(radio for radio in app.radio if radio.key == "steer_guess")
    assert "to the state after layer 0" in asked.label  # at the embedding nothing differs


def test_the_lens_reads_through_a_last_norm_only_where_there_is_one():
    assert "the same last norm" in words.about_lens(GPTConfig(9))
    for design in ({"norm": "none"}, {"norm_position": "post"}):
        assert "norm" not in words.about_lens(GPTConfig(9, **design))


def test_what_is_taken_along_of_the_grids_names_its_states_and_tokens():
    columns = [{"source": "b", "into": "a", "place": 3, "differs": True}]
    data = {"rows": ["layer 0", "layer 1"], "columns": columns, "differ": [[1.0], [0.5]]}
    names, first, second = _patch_rows(data | {"moved": [[0.25], [-0.5]]})
    assert names[:4] == ["state", "position", "token in B", "token in A"]
    assert first == ["layer 0", 3, "b", "a", 1.0, 0.25]
    assert second == ["layer 1", 3, "b", "a", 0.5, -0.5]
    assert _patch_rows(data | {"moved": None})[1][-1] == ""
