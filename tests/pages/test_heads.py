"""The Multi-head lesson on models of many designs, and what its words say against the numbers."""

from functools import partial

import pytest

from gpt_core.interpret.attention import trace_attention
from gpt_core.interpret.output_projection import KEPT, output_step
from gpt_core.model import recording
from gpt_core.model.config import GPTConfig
from gpt_core.training.run import Run
from pages.heads.words import FEWER, MORE, SAME, Most, answer, one_set_each, to_try
from tests.helpers import said, tables
from tests.pages.conftest import OWN
from ui.show.numbers import percent


@pytest.fixture
def open_heads(open_at):
    return partial(open_at, "heads", prompt="OTTO: A duck?")


def test_the_hand_calculation_shows_the_models_own_number(open_heads, tmp_path):
    app = open_heads(design={"n_head": 4}, heads_layer="1", heads_token="3")
    run = Run.open(tmp_path / OWN)
    model, ids = run.load_model(), run.tokenizer().encode("OTTO: A duck?")
    step = output_step(model, recording.run(model, ids, *KEPT), 1, 3)
    channel = int(step.attn_out.abs().argmax())
    shown = [float(number.replace("−", "-")) for number in tables(app)[0]["adds"]]
    assert shown[:4] == pytest.approx(step.parts[:, channel].tolist(), abs=6e-4)
    assert shown[-1] == pytest.approx(step.attn_out[channel].item(), abs=6e-4)
    assert shown[-2] == pytest.approx(shown[-1], abs=1.1e-3)
    assert f"**number {channel}**" in said(app)
    assert "4 × 8 = **32**" in said(app)


@pytest.mark.parametrize("guess", [FEWER, SAME, MORE])
def test_the_answer_counts_the_weights(open_heads, tmp_path, guess):
    app = open_heads(design={"n_head": 4}, heads_layer="1", heads_token="3")
    (question,) = app.radio
    assert "gives most" not in said(app)
    question.set_value(guess).run()
    assert not app.exception
    run = Run.open(tmp_path / OWN)
    model = run.load_model()
    assert f"= {model.blocks[0].attn.qkv.weight.numel():,}" in said(app)
    assert ("✓ **Right.**" in said(app)) == (guess == SAME)
    pattern = trace_attention(model, run.tokenizer().encode("OTTO: A duck?")).pattern
    for head, share in enumerate(pattern[1, :, 3].amax(dim=-1).tolist()):
        assert f"({percent(share)})" in said(app).partition(f"head {head}: ")[2][:30]


def test_a_single_head_is_compared_with_two():
    config = GPTConfig(vocab_size=9, block_size=8, n_layer=1, n_head=1, n_embd=8)
    assert "2 × 3 × 8 × 4 = 192" in answer(SAME, config).why


def test_heads_that_agree_are_not_said_to_differ():
    alike, apart = [Most(0, "a", 0.5), Most(0, "a", 0.9)], [Most(0, "a", 0.5), Most(3, "b", 0.9)]
    assert "all heads agree" in one_set_each("x", alike, 9)
    assert "all heads agree" not in one_set_each("x", apart, 9)
    assert "different things" in one_set_each("x", apart, 9)
    assert "agree" not in one_set_each("x", alike[:1], 9)
    same_word = [Most(0, "a", 0.5), Most(3, "a", 0.9)]
    assert "all heads agree" not in one_set_each("x", same_word, 9)


def test_heads_that_spread_evenly_are_not_said_to_choose():
    told = one_set_each("d", [Most(41, "n", 0.024), Most(41, "n", 0.0236)], 43)
    assert "agree" not in told
    assert "hardly a choice: an even share would be 2.3%" in told
    assert "hardly" not in one_set_each("d", [Most(41, "n", 0.24), Most(41, "n", 0.23)], 43)
    assert "For comparison" in one_set_each("d", [Most(41, "n", 0.24), Most(41, "n", 0.023)], 43)
    alone = [Most(0, "d", 1.0)] * 2
    assert "sees only itself" in one_set_each("d", alone, 1)
    assert "Choose a later token" in one_set_each("d", alone, 1)
    assert "later" not in one_set_each("d", alone, 1, longer=False)


DESIGNS = {
    "one head in one layer": {"n_layer": 1, "n_head": 1},
    "modern": {"preset": "modern"},
    "post-norm, not causal": {"norm_position": "post", "causal": False, "norm": "batchnorm"},
    "many heads, short context": {"n_layer": 6, "n_head": 16, "block_size": 3},
}


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
@pytest.mark.parametrize("prompt", ["OTTO: A duck?", "O"], ids=["words", "one token"])
def test_the_lesson_opens_on_every_design(open_heads, design, prompt):
    app = open_heads(prompt=prompt, design=design)
    assert len(app.radio) == 1
    assert tables(app)


def test_nonsense_in_the_address_is_no_error(open_heads):
    app = open_heads(heads_layer="9", heads_token="-1")
    assert "At position 0," in said(app)


def test_the_only_head_is_no_list():
    one, two = Most(1, "b", 0.2), Most(2, "c", 0.3)
    assert "this model's only head gives most to `b` (20.0%)" in one_set_each("a", [one], 20)
    assert "Where each head gives most" in one_set_each("a", [one, two], 20)


@pytest.mark.parametrize(("heads", "compares"), [(1, False), (2, True)])
def test_with_a_single_head_nobody_is_asked_to_compare_two(heads, compares):
    told = " ".join(to_try(GPTConfig(vocab_size=9, n_head=heads, n_embd=8)))
    assert ("two heads" in told) == compares
