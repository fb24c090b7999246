import html
import math
import re

import pytest
import streamlit as st
import torch
import torch.nn.functional as F

from gpt_core.bundled import bundled_run_path
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.interpret.overview import KEPT, overview
from gpt_core.model.config import GPTConfig
from gpt_core.model.recording import run as run_model
from gpt_core.training.run import Run
from notebooks.maker import NAMES
from pages.home import words
from pages.home.results import written_by
from tests.helpers import bars, said, sent
from ui.services.study import study_of
from ui.show.numbers import number, percent
from ui.show.tokens import code


def test_the_numbers_are_the_model_s(open_lesson):
    app = open_lesson("home", prompt="MABEL: ", reveal=True)  # the space waits
    run = Run.open(bundled_run_path())
    model = run.load_model()
    story = overview(run_model(model, run.tokenizer().encode("MABEL:"), *KEPT))
    assert f"**{story.surprise:.2f} bits** per token" in said(app)
    assert f"**{model.num_parameters():,}** numbers" in said(app)
    assert sent(app, "block_diagram")["numbers"] == pytest.approx(story.lengths)
    assert f"After the last layer the length is {number(story.end, '.3g')}" in said(app)


def written(app):
    """What the page says that the model wrote."""
    (markup,) = [h.value for h in app.get("html") if 'class="wrote"' in h.value]
    return "".join(html.unescape(token) for token in re.findall(r"<b [^>]*>([^<]*)</b>", markup))


def test_the_model_writes_before_anything_is_explained(open_lesson):
    app = open_lesson("home", prompt="OTTO: Who")
    run = Run.open(bundled_run_path())
    ids, model = run.tokenizer().encode("OTTO: Who"), run.load_model().eval()
    settings = SampleConfig(max_new_tokens=40, temperature=0.7, min_p=0.2, seed=1)
    steps = list(generate(model, ids, settings))
    text = run.tokenizer().decode([step.token for step in steps])
    # A machine that is busy writes less of it in its half second.
    assert written(app) and text.startswith(written(app))
    radio = next(radio for radio in app.radio if (radio.key or "").startswith("home_sure"))
    ladder = bars(app)
    radio.set_value(words.MOST).run()
    token = steps[0].token
    share = model(torch.tensor([[*ids, token]]))[0][0, -1].softmax(-1).max().item()
    (answer,) = [b.value for b in (*app.success, *app.warning) if b.value[0] in "✓✗"]
    assert answer.startswith("✓") is (share > 0.75)
    assert f"with {percent(share)}" in answer
    assert f"What may come after {code(run.tokenizer().token_text(token))}" in said(app)
    (after,) = [drawn for drawn in bars(app) if drawn not in ladder]
    assert after[0][1] == percent(share)
    app.button(key="again").click().run()
    assert not app.exception and app.session_state["home_seed"] == 2


@pytest.mark.parametrize(
    ("share", "right", "told"),
    [
        (0.8, words.MOST, "makes the model surer"),
        (0.25, words.LEAST, "makes the model less sure"),
        (0.5, words.LESS, "had as much"),
    ],
)
def test_the_guess_is_judged_by_the_probability(share, right, told):
    for guess in words.SHARES:
        answer = words.judged(guess, "a", "b", share, 0.5)
        assert answer.right is (guess == right)
        assert told in answer.why


def test_any_token_is_answered_with_its_probability(open_lesson):
    app = open_lesson("home", prompt="NADIA")
    app.text_input(key="guess").set_value(":").run()
    assert not app.exception
    assert "`:` has" in said(app)


def test_what_was_built_in_is_said_of_models_that_have_it():
    built_in = "One thing was built into this model"
    copying, plain = (GPTConfig(11, residual_init=init) for init in ("copy", "scaled"))
    assert built_in in words.training(5, copying, False)
    assert built_in not in words.training(5, plain, False)
    assert "was not recorded" in words.training(5, plain, True)
    assert "was not recorded" not in words.training(5, plain, False)


def test_the_last_table_is_called_the_first_one_only_where_it_is():
    tied, untied = (GPTConfig(11, tie_weights=tie) for tie in (True, False))
    assert "The table of the first step is used once more" in words.probabilities(tied)
    assert "A second learned table" in words.probabilities(untied)
    assert "usual size" in words.probabilities(tied)
    for design in ({"norm": "none"}, {"norm_position": "post"}):  # without a norm at the end
        assert "usual size" not in words.probabilities(GPTConfig(11, **design))


def test_a_prompt_that_costs_more_than_guessing_is_called_so():
    assert "less than that" in words.surprise(12.0, 2048)
    assert "less than that" not in words.surprise(3.0, 2048)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", "The prompt is empty"),
        ("🦆 שלום", "per token on average"),
        ("x", "add up to 100%"),
        ("word " * 400, "tokens at a time; the prompt's first"),
    ],
)
def test_any_prompt_is_answered(open_lesson, prompt, expected):
    assert expected in said(open_lesson("home", prompt=prompt))


def test_a_model_that_is_not_here_is_replaced_in_words(open_lesson):
    app = open_lesson("home", model="../../etc")
    assert "not here any more" in app.warning[0].value
    assert app.selectbox(key="model").value == "bundled"


def test_both_notebooks_can_be_downloaded(open_lesson):
    buttons = open_lesson("home").get("download_button")
    assert [button.proto.label for button in buttons] == list(NAMES)
    assert all(button.proto.url for button in buttons)


def test_the_words_count_one_as_one_and_know_a_post_norm_model():
    small = GPTConfig(9, n_layer=1, n_head=1, norm_position="post")
    assert words.each_layer(small) == "attention with 1 head, then an MLP"
    assert words.each_layer(GPTConfig(9)) == "each: attention with 4 heads, then an MLP"
    assert "each sum is then brought back" in words.layers(small)
    assert "each sum" not in words.layers(GPTConfig(9))
    assert "each sum" not in words.layers(GPTConfig(9, norm="none", norm_position="post"))


def test_of_an_imported_model_nobody_says_what_it_learned():
    assert "It learned from “Ulysses”" in words.just_written("Ulysses", 3)
    assert "learned from" not in words.just_written(None, 3)
    tuned = words.just_written("Ulysses", 3, "My model")
    assert "went on from “My model”, and learned from “Ulysses”" in tuned


def test_the_prompt_is_coloured_by_the_bits_of_each_token(open_lesson):
    (markup,) = [
        h.value
        for h in open_lesson("home", prompt="OTTO: Who").get("html")
        if 'class="surprise"' in h.value
    ]
    run = Run.open(bundled_run_path())
    ids = torch.tensor(run.tokenizer().encode("OTTO: Who"))
    nats = F.cross_entropy(run.load_model()(ids[None])[0][0, :-1], ids[1:], reduction="none")
    shown = [float(bits) for bits in re.findall(r"<small>([\d.]+)</small>", markup)]
    assert shown == pytest.approx((nats / math.log(2)).tolist(), abs=0.0501)


def test_an_edit_does_not_wait_until_the_model_has_written(monkeypatch):
    """Streamlit gives a run up where it is asked for anything; what was written by then is gone."""
    study, asked = study_of("bundled", "OTTO: Who are"), []

    def edited(*_):
        asked.append(True)
        if len(asked) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(st.session_state.__class__, "get", edited)
        with pytest.raises(KeyboardInterrupt):
            written_by(study, 77)
    assert len(written_by(study, 77).ids) > 3


def test_branches_that_write_nothing_have_no_longest():
    told = words.stream("x", 1.0, "MLP", "1", 0.0, 1.0)
    assert "All branches add vectors of length 0" in told and "longest" not in told
    assert "added by the MLP of layer 1: 2." in words.stream("x", 1.0, "MLP", "1", 2.0, 3.0)
