import copy
import random
import subprocess
import sys
import threading
import time
from dataclasses import fields
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gpt_core.bundled import bundled_run_path
from gpt_core.compression.layers import with_codes
from gpt_core.compression.pruning import cut_heads, head_masks
from gpt_core.compression.rounding import nearest, round_model
from gpt_core.evaluation.held_out import held_out
from gpt_core.generate import compiled
from gpt_core.generate.compiled import BYTES, CompiledDecoder, can_decode, prepare
from gpt_core.generate.decoder import Decoder
from gpt_core.generate.sample import SampleConfig, SampleError, decoder_of, generate
from gpt_core.interpret.attention import trace_attention
from gpt_core.model.config import GPTConfig
from gpt_core.model.observe import intervene, record, zero
from gpt_core.training.run import Run
from tests.helpers import tiny_model

KINDS = get_type_hints(GPTConfig)
SIZES = {"vocab_size", "block_size", "n_layer", "n_head", "n_embd"}
OTHERS = {"dropout", "causal", "residual_init"}  # nothing that a trained causal model computes
UNKNOWN = {"ngrams", "ngram_rows", "ngram_dropout"}  # such a model is left to PyTorch
PROMPT = [3, 1, 4, 1, 5]


@pytest.fixture(scope="module", autouse=True)
def step():
    assert prepare(), "numba is missing; the tests need the extra 'fast'"


def random_design(number):
    """A small model of a design that the number stands for, and as many ids as it can read."""
    draw = random.Random(number)
    kinds = {name: kind for name, kind in KINDS.items() if name in _choices()}
    design = {name: draw.choice(get_args(kind) or (True, False)) for name, kind in kinds.items()}
    heads, width = draw.choice((1, 2, 3, 5)), draw.choice((2, 4, 6, 10, 16))
    model = tiny_model(
        seed=number,
        std=0.1,
        vocab_size=draw.choice((7, 33, 66)),
        block_size=24,
        n_layer=draw.choice((1, 2, 3)),
        n_head=heads,
        n_embd=heads * width,
        **design,
    )
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(std=0.3)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2.0)
    return model, [draw.randrange(model.config.vocab_size) for _ in range(24)]


def _choices():
    return {field.name for field in fields(GPTConfig)} - SIZES - OTHERS - UNKNOWN


def one_by_one(decoder, ids):
    return torch.stack([decoder([token]) for token in ids])


def assert_close(ours, expected):
    """Within 5e-6, or that share of the largest score where it is more than 1."""
    most = max(1.0, float(expected.abs().max()))
    assert float((ours - expected).abs().max()) <= 5e-6 * most


def rounded(model):
    """A copy whose matrices are what int8 keeps of them, for PyTorch."""
    small = copy.deepcopy(model)
    with torch.no_grad():
        if model.config.tie_weights:  # the token vectors themselves stay as they are
            small.lm_head.weight = nn.Parameter(model.lm_head.weight.clone())
        for layer in small.modules():
            if isinstance(layer, nn.Linear):
                layer.weight.copy_(nearest(layer.weight, BYTES).weight())
    return small


def test_a_random_design_chooses_among_all_that_there_is():
    # A new setting has to be thought of here, and in the compiled step.
    assert _choices() == {
        "bias", "norm", "norm_position", "position", "activation", "tie_weights", "qk_norm"
    }  # fmt: skip


@pytest.mark.parametrize("block", range(4))
def test_logits_are_the_decoder_s_for_all_designs(block):
    for number in range(30 * block, 30 * (block + 1)):
        model, ids = random_design(number)
        assert_close(one_by_one(CompiledDecoder(model), ids), Decoder(model).read(ids))


def test_int8_logits_are_the_decoder_s_on_the_rounded_weights():
    for number in range(200, 230):
        model, ids = random_design(number)
        ours = one_by_one(CompiledDecoder(model, int8=True), ids)
        assert_close(ours, Decoder(rounded(model)).read(ids))
        assert not torch.equal(ours, one_by_one(CompiledDecoder(model), ids))


def test_int8_costs_the_bundled_model_less_than_five_thousandths_of_a_nat():
    run = Run.open(bundled_run_path())
    model, pieces = run.load_model().eval(), held_out(run, 6).pieces
    plain, small = [], []
    for piece in pieces:
        ids = list(piece.ids)
        targets = torch.tensor(ids[1:])
        with torch.no_grad():
            plain.append(model(torch.tensor([ids[:-1]]), targets[None])[1].item())
        logits = one_by_one(CompiledDecoder(model, int8=True), ids[:-1])
        small.append(F.cross_entropy(logits, targets).item())
    assert abs(np.mean(small) - np.mean(plain)) < 0.005


@pytest.mark.parametrize("number", range(300, 308))
@pytest.mark.parametrize(
    "config",
    [
        SampleConfig(60, temperature=0),
        SampleConfig(60, temperature=1.3, seed=5),
        SampleConfig(60, temperature=0.8, top_k=5, top_p=0.9, min_p=0.05, seed=6),
    ],
    ids=("greedy", "hot", "filtered"),
)
def test_the_same_seed_writes_the_same_text(number, config):
    model, ids = random_design(number)  # 60 tokens: the window of 24 restarts four times
    assert isinstance(decoder_of(model), CompiledDecoder)
    for prompt in (ids[:1], ids[:7], ids * 2):
        ours = [step.token for step in generate(model, prompt, config)]
        plain = generate(model, prompt, config, decoder=Decoder(model))
        assert ours == [step.token for step in plain]


def test_it_may_read_its_tokens_in_any_portions():
    model, ids = random_design(7)
    expected = Decoder(model)(ids[:9])
    for portions in ([9], [1] * 9, [4, 5], [2, 1, 5, 1]):
        decoder, rest = CompiledDecoder(model), ids[:9]
        for n in portions:
            logits, rest = decoder(rest[:n]), rest[n:]
        assert_close(logits, expected)


def test_it_reads_nothing_beyond_the_model_s_memory():
    decoder = CompiledDecoder(tiny_model())  # 11 tokens, 8 at a time
    for wrong in ([11], [-1], [1, 2, 11], [10**9]):
        with pytest.raises(ValueError, match="from 0 to 10"):
            decoder(wrong)
    decoder([1] * 8)
    with pytest.raises(ValueError, match="at most 8"):
        decoder([1])
    assert decoder.length == 8


def test_logits_that_were_given_out_are_not_written_over():
    model, ids = random_design(8)
    decoder = CompiledDecoder(model)
    first = decoder(ids[:1])
    kept = first.clone()
    decoder(ids[1:2])
    assert torch.equal(first, kept)


def test_what_is_watched_or_changed_is_never_compiled(monkeypatch):
    model = tiny_model(std=0.4, vocab_size=17, block_size=16)
    config = SampleConfig(6, temperature=0)
    steps = generate(model, PROMPT, config)
    text = [next(steps).token]
    with intervene(model, {"blocks.*.attn_out": zero}):
        changed = next(steps)
        expected = model(torch.tensor([PROMPT + text]))[0][0, -1].softmax(0).detach()
    torch.testing.assert_close(changed.before, expected)
    text.append(changed.token)
    after = next(steps)  # compiled again: it catches up with the token that it didn't see
    expected = model(torch.tensor([PROMPT + text]))[0][0, -1].softmax(0).detach()
    torch.testing.assert_close(after.before, expected, rtol=1e-4, atol=1e-6)

    def refuse(*_):
        raise AssertionError("the compiled step was used")

    monkeypatch.setattr(CompiledDecoder, "__call__", refuse)
    with pytest.raises(AssertionError, match="was used"):
        next(generate(model, PROMPT, config))
    with record(model, "blocks.1.pattern") as tensors:
        next(generate(model, PROMPT, config))
    assert tensors["blocks.1.pattern"].shape == (1, 2, 5, 5)
    whole = trace_attention(model, PROMPT, [(0, 1)])
    trace_attention(model, [*PROMPT, 2], [(0, 1)], known=whole)  # a head is off


def test_a_model_with_fewer_heads_in_a_layer_is_left_to_torch():
    model = tiny_model(n_head=4)
    assert can_decode(model)
    small = cut_heads(model, head_masks(model, torch.arange(8.0).view(2, 4), 1 / 8))
    assert not can_decode(small)
    assert isinstance(decoder_of(small), Decoder)


class Doubled(nn.Linear):
    """A part that the step has never heard of."""

    def forward(self, x):
        return 2 * super().forward(x)


def test_a_model_that_it_does_not_know_is_left_to_torch():
    model = tiny_model()
    assert can_decode(model)
    other = copy.deepcopy(model)
    other.blocks[1].mlp.up = Doubled(16, 64)
    strided = copy.deepcopy(model)
    strided.blocks[0].attn.proj.weight = nn.Parameter(torch.randn(16, 16).t())
    blind, runs = tiny_model(causal=False), tiny_model(ngrams=3, ngram_rows=8)
    codes = with_codes(model, round_model(model, BYTES))  # which PyTorch multiplies in bfloat16
    others = (other, strided, blind, runs, codes, tiny_model().double(), tiny_model().bfloat16())
    for model in others:
        assert not can_decode(model)
        with pytest.raises(ValueError, match="can't be read by the compiled step"):
            CompiledDecoder(model)
    assert isinstance(decoder_of(other), Decoder)
    assert len(list(generate(blind, PROMPT[:3], SampleConfig(4)))) == 4


@pytest.mark.parametrize("where", ["blocks.0.attn.qkv.weight", "blocks.1.mlp.up.bias"])
@pytest.mark.parametrize("activation", ["gelu", "gelu_tanh", "relu", "relu2", "swiglu"])
def test_scores_that_are_not_numbers_are_refused_as_torch_s_are(where, activation):
    model = tiny_model(activation=activation)
    model.get_parameter(where).data[5:7] = float("nan")  # of q only: the stream stays sound
    for decoder in (Decoder(model), CompiledDecoder(model), CompiledDecoder(model, int8=True)):
        with pytest.raises(SampleError, match="not numbers"):
            next(generate(model, [1], decoder=decoder))


def test_without_numba_torch_writes(monkeypatch):
    model, ids = random_design(9)
    config = SampleConfig(30, seed=3)
    expected = [step.token for step in generate(model, ids[:4], config)]
    monkeypatch.setattr(compiled, "_step", None)
    monkeypatch.setitem(sys.modules, "numba", None)  # importing it fails now
    monkeypatch.delitem(sys.modules, "gpt_core.generate.compiled_step")
    monkeypatch.delattr("gpt_core.generate.compiled_step")
    assert not prepare() and not can_decode(model)
    assert isinstance(decoder_of(model), Decoder)
    assert [step.token for step in generate(model, ids[:4], config)] == expected


def test_where_no_cache_can_be_written_it_is_compiled_all_the_same(monkeypatch):
    from gpt_core.generate import compiled_step

    asked = []

    def njit(*_, cache=False, **__):
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function 'step': no locator available")
        return lambda function: function

    monkeypatch.setattr(compiled_step, "njit", njit)
    assert compiled_step.compile_step() is compiled_step.step
    assert asked == [True, False]


TWO_THREADS = """
import threading
from gpt_core.generate import compiled
from gpt_core.generate.sample import SampleConfig, decoder_of, generate
from tests.helpers import tiny_model

barrier, texts = threading.Barrier(2), {}
models = [tiny_model(seed=number, block_size=64) for number in range(2)]

def write(number):
    barrier.wait()
    assert compiled.prepare()  # both at once
    assert isinstance(decoder_of(models[number]), compiled.CompiledDecoder)
    barrier.wait()
    steps = generate(models[number], [1], SampleConfig(3000, seed=1))
    texts[number] = [step.token for step in steps]

both = [threading.Thread(target=write, args=(number,)) for number in range(2)]
[thread.start() for thread in both]
[thread.join() for thread in both]
print(texts[0][:200], texts[1][:200], len(texts[0]), len(texts[1]))
"""


def test_two_threads_write_at_once():
    done = subprocess.run([sys.executable, "-c", TWO_THREADS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    models = [tiny_model(seed=number, block_size=64) for number in range(2)]
    steps = [generate(model, [1], SampleConfig(200, seed=1)) for model in models]
    alone = [[step.token for step in text] for text in steps]
    assert done.stdout.strip() == f"{alone[0]} {alone[1]} 3000 3000"


def test_other_threads_run_while_it_computes():
    model = tiny_model(vocab_size=400, block_size=64, n_layer=6, n_head=4, n_embd=512)
    decoder, turns, interval = CompiledDecoder(model), 0, sys.getswitchinterval()

    def compute():
        for _ in range(9):
            decoder.length = 0
            decoder([1])

    thread = threading.Thread(target=compute)
    sys.setswitchinterval(60)  # nobody is made to give up Python's lock
    try:
        thread.start()
        while thread.is_alive():
            turns += 1
            time.sleep(0)
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert turns > 20
