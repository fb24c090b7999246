from functools import partial

import pytest
import torch

from gpt_core.generate import compiled, sample
from gpt_core.generate.sample import SampleConfig, distribution, generate
from gpt_core.model.config import GPTConfig
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.run import Run
from pages.sample import words
from pages.sample.measured import full_name, read
from pages.sample.sampling import candidates
from tests.helpers import said
from tests.pages.conftest import OWN

PROMPT = "OTTO: It was"


@pytest.fixture
def open_sample(open_at):
    """Open the lesson on a small run of its own, with settings in the address."""
    return partial(open_at, "sample", {}, prompt=PROMPT, temperature="1", min_p="0")


def finish(app):
    """Run the page, as its timer does, until the text has ended."""
    for _ in range(60):
        if not app.session_state["writing"].live:
            return app.session_state["writing"]
        app.run()
        assert not app.exception
    raise AssertionError("the text never ends")


def expected_text(tmp_path, config):
    run = Run.open(tmp_path / OWN)
    tokenizer = run.tokenizer()
    steps = generate(run.load_model().eval(), tokenizer.encode(PROMPT), config)
    return [tokenizer.token_text(step.token) for step in steps]


def test_it_writes_what_gpt_core_writes_with_these_settings(open_sample, tmp_path):
    app = open_sample(temperature="0.7", top_k="9", min_p="0.05", seed="5", length="60")
    app.button(key="write").click().run()
    writing = finish(app)
    config = SampleConfig(60, temperature=0.7, top_k=9, min_p=0.05, seed=5)
    expected = expected_text(tmp_path, config)
    assert [text.replace("␣", " ").replace("⏎", "\n") for text in writing.texts] == expected
    assert "60 tokens, written with temperature 0.7, top-k 9, min-p 0.05, seed 5" in said(app)


def test_every_token_comes_with_the_draw_it_came_from(open_sample):
    app = open_sample(top_k="4", length="20")
    app.button(key="write").click().run()
    writing = finish(app)
    for text, draw in zip(writing.texts, writing.drawn, strict=True):
        name, before, after = draw["rows"][draw["drawn"]]
        assert name == text
        assert 0 < before <= after
        assert draw["kept"] == 4
        assert sum(row[2] for row in draw["rows"]) + draw["rest"][2] == pytest.approx(1, abs=1e-3)
        assert sum(row[1] for row in draw["rows"]) + draw["rest"][1] == pytest.approx(1, abs=1e-3)


def test_only_what_was_cut_is_shown_as_nothing(open_sample, tmp_path):
    run = open_sample() and Run.open(tmp_path / OWN)
    tokenizer = run.tokenizer()
    logits = torch.arange(float(tokenizer.vocab_size)).flip(0) * 2  # the last ones: e^-50 and less
    whole = candidates(*distribution(logits, SampleConfig()), tokenizer, token=24)
    assert all(after > 0 for _, _, after in whole["rows"])
    cut = candidates(*distribution(logits, SampleConfig(top_k=3)), tokenizer)
    assert [after > 0 for _, _, after in cut["rows"]] == [True] * 3 + [False] * 6
    assert cut["rest"][2] == 0


def test_what_computes_a_token_is_said(open_sample, monkeypatch):
    app = open_sample(length="20")

    def written():
        app.button(key="write").click().run()
        return finish(app).texts, said(app)

    assert compiled.prepare()
    by_function, told = written()
    assert "Here **one compiled function** does a whole step" in told
    assert "s by one compiled function:" in told and "by PyTorch" not in told
    for module in (compiled, sample):
        monkeypatch.setattr(module, "can_decode", lambda model: False)
    by_torch, told = written()
    assert "Here PyTorch does each step" in told and "not for this one" in told
    assert "s by PyTorch:" in told and "one compiled function:" not in told
    assert by_function == by_torch
    monkeypatch.setattr(compiled, "is_prepared", lambda: False)
    assert "Where numba is installed" in written()[1]


def test_stop_keeps_what_was_written_and_write_starts_anew(open_sample):
    app = open_sample(length="400")
    app.button(key="write").click().run()
    app.run()
    app.button(key="stop").click().run()
    assert not app.exception
    written = list(app.session_state["writing"].texts)
    assert 0 < len(written) < 400
    app.run()
    assert app.session_state["writing"].texts == written
    assert f"{len(written)} tokens, written with" in said(app)
    app.button(key="write").click().run()
    finish(app)
    assert app.session_state["writing"].texts[: len(written)] == written  # the same seed


def test_settings_that_change_do_not_touch_the_text_that_is_there(open_sample):
    app = open_sample(length="20")
    app.button(key="write").click().run()
    written = list(finish(app).texts)
    app.slider(key="temperature").set_value(0.0).run()
    assert app.session_state["writing"].texts == written
    assert "written with temperature 1, seed 1337" in said(app)
    assert "the likeliest token takes everything" in said(app)


def test_the_words_speak_of_this_prompt(open_sample):
    app = open_sample(top_k="3")
    assert "top-k 3 leaves 3 (cuts" in said(app)
    assert "3 tokens can be drawn" in said(app)
    before = said(app)
    app.text_input(key="prompt").set_value("NADIA").run()
    assert not app.exception
    assert said(app) != before


def test_a_guess_is_answered_for_this_prompt(open_sample):
    app = open_sample()
    question = next(radio for radio in app.radio if "top-p 0.9" in radio.label)
    question.set_value(question.options[0]).run()
    assert not app.exception
    (told,) = [*app.success, *app.warning]
    assert "The likeliest alone has" in told.value


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("", "The prompt is empty"),
        ("Ünd 🦆", "Not in the vocabulary: `Ü` `🦆`"),
        ("OTTO: wet " * 9, "reads 32 tokens at a time"),
    ],
)
def test_unusual_prompts_get_one_sentence(open_sample, prompt, sentence):
    assert sentence in said(open_sample(prompt=prompt))


@pytest.mark.parametrize(
    "options",
    [
        {"preset": "modern"},
        {"tokenizer": "bpe"},
        {"tokenizer": "word"},
        {"causal": False},
        {"norm": "batchnorm", "norm_position": "post", "position": "sinusoidal"},
    ],
    ids=str,
)
def test_any_model_writes(open_at, options):
    app = open_at("sample", options, prompt=PROMPT, temperature="1", min_p="0", length="40")
    app.button(key="write").click().run()
    assert len(finish(app).texts) == 40


def test_it_opens_with_the_settings_that_the_bundled_model_was_measured_with(open_lesson):
    app = open_lesson("sample")
    settings = read("scenes")["settings"]
    for name in ("temperature", "min_p"):
        assert app.slider(key=name).value == settings[name]
    assert app.slider(key="top_p").value == 1 and app.number_input(key="top_k").value == 0
    assert settings["top_p"] is None and settings["top_k"] is None


def test_every_racer_can_be_read(open_lesson):
    app = open_lesson("sample")
    box = app.selectbox(key="race_text")
    for name in box.options:
        box.set_value(name).run()
        assert not app.exception
        row = next(row for row in read("race")["rows"] if full_name(row) == name)
        assert row["wrote"].strip() in [code.value.strip() for code in app.code]


def test_nonsense_in_the_address_is_ignored(open_sample):
    app = open_sample(temperature="hot", top_k="-3", top_p="9", seed="x", length="1000000")
    assert app.slider(key="length").value <= 400
    assert app.slider(key="top_p").value <= 1
    app.button(key="write").click().run()
    assert not app.exception


def test_what_was_built_in_is_said_to_show_in_the_race_only_where_it_does():
    race, scenes = read("race"), read("scenes")
    told = words.about_race(race, scenes)
    assert (
        "no help here (*heads that start at zero* 0.81, *all tokens count once* 0.93); "
        "in so short a race *heads that start at zero* is even ahead. " in told
    )
    # Only of whom took more steps is that said; heads that start at zero took fewer.
    assert "In that time *half as deep* took many more steps" in told
    rows = [
        row | {"bits": row["bits"] | {"value": row["bits"]["value"] + 1}}
        if row["name"] in (words.COPYING_OFF, words.COUNTING_OFF)
        else row
        for row in race["rows"]
    ]
    told = words.about_race(race | {"rows": rows}, scenes)
    assert "Without one of the two built-in helps it is worse" in told
    assert "doesn't show" not in told


def test_one_token_passes_and_several_pass():
    tokenizer = train_tokenizer("char", "abcd" * 20)
    sure, flat = torch.tensor([9.0, 0, 0, 0, 0]), torch.zeros(5)
    config = SampleConfig(min_p=0.1)
    assert "1 token passes" in words.min_p(sure, config, tokenizer)
    assert "5 tokens pass " in words.min_p(flat, config, tokenizer)


def test_the_question_is_about_another_temperature_and_judged_by_both_numbers():
    sure = torch.tensor([20.0] + [0.0] * 99)
    flat = torch.tensor([3.0, 2.9] + [0.0] * 98)
    assert [words.kept_by(logits, 1.0) for logits in (sure, flat)] == [1, 87]
    steep = torch.tensor([10.0] + [0.0] * 999)
    for logits, right in ((sure, 0), (flat, 1), (steep, 3)):
        answers = [words.nucleus_answer(guess, logits).right for guess in words.GUESSES]
        assert answers == [number == right for number in range(4)]


def test_the_gap_of_two_logits_adds_up():
    tokenizer = train_tokenizer("char", "ab")
    told = words.temperature(torch.tensor([18.4651, 18.4149]), SampleConfig(), tokenizer)
    assert "logit 18.465" in told and "18.415: a gap of 0.050" in told and "= 1.05 times" in told


@pytest.mark.parametrize(
    ("gap", "tau", "times"),
    [
        (30.0, 0.5, "Divided by τ = 0.5 the gap becomes 60.000: 1.14·10²⁶ times"),
        (30.0, 1.0, "At τ = 0.5 the gap would double: 1.14·10²⁶ times"),
        (5e6, 1.0, "e⁵⁰⁰⁰⁰⁰⁰ = over 10³⁰⁰ times"),
    ],
)  # fmt: skip
def test_how_much_likelier_is_said_of_any_gap(gap, tau, times):
    tokenizer = train_tokenizer("char", "ab")
    told = words.temperature(torch.tensor([gap, 0.0]), SampleConfig(temperature=tau), tokenizer)
    assert times in told


def test_who_keeps_keys_and_values_is_said_of_this_model():
    assert "**KV cache**" in words.cache(GPTConfig(vocab_size=9, block_size=64))
    blind = words.cache(GPTConfig(vocab_size=9, causal=False))
    assert "KV cache" not in blind and "computed again" in blind
