import copy

import numpy as np
import pytest
import torch
from torch import nn

from gpt_core.interpret.neurons import (
    KEPT,
    corpus_tokens,
    direct_effect,
    loudest,
    remove_neuron,
    silence,
    top_texts_of,
)
from gpt_core.jobs import JobError
from gpt_core.jobs.top_texts import top_texts
from gpt_core.model import recording
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import intervene, record, replace
from gpt_core.training.run import Run
from tests.helpers import TEXT, tiny_model, write_run

IDS = [3, 1, 4, 1, 5, 9, 2, 6]
DESIGNS = [
    {"norm": "layernorm", "activation": "gelu"},
    {"norm": "rmsnorm", "activation": "relu2", "tie_weights": False, "bias": False},
    {"norm": "batchnorm", "activation": "swiglu"},
    {"norm": "none", "activation": "relu"},
    {"norm": "layernorm", "activation": "swiglu", "norm_position": "post"},
    {"norm": "rmsnorm", "activation": "gelu_tanh", "norm_position": "post", "n_layer": 1},
]


def trace_neurons(model, ids):
    return recording.run(model, ids, *KEPT)


@pytest.fixture(params=DESIGNS, ids=lambda d: "-".join(map(str, d.values())))
def model(request):
    return tiny_model(**{"n_layer": 3} | request.param)


@pytest.mark.parametrize("layer", [0, -1])
def test_the_direct_effect_is_what_goes_when_nothing_else_may_answer(model, layer):
    """Remove the neuron, but hold all later branches and all norms' divisors as they were."""
    layer %= model.config.n_layer
    trace = trace_neurons(model, IDS)
    neuron, place = loudest(model, trace, layer, 1)[0].neuron, 5
    with record(model) as kept, torch.no_grad():
        model(torch.tensor([IDS]))
    held = {name: kept[name] for name in trace.tensors if name.endswith(".scale")}
    for later in range(layer + 1, model.config.n_layer):
        held |= {
            f"blocks.{later}.{x}": kept[f"blocks.{later}.{x}"] for x in ("attn_out", "mlp_out")
        }
    removed = copy.deepcopy(model)
    removed.blocks[layer].mlp.down.weight.data[:, neuron] = 0
    with intervene(removed, {name: replace(x) for name, x in held.items()}), torch.no_grad():
        without = removed(torch.tensor([IDS]))[0][0]
    activation = trace[f"blocks.{layer}.mlp_post"][place, neuron]
    effect = direct_effect(model, trace, layer, neuron, place) * activation
    expected = trace.logits[place] - without[place]
    torch.testing.assert_close(effect, expected, rtol=1e-3, atol=1e-4)


def test_a_removed_neuron_equals_zeroed_weights(model):
    trace = trace_neurons(model, IDS)
    zeroed = copy.deepcopy(model)
    zeroed.blocks[0].mlp.down.weight.data[:, 7] = 0
    found, expected = remove_neuron(model, trace, 0, 7), trace_neurons(zeroed, IDS)
    torch.testing.assert_close(found.after, expected.logits[-1].softmax(-1), rtol=1e-3, atol=1e-5)
    assert found.loss_after == pytest.approx(expected.loss, abs=1e-4)
    assert found.loss_before == trace.loss
    torch.testing.assert_close(found.before, trace.logits[-1].softmax(-1))


def test_the_loudest_are_those_whose_vectors_are_the_longest(model):
    trace = trace_neurons(model, IDS)
    found, post = loudest(model, trace, 0, 3), trace["blocks.0.mlp_post"]
    down = model.blocks[0].mlp.down.weight.detach()
    slow = [
        (
            max((post[t, n] * down[:, n]).norm().item() for t in range(len(IDS))),
            n,
        )
        for n in range(down.shape[1])
    ]
    assert [loud.neuron for loud in found] == [n for _, n in sorted(slow, reverse=True)[:3]]
    assert found[0].written == pytest.approx(max(slow)[0], rel=1e-4)
    assert found[0].activation == post[found[0].place, found[0].neuron].item()


def test_silence_is_counted():
    torch.manual_seed(0)
    model = GPT(GPTConfig(11, block_size=8, n_layer=1, n_head=1, n_embd=4, activation="relu"))
    mlp = model.blocks[0].mlp
    nn.init.zeros_(mlp.up.weight)
    mlp.up.bias.data = torch.tensor([-1.0] * 10 + [0.5] * 3 + [100.0] * 3)
    found = silence(trace_neurons(model.eval(), IDS), 0)
    assert found.never == 10
    assert found.zero == pytest.approx(10 / 16)
    assert found.quiet == pytest.approx(13 / 16)


@pytest.mark.parametrize("activation", ["relu2", "gelu", "swiglu"])
def test_the_search_finds_what_a_loop_over_windows_finds(tmp_path, activation):
    run = write_run(tmp_path, "0000000a", activation=activation)
    model, tokens = run.load_model(), corpus_tokens(run, 5000)
    assert tokens.tolist() == run.tokenizer().encode(TEXT)[:5000]
    *_, last = top_texts(run, {"layer": None})
    assert last.done == last.total == last.value["tokens"] == len(tokens) - 1
    post = []
    for start in range(0, len(tokens) - 1, 32):
        rows = tokens[start : min(start + 32, len(tokens) - 1)].tolist()
        post.append(trace_neurons(model, rows)["blocks.1.mlp_post"])
    post = torch.cat(post)
    for neuron in (0, 5, 84):
        found, column = top_texts_of(last.value, 1, neuron), post[:, neuron]
        assert found.positive == pytest.approx((column > 0).float().mean().item(), abs=2e-3)
        strength = column.abs() if activation == "swiglu" else column
        assert abs(found.strengths[0]) == pytest.approx(
            strength.max().abs().item(), rel=1e-3, abs=1e-3
        )
        assert column[found.places].tolist() == pytest.approx(found.strengths, rel=1e-2, abs=1e-3)
        endings = [tuple(tokens[max(0, p - 2) : p + 1]) for p in found.places]
        assert len(set(endings)) == len(endings) <= 4


def test_a_dead_neuron_is_known_as_one(tmp_path):
    run = write_run(tmp_path, "0000000a", activation="relu")
    model = run.load_model()
    model.blocks[0].mlp.up.weight.data[3] = 0
    model.blocks[0].mlp.up.bias.data[3] = -1
    run.save_model(model, 2)
    *_, last = top_texts(run, {"layer": 0})
    assert top_texts_of(last.value, 0, 3).dead and top_texts_of(last.value, 0, 3).positive == 0
    assert not top_texts_of(last.value, 0, 4).dead
    with pytest.raises(KeyError):
        top_texts_of(last.value, 1, 0)


def test_of_a_generated_sitcom_only_the_beginning_is_made(tmp_path, monkeypatch):
    from corpus.sitcom import whole_text

    text = whole_text(5, 40)
    run = write_run(tmp_path, "0000000a", text=text, tokenizer="word")
    beginning = corpus_tokens(run, 1000)
    recipe = Run(run.path, run.model_config, run.train_config,
                 run.corpus | {"sitcom": {"seed": 5, "scenes": 40}}, run.created)  # fmt: skip
    monkeypatch.setattr(Run, "text", lambda self: pytest.fail("the whole text was made"))
    assert np.array_equal(corpus_tokens(recipe, 1000), beginning)


@pytest.mark.parametrize("layer", [2, -1, "0", True])
def test_a_layer_that_the_model_lacks_is_refused(tmp_path, layer):
    run = write_run(tmp_path, "0000000a")
    with pytest.raises(JobError, match="layer is"):
        next(top_texts(run, {"layer": layer}))


def test_it_needs_a_model():
    with pytest.raises(JobError, match="Choose a model"):
        next(top_texts(None, {"layer": None}))
