from functools import partial

import pytest
import torch
import torch.nn.functional as F

from gpt_core.bundled import bundled_run_path
from gpt_core.bundled.record import load
from gpt_core.interpret.attention import Ablation
from gpt_core.interpret.neurons import KEPT, loudest, remove_neuron, top_texts_of
from gpt_core.model import recording
from gpt_core.model.config import GPTConfig
from gpt_core.training.run import Run
from pages.mlp import words
from pages.mlp.words import FALLS, GUESSES, MOVES, STAYS
from tests.helpers import said, tables
from ui.app.study_bar import DEFAULT_PROMPT

PROMPT = "OTTO: A duck?"


def drawn(app):
    """The HTML that the page draws itself: chips and contexts."""
    return " ".join(node.proto.body for node in app.main.get("html"))


@pytest.fixture
def open_mlp(open_lesson):
    return partial(open_lesson, "mlp", prompt=PROMPT)


def test_it_opens_on_the_loudest_neuron_and_its_recorded_texts(open_mlp):
    run = Run.open(bundled_run_path())
    model, tokenizer = run.load_model(), run.tokenizer()
    ids = tokenizer.encode(DEFAULT_PROMPT.replace("⏎", "\n"))
    loud = loudest(model, recording.run(model, ids, *KEPT), 2, 2)
    app = open_mlp(prompt=None)
    assert app.number_input[0].value == loud[0].neuron
    app.button(key=f"mlp_neuron_2_{loud[1].neuron}").click().run()
    assert not app.exception
    assert f"neuron {loud[1].neuron}, on your prompt" in " ".join(h.value for h in app.subheader)
    recorded = top_texts_of(load("top_texts")["value"], 2, loud[1].neuron)
    assert f"**{100 * recorded.positive:.3g}%**" in said(app)
    assert drawn(app).count("<mark>") == len(recorded.places)
    assert "Recorded about the bundled model" in said(app)


def test_a_dead_neuron_is_said_to_be_dead(open_mlp):
    value = load("top_texts")["value"]
    hidden = len(value["layers"]["0"]["places"])
    dead = [n for n in range(hidden) if top_texts_of(value, 0, n).dead]
    if not dead:
        pytest.skip("The bundled model's first layer has no dead neuron.")
    app = open_mlp(mlp_layer=0, mlp_neuron_0=dead[0])
    assert "Dead, as far as was read." in app.warning[0].value
    app.radio(key=f"mlp_guess_0_{dead[0]}").set_value(STAYS).run()
    assert "**Right.**" in app.success[0].value and "never fires" in app.success[0].value


@pytest.mark.parametrize("activation", ["relu", "relu2", "gelu", "gelu_tanh", "swiglu"])
def test_a_removed_neuron_is_judged_by_the_numbers(open_mlp, tmp_path, activation):
    app = open_mlp(design={"activation": activation, "norm": "rmsnorm"})
    layer, neuron = 1, int(app.number_input[0].value)
    run = Run.open(tmp_path / "0000000a")
    model, ids = run.load_model(), run.tokenizer().encode(PROMPT)
    change = remove_neuron(model, recording.run(model, ids, *KEPT), layer, neuron)
    moved = (change.after - change.before).abs().sum() / 2
    truth = STAYS if moved < 0.01 else MOVES
    truth = FALLS if change.before.argmax() != change.after.argmax() else truth
    for guess in GUESSES:
        app.session_state["guesses"] = {}  # else the first guess stays
        app.session_state[f"mlp_guess_1_{neuron}"] = guess
        app.run()
        assert not app.exception
        (told,) = app.success if guess == truth else app.warning
        assert told.value.startswith("✓" if guess == truth else "✗")
        assert f"{100 * moved:.2f}% of the probability moved" in told.value
    post = recording.run(model, ids, *KEPT).layers("mlp_post")
    zeros = [f"{100 * (post[i] == 0).float().mean():.1f}%" for i in (0, 1)]
    assert list(tables(app)[0]["exactly 0"]) == zeros
    assert (zeros != ["0.0%", "0.0%"]) == activation.startswith("relu")


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        ({"n_layer": 1, "n_head": 1, "norm_position": "post", "position": "none"}, "N"),
        ({"norm": "batchnorm", "activation": "swiglu", "tie_weights": False}, "`*<b>" * 40),
        ({"norm": "none", "causal": False, "position": "sinusoidal"}, "OTTO: wet " * 9),
        ({"preset": "modern", "block_size": 1}, "OTTO"),
    ],
)
def test_any_model_prompt_and_address(open_mlp, model, prompt):
    app = open_mlp(prompt=prompt, design=model, mlp_layer=99, mlp_neuron_0=-5, mlp_neuron_1=10**9)
    assert app.header[-1].value == "Test yourself"


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("gelu", F.gelu),
        ("gelu_tanh", partial(F.gelu, approximate="tanh")),
        ("swiglu", F.silu),
    ],
)
def test_zeros_by_rounding_begin_where_it_says(activation, function):
    zeros = words.silence(4, 8, activation, 0.3)
    bound = float(zeros.split("below about ")[1].rstrip(".").replace("−", "-"))
    assert "exact zeros come from rounding" in zeros
    assert (function(torch.linspace(1.1 * bound, 1.03 * bound, 50)) == 0).all()
    assert (function(torch.linspace(0.97 * bound, -0.01, 50)) != 0).all()
    assert "no neuron got that far" in words.silence(4, 8, activation, 0.0)


def test_a_function_that_cuts_off_says_so():
    assert "relu2 makes everything below 0 exactly 0" in words.silence(4, 8, "relu2", 0.4)


def test_the_bundled_model_s_zeros_are_explained(open_mlp):
    app = open_mlp()
    zeros = [float(share.rstrip("%")) for share in tables(app)[0]["exactly 0"]]
    assert ("exact zeros come from rounding" in said(app)) == (max(zeros) > 0)


def test_the_formula_has_the_norm_where_the_model_has_it():
    def told(**design):
        return words.mechanism(GPTConfig(10, **design), 512)

    assert "`x + W_down · gelu(W_up · norm(x))`" in told()
    assert "`norm(x + W_down · gelu(W_up · x))`" in told(norm_position="post")
    assert "`x + W_down · relu(W_up · x)`" in told(norm="none", activation="relu")
    assert "norm" not in told(norm="none")
    gated = told(activation="swiglu", norm="rmsnorm", bias=False)
    assert "`x + W_down · (silu(W_gate · norm(x)) × (W_up · norm(x)))`" in gated
    assert "Biases" in told() and "Biases" not in gated


def test_the_mlp_s_share_of_a_layer_s_weights(open_mlp):
    """4C² weights and 4C biases in attention, 8C² and 5C in the MLP, 4C in the norms: C = 128."""
    own, every = 8 * 128 + 5, 12 * 128 + 13
    assert "**Why 4 times wider?**" in said(app := open_mlp())
    assert f"{100 * own / every:.0f}% of a layer's parameters" in said(app)


def test_neurons_of_one_layer_are_counted_once():
    assert "**256 neurons** in this model's only layer" in words.intro(GPTConfig(9, n_layer=1), 256)
    assert "each layer: 512 in this model" in words.intro(GPTConfig(9, n_layer=2), 256)


def test_who_reads_a_neuron_later_is_one_sentence():
    assert ": a later layer reads" in words.later(1) and ": 2 later layers read" in words.later(2)


def test_a_last_layer_has_no_later_ones_to_pass():
    assert "past all later layers" in words.effect("a", 1.0, 2, normed=True)
    last = words.effect("a", 1.0, 0, normed=True)
    assert "past all later layers" not in last and "divide by is held fixed" in last
    assert "direct effect" not in words.effect("a", 1.0, 0, normed=False)
    assert "straight to the end; what the norms" in words.effect("a", 1.0, 0, normed=True)
    assert "straight to the end, past all later layers.)" in words.effect("a", 1.0, 1, normed=False)
    both = "straight to the end, past all later layers; what the norms"
    assert both in words.effect("a", 1.0, 2, normed=True)
    assert "norms" not in words.effect("a", 1.0, 1, normed=False)


def test_what_to_try_can_be_done_with_this_model():
    def tries(**design):
        return " ".join(words.to_try(GPTConfig(9, **design)))

    assert "a neuron of the first layer and one of the last" in tries(n_layer=2)
    assert "first layer" not in tries(n_layer=1)
    assert "a dead one" in tries(activation="relu2")
    assert "dead" not in tries(activation="gelu")  # it is 0 by rounding alone
    assert "below 0 at another" in tries(activation="swiglu")


def test_numbers_that_stay_do_not_go_anywhere():
    same, other = torch.tensor([0.6, 0.4]), torch.tensor([0.55, 0.45])
    still = words.answer(STAYS, Ablation(same, same + 1e-6, 1.0, 1.0), True).why
    assert "the best guess stayed at 60.0%" in still and "loss stayed at 1.443 bits" in still
    moved = words.answer(STAYS, Ablation(same, other, 1.0, 1.1), True).why
    assert "went from 60.0% to 55.0%" in moved and "loss went from 1.443 to 1.587" in moved


def test_of_an_imported_model_nobody_says_that_it_learned_this_text():
    assert "text that this model learned" in words.firing(9, 0.5, "gelu", imported=False)
    assert "learned" not in words.firing(9, 0.5, "gelu", imported=True) + words.search(True)
