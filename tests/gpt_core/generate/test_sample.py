import itertools
import string

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from gpt_core.generate.decoder import Decoder
from gpt_core.generate.sample import SampleConfig, SampleError, cut_at_stop, distribution, generate
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import intervene, record, zero
from tests.helpers import tiny_model

GREEDY = SampleConfig(max_new_tokens=40, temperature=0)
PROMPT = [3, 1, 4, 1, 5]


def build(seed=0, **settings) -> GPT:
    """A small model with weights large enough that its greedy text isn't one token repeated."""
    sizes = {"vocab_size": 17, "block_size": 16}
    model = tiny_model(seed=seed, std=0.4, **sizes | settings)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(std=0.3)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2.0)
    return model


def ids(model, config=GREEDY, prompt=PROMPT, **arguments) -> list[int]:
    return [step.token for step in generate(model, prompt, config, **arguments)]


CHOICES = itertools.product(
    ["layernorm", "rmsnorm", "batchnorm", "none"],
    ["pre", "post"],
    ["learned", "sinusoidal", "rope", "none"],
    ["gelu", "gelu_tanh", "relu", "relu2", "swiglu"],
)


@pytest.mark.parametrize(
    ("number", "choice"), list(enumerate(CHOICES)), ids=lambda choice: str(choice)
)
def test_the_cache_changes_no_logit_and_no_greedy_token(number, choice):
    # The three yes-or-no settings take turns, so that each meets every other choice.
    norm, norm_position, position, activation = choice
    tie, bias, qk_norm = number % 2 == 0, number // 2 % 3 > 0, number // 3 % 2 == 0
    settings = {"tie_weights": tie, "bias": bias, "qk_norm": qk_norm, "activation": activation}
    model = build(norm=norm, norm_position=norm_position, position=position, **settings)
    plain = list(generate(model, PROMPT, GREEDY, use_cache=False))
    cached = list(generate(model, PROMPT, GREEDY))
    assert len(cached) == 40 > model.config.block_size
    for with_cache, without in zip(cached, plain, strict=True):
        torch.testing.assert_close(with_cache.before, without.before, rtol=1e-3, atol=1e-5)
    assert [s.token for s in cached] == [s.token for s in plain]


def test_the_decoder_may_read_its_tokens_in_any_portions():
    model = build(position="rope", qk_norm=True)
    text = [5, 2, 9, 16, 0, 1, 7, 7, 3]
    expected = model(torch.tensor([text]))[0][0, -1].detach()
    for portions in ([9], [1] * 9, [4, 5], [2, 1, 5, 1]):
        decoder, rest = Decoder(model), list(text)
        for n in portions:
            logits = decoder(rest[:n])
            rest = rest[n:]
        torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_runs_of_tokens_reach_back_over_portions_and_are_forgotten_with_the_window():
    model = build(ngrams=4, ngram_rows=23, position="rope")
    text = [5, 2, 9, 16, 0, 1, 7, 7, 3]
    with torch.no_grad():
        expected = model(torch.tensor([text]))[0][0]
    for portions in ([9], [1] * 9, [2, 1, 5, 1]):
        decoder, rest = Decoder(model), list(text)
        read = []
        for n in portions:
            read.append(decoder.read(rest[:n]))
            rest = rest[n:]
        torch.testing.assert_close(torch.cat(read), expected, rtol=1e-4, atol=1e-4)
    decoder.length = 3  # as if the rest had never been read
    torch.testing.assert_close(decoder.read(text[3:5]), expected[3:5], rtol=1e-4, atol=1e-4)
    assert ids(model) == ids(model, use_cache=False)


def test_what_lay_in_the_cache_s_memory_before_is_never_read(monkeypatch):
    model = GPT(GPTConfig(vocab_size=11, n_layer=2, n_head=2, n_embd=8, block_size=8)).eval()
    monkeypatch.setattr(
        torch.Tensor, "new_empty", lambda self, *shape: self.new_full(shape, float("nan"))
    )
    decoder, ids = Decoder(model), [3, 1, 4, 1, 5]
    read = torch.cat([decoder.read(ids[:3]), decoder.read(ids[3:4]), decoder.read(ids[4:])])
    with torch.no_grad():
        torch.testing.assert_close(read, model(torch.tensor([ids]))[0][0])


def test_an_odd_head_width_with_qk_norm():
    model = build(n_embd=6, n_head=2, qk_norm=True)
    assert ids(model) == ids(model, use_cache=False)


def transformers_twin(tied: bool) -> tuple[GPT, GPT2LMHeadModel]:
    """The same random weights in ours and in transformers' GPT-2 (which keeps W transposed)."""
    shape = {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 29}
    settings = {"n_positions": 64, "bos_token_id": None, "eos_token_id": None}
    theirs = GPT2LMHeadModel(GPT2Config(tie_word_embeddings=tied, **settings, **shape)).eval()
    ours = build(block_size=64, tie_weights=tied, activation="gelu_tanh", **shape)
    table = {"wte": ours.wte, "wpe": ours.wpe, "ln_f": ours.norm_f}
    for i, block in enumerate(ours.blocks):
        table |= {
            f"h.{i}.ln_1": block.norm1,
            f"h.{i}.ln_2": block.norm2,
            f"h.{i}.attn.c_attn": block.attn.qkv,
            f"h.{i}.attn.c_proj": block.attn.proj,
            f"h.{i}.mlp.c_fc": block.mlp.up,
            f"h.{i}.mlp.c_proj": block.mlp.down,
        }
    with torch.no_grad():
        ours.norm_f.bias.zero_()  # it pushes every token towards the same one
        for name, mine in table.items():
            module = theirs.transformer.get_submodule(name)
            transposed = type(module).__name__ == "Conv1D"
            module.weight.copy_(mine.weight.T if transposed else mine.weight)
            if getattr(mine, "bias", None) is not None:
                module.bias.copy_(mine.bias)
        theirs.lm_head.weight.copy_(ours.lm_head.weight)
    return ours, theirs


@pytest.mark.parametrize("tied", [True, False])
def test_greedy_text_is_the_one_that_transformers_generates(tied):
    ours, theirs = transformers_twin(tied)
    expected = theirs.generate(
        torch.tensor([PROMPT]),
        attention_mask=torch.ones(1, 5, dtype=torch.long),
        max_new_tokens=59,
        do_sample=False,
        pad_token_id=0,
    )[0, 5:].tolist()
    assert len(set(expected)) > 2  # not one token repeated
    assert ids(ours, SampleConfig(59, temperature=0)) == expected


# Distinct by at least 1/64: which of two equal tokens ranks first is nobody's business.
LOGITS = st.lists(st.integers(-500, 500), min_size=2, max_size=40, unique=True)
FILTERS = st.fixed_dictionaries(
    {
        "temperature": st.floats(0.05, 5),
        "top_k": st.none() | st.integers(1, 50),
        "top_p": st.none() | st.floats(0.01, 1),
        "min_p": st.none() | st.floats(0, 1),
    }
)


@settings(max_examples=150, deadline=None)
@given(LOGITS, FILTERS)
def test_distribution_equals_the_warpers_of_transformers(values, filters):
    logits = torch.tensor(values) / 64
    warpers = LogitsProcessorList([TemperatureLogitsWarper(filters["temperature"])])
    if filters["top_k"]:
        warpers.append(TopKLogitsWarper(filters["top_k"]))
    if filters["top_p"] and filters["top_p"] < 1:
        warpers.append(TopPLogitsWarper(filters["top_p"]))
    if filters["min_p"] is not None:
        warpers.append(MinPLogitsWarper(filters["min_p"]))
    # In float64, where both round less; a border hit to the last bit may fall on either side.
    expected = warpers(None, logits[None].double())[0].softmax(0)
    _, after = distribution(logits.double(), SampleConfig(**filters))
    differing = (after > 0) != (expected > 1e-300)
    if differing.any():
        borderline(logits.double(), filters, differing)
    else:
        torch.testing.assert_close(after, expected, rtol=1e-6, atol=1e-9)


def borderline(logits, filters, differing):
    """Fail unless every token in dispute stands within rounding of a border."""
    p = (logits / filters["temperature"]).softmax(0)
    ranked, order = p.sort(descending=True)
    if filters["top_k"]:
        p = p * (p >= ranked[min(filters["top_k"], len(p)) - 1])
        p = p / p.sum()
    above = torch.zeros_like(p).scatter(0, order, p[order].cumsum(0) - p[order])
    near_top_p = (above - (filters["top_p"] or 1)).abs() < 1e-9
    near_min_p = (p / p.max() - (filters["min_p"] or 0)).abs() < 1e-9
    vanishing = p < 1e-12
    assert (near_top_p | near_min_p | vanishing)[differing].all()


@settings(max_examples=100, deadline=None)
@given(LOGITS, FILTERS)
def test_distribution_is_one_and_keeps_the_order(values, filters):
    logits = torch.tensor(values) / 64
    before, after = distribution(logits, SampleConfig(**filters))
    assert before.sum().item() == pytest.approx(1, abs=1e-5)
    assert after.sum().item() == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(before, logits.softmax(0))
    by_logit = after[logits.argsort(descending=True)]
    assert (by_logit.diff() <= 1e-7).all()  # likelier stays likelier: so a cut is a tail cut
    kept = by_logit > 0
    if filters["top_k"]:
        assert kept.sum() <= filters["top_k"]
    assert kept[0]


def test_filters_on_numbers_worked_out_by_hand():
    logits = torch.tensor([0.4, 0.3, 0.2, 0.1]).log()

    def after(**filters):
        return distribution(logits, SampleConfig(**filters))[1].tolist()

    assert after(top_k=2) == pytest.approx([4 / 7, 3 / 7, 0, 0])
    assert after(top_p=0.65) == pytest.approx([4 / 7, 3 / 7, 0, 0])
    assert after(top_p=0.75) == pytest.approx([4 / 9, 3 / 9, 2 / 9, 0])
    assert after(min_p=0.6) == pytest.approx([4 / 7, 3 / 7, 0, 0])
    # 0.4², 0.3², … at temperature 1/2
    assert after(temperature=0.5) == pytest.approx([16 / 30, 9 / 30, 4 / 30, 1 / 30])
    assert after(temperature=0) == [1, 0, 0, 0]
    # Each filter sees what the one before it left: 4/7 of two tokens already reach 0.5.
    assert after(top_k=2, top_p=0.5) == pytest.approx([1, 0, 0, 0])
    assert after(top_p=1.0, min_p=0.0, top_k=99) == pytest.approx([0.4, 0.3, 0.2, 0.1])


def test_low_temperatures_do_not_overflow():
    _, after = distribution(torch.tensor([30000.0, 29999.0, -30000.0]), SampleConfig(10, 0.01))
    assert after.tolist() == pytest.approx([1, 0, 0])


def test_tokens_are_drawn_as_often_as_their_probability_says():
    model, counts, draws = build(n_layer=1), torch.zeros(17), 1500
    for seed in range(draws):
        config = SampleConfig(1, temperature=1.3, top_k=6, seed=seed)
        step = next(generate(model, PROMPT, config))
        counts[step.token] += 1
    expected = step.after * draws
    assert (counts[expected == 0] == 0).all()
    kept = expected > 0
    chi_squared = ((counts - expected).square() / expected)[kept].sum().item()
    assert chi_squared < 25.7  # 5 degrees of freedom: exceeded once in 10,000


def test_the_seed_decides_the_text_and_nothing_else_does():
    model = build(position="rope")
    config = SampleConfig(max_new_tokens=60, temperature=1.5)
    state = torch.get_rng_state()
    first = ids(model, config)
    assert torch.equal(state, torch.get_rng_state())  # nobody else's random numbers are used up
    torch.manual_seed(99)
    assert ids(model, config) == first
    assert ids(model, config, use_cache=False) == first
    assert ids(model, SampleConfig(max_new_tokens=60, temperature=1.5, seed=7)) != first


def test_every_token_lies_in_the_distribution_that_came_with_it():
    model = build()
    config = SampleConfig(60, top_p=0.6)
    seen = list(PROMPT)
    for step in generate(model, PROMPT, config):
        assert step.after[step.token] > 0
        if len(seen) <= 16:
            logits = model(torch.tensor([seen]))[0][0, -1].detach()
            torch.testing.assert_close(step.before, logits.softmax(0), rtol=1e-4, atol=1e-6)
        seen.append(step.token)


def test_a_full_window_restarts_from_its_last_three_quarters():
    model, text, length = build(), list(PROMPT), 5
    for step in generate(model, PROMPT, GREEDY):
        if length > 16:
            length = 12
        logits = model(torch.tensor([text[-length:]]))[0][0, -1].detach()
        torch.testing.assert_close(step.before, logits.softmax(0), rtol=1e-4, atol=1e-6)
        text.append(step.token)
        length += 1


@pytest.mark.parametrize("block_size", [1, 2, 3, 5])
def test_tiny_windows_and_long_prompts(block_size):
    model = build(block_size=block_size)
    assert ids(model, prompt=PROMPT * 9) == ids(model, prompt=PROMPT * 9, use_cache=False)
    assert ids(model, prompt=PROMPT * 9) == ids(model, prompt=(PROMPT * 9)[-block_size:])


def test_interventions_and_records_are_never_bypassed():
    model = build()
    normal = list(generate(model, PROMPT, GREEDY))
    with intervene(model, {"blocks.0.mlp_out": zero}):
        changed = list(generate(model, PROMPT, GREEDY))
        expected = model(torch.tensor([PROMPT]))[0][0, -1].softmax(0).detach()
    torch.testing.assert_close(changed[0].before, expected)
    assert not torch.allclose(changed[0].before, normal[0].before, atol=1e-3)
    with record(model, "blocks.1.pattern") as tensors:
        next(generate(model, PROMPT, GREEDY))
    assert tensors["blocks.1.pattern"].shape == (1, 2, 5, 5)


def test_an_intervention_may_begin_and_end_while_text_is_written():
    model = build()
    steps = generate(model, PROMPT, GREEDY)
    text = [next(steps).token]
    with intervene(model, {"blocks.*.attn_out": zero}):
        middle = next(steps)
        expected = model(torch.tensor([PROMPT + text]))[0][0, -1].softmax(0).detach()
    torch.testing.assert_close(middle.before, expected)
    text.append(middle.token)
    after = next(steps)  # the cache catches up with the token that it didn't see
    expected = model(torch.tensor([PROMPT + text]))[0][0, -1].softmax(0).detach()
    torch.testing.assert_close(after.before, expected, rtol=1e-4, atol=1e-6)


def test_a_model_that_looks_ahead_takes_the_plain_path():
    model = build(causal=False)
    assert ids(model) == ids(model, use_cache=False)
    with pytest.raises(ValueError, match="causal"):
        Decoder(model)


class Letters:
    """A tokenizer of pieces of one to three letters, so that texts span tokens."""

    pieces = ["\n", "ab", "c", "abc", *string.ascii_lowercase[:13]]

    def decode(self, ids):
        return "".join(self.pieces[i] for i in ids)


def test_stop_texts_are_found_across_token_borders():
    model, tokenizer = build(), Letters()
    config = SampleConfig(max_new_tokens=200, temperature=3.0)
    written = tokenizer.decode(ids(model, config))
    spanning = written[20:25]  # five letters take two tokens or more
    stopped_at = written.index(spanning)
    config = SampleConfig(200, 3.0, stop=("never there", spanning))
    text = tokenizer.decode(ids(model, config, tokenizer=tokenizer))
    assert written.startswith(text)
    assert spanning in text
    assert len(text) < stopped_at + len(spanning) + 3  # nothing after the completing token
    assert cut_at_stop(text, config.stop) == written[:stopped_at]


def test_cut_at_stop_takes_the_first_and_leaves_other_texts_alone():
    assert cut_at_stop("one. two; three", (";", ".")) == "one"
    assert cut_at_stop("one", ()) == "one"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens is 0; it must be a whole number from 1 to"),
        ({"temperature": -1}, "temperature is -1; it must be 0 (always the likeliest) or"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_k": 2.5}, "top_k is 2.5; it must be a whole number"),
        ({"top_p": 0}, "top_p is 0"),
        ({"top_p": 1.1}, "top_p is 1.1"),
        ({"min_p": -0.1}, "min_p is -0.1; it must be a number from 0 to 1."),
        ({"seed": -1}, "seed is -1"),
        ({"stop": "\n"}, "stop is '\\n'; it must be a tuple"),
        ({"stop": ("",)}, "it must be a tuple of texts, none empty"),
    ],
)
def test_wrong_settings_get_a_sentence(wrong, sentence):
    with pytest.raises(SampleError) as error:
        SampleConfig(**wrong)
    assert sentence in str(error.value)
    assert str(error.value).endswith(".")


def test_what_cannot_be_sampled_says_so_at_once():
    model = build()
    with pytest.raises(SampleError, match="nothing to continue"):
        generate(model, [])
    with pytest.raises(SampleError, match="outside the model's 0 to 16"):
        generate(model, [17])
    with pytest.raises(SampleError, match="need the tokenizer"):
        generate(model, [1], SampleConfig(stop=("x",)))
    with pytest.raises(SampleError, match="call model.eval"):
        generate(model.train(), [1])


def test_a_diverged_model_says_so():
    model = build()
    torch.nn.init.constant_(model.wte.weight, float("nan"))
    with pytest.raises(SampleError, match="not numbers"):
        next(generate(model, [1]))


def test_the_consumer_is_not_left_in_inference_mode():
    for _ in generate(build(), PROMPT, GREEDY):
        assert not torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled()
