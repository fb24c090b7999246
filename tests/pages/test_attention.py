import math
from dataclasses import replace
from functools import partial

import pytest
import torch

from gpt_core.bundled import BUNDLED
from gpt_core.interpret.attention import ablate, trace_attention
from gpt_core.model.config import GPTConfig
from pages.attention import words
from pages.attention.results import (
    FirstToken,
    can_read,
    first_token,
    meaning_of,
    multiplications,
    share_of,
    unmasked_row,
)
from tests.helpers import said, sent, write_run
from tests.pages.conftest import OWN
from ui.services import models
from ui.services.study import study_of
from ui.show.numbers import percent

PROMPT = "Who put a duck?"


@pytest.fixture
def open_attention(open_at):
    """The lesson on a small random model."""
    return partial(open_at, "attention", {}, prompt=PROMPT)


def test_the_lesson_tells_the_shape_of_the_model_and_the_prompt(open_attention):
    app = open_attention()
    assert "2 layers of 2 heads" in said(app)
    assert "T = 15" in said(app)
    assert sent(app, "attention_map")["tokens"][3] == "␣"


@pytest.mark.parametrize(
    "shape",
    [
        {"n_layer": 1, "n_head": 1, "preset": "notebook", "dropout": 0.0},
        {"n_layer": 12, "n_head": 12, "n_embd": 48, "preset": "modern"},
        {"causal": False},
        {"tokenizer": "bpe"},
        {"tokenizer": "word"},
    ],
    ids=str,
)
def test_every_shape_of_model_is_drawn(open_at, shape):
    picture = sent(open_at("attention", shape, prompt=PROMPT), "attention_map")
    assert (picture["layers"], picture["heads"]) == (
        shape.get("n_layer", 2),
        shape.get("n_head", 2),
    )


def test_a_prompt_of_one_token_has_no_loss_but_a_picture(open_attention):
    app = open_attention(prompt="W")
    assert sent(app, "attention_map")["outcome"]["loss_before"] is None
    assert "the only position it may see" in said(app)


def test_an_empty_prompt_gets_one_sentence(open_attention):
    app = open_attention(prompt="")
    assert "The prompt is empty" in app.info[0].value


def test_a_long_prompt_is_cut_and_says_so(open_attention):
    app = open_attention(prompt="duck " * 10)
    assert len(sent(app, "attention_map")["tokens"]) == 32
    assert "32 tokens at a time; the prompt's first 18 are cut" in app.info[0].value


def test_the_url_decides_what_is_locked_and_off(open_attention, open_at):
    plain = sent(open_attention(), "attention_map")["outcome"]
    chosen = {"head": "1.0", "off": "0.1,1.1", "cell": "4.2"}
    app = open_at("attention", model=OWN, prompt=PROMPT, **chosen)
    picture = sent(app, "attention_map")
    assert picture["selection"] == {"head": [1, 0], "off": [[0, 1], [1, 1]], "cell": [4, 2]}
    assert picture["outcome"]["loss_before"] == pytest.approx(plain["loss_before"])
    assert picture["outcome"]["loss_after"] != pytest.approx(plain["loss_after"])


def test_a_prediction_is_answered_with_what_happened(open_attention):
    app = open_attention()
    assert not app.success
    (radio,) = [radio for radio in app.radio if radio.key != "meaning_guess"]
    radio.set_value("It stays about the same").run()
    assert not app.exception
    (told,) = [*app.success, *app.warning]
    study = study_of(OWN, PROMPT)
    change = ablate(study.model, study.ids, [(0, 0)])
    was, now = (loss / math.log(2) for loss in (change.loss_before, change.loss_after))
    assert f"from {was:.3f} to {now:.3f} bits per token" in told.value


# ---- A word that means what another word says ----


def thing_of(thing, model=BUNDLED):
    return meaning_of(models.load(model), words.sentence(thing), thing)


@pytest.mark.parametrize("thing", words.THINGS[:-1])
def test_the_bundled_model_resolves_it_by_a_head_that_looks_at_the_thing(thing):
    found, loaded = thing_of(thing), models.load(BUNDLED)
    ids = loaded.tokenizer.encode(words.sentence(thing))
    trace = trace_attention(loaded.model, ids)
    expected = loaded.tokenizer.encode(f"{words.sentence(thing)} {thing}")[len(ids)]
    place = ids.index(expected)
    assert trace.pattern[(*found.head, -1, place)] == trace.pattern[:, :, -1, place].max()
    after = ablate(loaded.model, ids, [found.head]).after
    assert found.wrong <= after[expected].item() + 1e-6
    told = words.meaning(thing, found)
    assert "carries the meaning of *It*" in told
    assert words.what_was_said(found) == words.WITHOUT[1]
    assert f"gets {percent(found.wrong)}" in told


def test_a_thing_that_the_show_does_not_have_is_not_said_to_be_resolved():
    found = thing_of("bicycle")
    assert found.right < words.ENOUGH
    told = words.meaning("bicycle", found)
    assert found.weights[found.place] < words.ENOUGH  # no head even looks at it
    assert f"the most is {percent(found.weights[found.place].item())} of its weight" in told
    assert "To look at a word is not enough" not in told
    assert "carries the meaning" not in told
    looked = replace(
        found,
        weights=torch.zeros_like(found.weights).index_fill(0, torch.tensor([found.place]), 0.9),
    )
    assert "To look at a word is not enough" in words.meaning("bicycle", looked)


def test_what_a_head_was_for_is_told_by_the_numbers():
    found = thing_of(words.THINGS[0])
    spared = replace(found, wrong=0.97, needed=())
    told = words.meaning("garden gnome", spared)
    assert "other heads may stand in" in told
    assert "not alone" not in told
    assert words.what_was_said(spared) == words.WITHOUT[0]
    assert words.what_was_said(replace(found, wrong=0.0, things=0.1)) == words.WITHOUT[2]
    assert words.judged(words.WITHOUT[1], "garden gnome", found).right
    assert not words.judged(words.WITHOUT[0], "garden gnome", found).right


def test_the_reason_waits_for_a_guess_and_says_what_the_loaded_model_makes_of_it(open_attention):
    app = open_attention()
    assert "not alone" not in said(app)
    assert not app.segmented_control
    app.radio(key="meaning_guess").set_value(words.WITHOUT[0]).run()
    assert not app.exception
    assert "has lost *which*" in app.warning[0].value
    assert not can_read(models.load(OWN), words.sentence(words.THINGS[0]))
    assert "The model that you have loaded can't read this text" in said(app)
    assert "gives “garden gnome” 0.31% here" in words.loaded_model("garden gnome", 0.0031)
    app.segmented_control(key="thing").set_value("bicycle").run()
    assert "no head looks much at “bicycle”" in said(app)
    assert "gets it right as well" in words.loaded_model("bicycle", 0.9)


def test_the_whole_thing_is_asked_of_every_tokenizer(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))
    text, thing = "OTTO: It was wet, and it wanted", "warmth"
    run = write_run(tmp_path, OWN)
    ids = run.tokenizer().encode(f"{text} {thing}")
    logits, _ = run.load_model()(torch.tensor([ids[-32:]]))
    assert not can_read(models.load(OWN), f"{text} {thing}")  # longer than the model reads
    text = "OTTO: It was wet, it"
    assert can_read(models.load(OWN), f"{text} {thing}")
    assert not can_read(models.load(OWN), "Ж")
    ids = run.tokenizer().encode(f"{text} {thing}")
    logits = run.load_model().eval()(torch.tensor([ids]))[0][0].log_softmax(-1)
    expected = sum(logits[i - 1, ids[i]].item() for i in range(len(text), len(ids)))
    assert share_of(models.load(OWN), text, thing) == pytest.approx(math.exp(expected), rel=1e-3)


# ---- Questions that come up ----


def test_what_softmax_would_give_to_the_future_is_calculated(open_attention):
    app = open_attention()
    study = study_of(OWN, PROMPT)
    trace = trace_attention(study.model, study.ids)
    scores = trace.q[0, 0, 7] @ trace.k[0, 0].T / math.sqrt(study.model.config.head_dim)
    future = scores.softmax(-1)[8:].sum().item()
    assert unmasked_row(study, (0, 0)).future == pytest.approx(future)
    assert f"give {future:.0%} of row 7" in said(app)
    short = unmasked_row(study_of(OWN, PROMPT[:2]), (0, 0))
    assert short.position == 0 and short.future > 0  # there is a later token


def test_a_model_without_a_mask_is_told_nothing_of_one(open_at):
    told = said(open_at("attention", {"causal": False}, prompt=PROMPT))
    assert "Why −∞" not in told
    assert r"{mask}" not in told
    assert r"{mask}" in said(open_at("attention", prompt=PROMPT))


def test_four_times_the_scores_and_when_they_are_half():
    model = models.load(BUNDLED).model
    C, matrices = model.config.n_embd, sum(
        p.numel() for p in model.blocks[0].parameters() if p.dim() == 2
    )  # fmt: skip
    assert matrices == 12 * C * C
    assert multiplications(model, 22) == (2 * 22 * 22 * C, 22 * matrices)
    told = words.twice_as_long(22, *multiplications(model, 22))
    assert "484 scores now, and would make 1,936" in told
    assert f"beyond T = {6 * C} they" in told
    assert "more than the matrices" in words.twice_as_long(1000, *multiplications(model, 1000))


def test_heads_rest_on_the_first_token_only_where_they_do():
    even = FirstToken([0.05, 0.1, 0.06], 0.1, 2)
    assert "no head gives it more than twice an even share" in words.first_in_words(even, "a")
    assert "in 2 of 3" in words.first_in_words(even, "a")
    assert "Here 1 of 3 does" in words.first_in_words(replace(even, shares=[0.5, 0.1, 0.1]), "a")
    assert "So do the heads here" in words.first_in_words(replace(even, shares=[0.5] * 3), "a")
    only = words.first_in_words(replace(even, shares=[0.5]), "a")
    assert "this model's only head" in only and "over all heads" not in only
    study = study_of(BUNDLED, "NADIA: Who put a duck in the dryer?")
    pattern = trace_attention(study.model, study.ids).pattern
    found, T = first_token(study), len(study.ids)
    assert found.shares[5] == pytest.approx(pattern[1, 1, 1:, 0].mean().item())
    assert found.even == pytest.approx(sum(1 / n for n in range(2, T + 1)) / (T - 1))
    assert found.most > 0


def test_a_nearly_even_row_has_no_favourite(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))
    run = write_run(tmp_path, OWN)
    model = run.load_model()
    for block in model.blocks:
        torch.nn.init.normal_(block.attn.qkv.weight, std=1e-3)
    run.save_model(model, 1)
    assert first_token(study_of(OWN, PROMPT)).most == 0


def test_a_model_s_only_head_is_not_one_of_several():
    alone = FirstToken(shares=[0.07], even=0.06, most=1)
    assert "its only head doesn't" in words.first_in_words(alone, "E")
    assert "in 3 of 4 it is the favourite" in words.first_in_words(
        FirstToken(shares=[0.07] * 4, even=0.06, most=3), "E"
    )


def test_a_small_probability_is_asked_about_as_a_number():
    assert "with 0.0038%" in words.question((0, 0), "Got", 0.0000378)
    assert "with over 99.99%" in words.question((0, 0), "Got", 0.99999)


def test_a_weight_that_is_hardly_more_than_an_even_share_is_said_to_be():
    def told(weight, row=42, causal=True):
        return words.concrete((0, 0), words.Favourite(row, "d", 41, "n", weight), causal, 43)

    assert "hardly more than an even share, 0.023 for each" in told(0.024)
    assert "even share" not in told(0.24)
    assert "even share" not in told(1.0, row=0)
    assert "hardly more" in told(0.024, row=0, causal=False)


def test_only_several_layers_have_heads_each():
    one = GPTConfig(9, n_layer=1, n_head=2, n_embd=8)
    assert "one layer of 2 heads: 2 pictures" in words.intro(one, 5)
    assert "2 layers of 2 heads each" in words.intro(replace(one, n_layer=2), 5)


@pytest.mark.parametrize(
    ("causal", "heading"), [(True, "Three questions"), (False, "Two questions")]
)
def test_the_questions_that_come_up_are_counted(open_at, causal, heading):
    assert f"## {heading} that come up" in said(open_at("attention", {"causal": causal}))


def test_a_hatched_cell_is_looked_for_only_where_there_is_one():
    assert any("hatched" in line for line in words.to_try(True))
    assert not any("hatched" in line for line in words.to_try(False))
