import itertools
import math

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT, CausalSelfAttention, SinusoidalPositions, rotary_angles, rotate
from gpt_core.model.observe import record
from tests.helpers import tiny_model

V, T, C, H, L = 23, 16, 32, 4, 2
SIZES = {"vocab_size": V, "block_size": T, "n_layer": L, "n_head": H, "n_embd": C}

# Every value of every choice, beside the defaults.
CHOICES = [
    {},
    {"bias": False},
    {"norm": "rmsnorm"},
    {"norm": "batchnorm"},
    {"norm": "none"},
    {"norm_position": "post"},
    {"position": "sinusoidal"},
    {"position": "rope"},
    {"position": "none"},
    {"activation": "gelu_tanh"},
    {"activation": "relu"},
    {"activation": "relu2"},
    {"activation": "swiglu"},
    {"tie_weights": False},
    {"qk_norm": True},
    {"causal": False},
    {"residual_init": "zero"},
    {"residual_init": "copy"},
    {"norm": "rmsnorm", "position": "rope", "qk_norm": True, "activation": "swiglu"},
]
choices = pytest.mark.parametrize("choice", CHOICES, ids=str)


def make(seed=0, std=0.2, **choice):
    """A model with weights large enough for every part to matter."""
    return tiny_model(seed=seed, std=std, **SIZES | choice)


def tokens(batch=3, length=T, seed=1):
    return torch.randint(V, (batch, length), generator=torch.Generator().manual_seed(seed))


def test_the_classic_design_equals_gpt2_in_transformers():
    transformers = pytest.importorskip("transformers")
    model = make(std=0.1, activation="gelu_tanh")
    theirs = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=V, n_positions=T, n_embd=C, n_layer=L, n_head=H, attn_pdrop=0, embd_pdrop=0
        )
    ).eval()
    names = {
        "norm1": "ln_1",
        "norm2": "ln_2",
        "attn.qkv": "attn.c_attn",
        "attn.proj": "attn.c_proj",
        "mlp.up": "mlp.c_fc",
        "mlp.down": "mlp.c_proj",
    }
    state = {}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight":
            state[name] = tensor
            continue
        if name.startswith("blocks."):
            _, layer, part, kind = name.replace("attn.", "attn-").replace("mlp.", "mlp-").split(".")
            part = part.replace("-", ".")
            name = f"h.{layer}.{names[part]}.{kind}"
            if "." in part and kind == "weight":
                tensor = tensor.T  # GPT-2 stores its matrices transposed
        state["transformer." + name.replace("norm_f", "ln_f")] = tensor
    theirs.load_state_dict(state)
    logits, loss = model(tokens(), tokens(seed=2))
    expected = theirs(tokens()).logits
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=0)
    cross_entropy = nn.functional.cross_entropy(expected.flatten(0, 1), tokens(seed=2).flatten())
    torch.testing.assert_close(loss, cross_entropy)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("fused", [True, False])
def test_attention_equals_torch(causal, fused):
    attention = CausalSelfAttention(GPTConfig(**SIZES, causal=causal))
    attention.use_fused = fused
    theirs = nn.MultiheadAttention(C, H, batch_first=True)
    for parameter in attention.parameters():
        nn.init.normal_(parameter, std=0.2)
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = (
        attention.qkv.weight.data,
        attention.qkv.bias.data,
    )
    theirs.out_proj.load_state_dict(attention.proj.state_dict())
    x = torch.randn(3, T, C)
    mask = nn.Transformer.generate_square_subsequent_mask(T) if causal else None
    expected, _ = theirs(x, x, x, attn_mask=mask, need_weights=False)
    torch.testing.assert_close(attention(x), expected, atol=1e-5, rtol=1e-4)


@choices
def test_explicit_and_fused_attention_are_equal(choice):
    model = make(**choice)
    assert model.use_fused
    fused, _ = model(tokens())
    model.use_fused = False
    explicit, _ = model(tokens())
    torch.testing.assert_close(fused, explicit, atol=1e-4, rtol=1e-3)
    model.use_fused = True
    with record(model):  # norms too are explicit when watched
        watched, _ = model(tokens())
    torch.testing.assert_close(fused, watched, atol=1e-4, rtol=1e-3)


@choices
def test_fused_and_explicit_gradients_are_equal(choice):
    gradients = []
    for fused in (True, False):
        model = make(**choice).train()
        model.use_fused = fused
        model(tokens(), tokens(seed=2))[1].backward()
        gradients.append({n: p.grad for n, p in model.named_parameters()})
    for name in gradients[0]:
        torch.testing.assert_close(*[g[name] for g in gradients], atol=1e-4, rtol=1e-2)


@choices
def test_a_token_sees_nothing_that_comes_later(choice):
    model = make(**choice)
    one, other = tokens(batch=1), tokens(batch=1)
    other[0, 9] = (other[0, 9] + 1) % V
    difference = (model(one)[0] - model(other)[0]).abs().amax(-1)[0]  # (T,)
    assert (difference[9:] > 1e-4).all()
    if model.config.causal:
        assert (difference[:9] == 0).all()
    else:
        assert (difference[:9] > 1e-5).all()


@choices
def test_a_few_steps_of_training_lower_the_loss(choice):
    torch.manual_seed(0)
    model = GPT(GPTConfig(**SIZES | choice))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    x, y = tokens(), tokens(seed=2)
    first = model(x, y)[1].item()
    assert first == pytest.approx(math.log(V), abs=0.35)  # at the start: no idea
    for _ in range(20):
        optimizer.zero_grad()
        model(x, y)[1].backward()
        optimizer.step()
    assert model(x, y)[1].item() < first - 0.3
    assert all(p.grad is not None for p in model.parameters())


def test_batchnorm_leaks_the_future_while_training():
    model = make(norm="batchnorm").train()
    one, other = tokens(batch=2), tokens(batch=2)
    other[0, 9] = (other[0, 9] + 1) % V
    difference = (model(one)[0] - model(other)[0]).abs().amax(-1)
    assert (difference[0, :9] > 1e-6).any() and (difference[1] > 1e-6).any()


def test_rope_scores_depend_only_on_distance():
    cos, sin = rotary_angles(64, 8)
    q, k = torch.randn(8), torch.randn(8)

    def score(i, j):
        return rotate(q, cos[i], sin[i]) @ rotate(k, cos[j], sin[j])

    for i, j, shift in itertools.product((0, 5), (2, 17), (1, 30)):
        torch.testing.assert_close(score(i, j), score(i + shift, j + shift), atol=1e-4, rtol=0)
    assert abs(score(0, 5) - score(0, 9)) > 1e-3
    torch.testing.assert_close(rotate(q, cos[40], sin[40]).norm(), q.norm())
    assert torch.equal(rotate(q, cos[0], sin[0]), q)


def test_rope_turns_by_the_angle_of_the_paper():
    cos, sin = rotary_angles(10, 4)
    turned = rotate(torch.tensor([1.0, 1.0, 0.0, 0.0]), cos[3], sin[3])
    fast, slow = 3.0, 3.0 / 100  # 10000^0 and 10000^(-2/4)
    expected = [math.cos(fast), math.cos(slow), math.sin(fast), math.sin(slow)]
    torch.testing.assert_close(turned, torch.tensor(expected))


def test_sinusoidal_positions_by_hand():
    table = SinusoidalPositions(10, 4)(torch.arange(10))
    assert table[0].tolist() == [0, 1, 0, 1]
    expected = [math.sin(7), math.cos(7), math.sin(0.07), math.cos(0.07)]
    torch.testing.assert_close(table[7], torch.tensor(expected))


def test_parameters_counted_by_hand():
    block = (3 * C * C + 3 * C) + (C * C + C) + (4 * C * C + 4 * C) + (4 * C * C + C) + 4 * C
    model = GPT(GPTConfig(**SIZES))
    assert model.num_parameters() == V * C + T * C + L * block + 2 * C
    assert model.num_parameters(non_embedding=True) == L * block + 2 * C
    untied = GPT(GPTConfig(**SIZES, tie_weights=False, bias=False, position="rope"))
    assert untied.num_parameters() == 2 * V * C + L * (12 * C * C + 2 * C) + C
    swiglu = GPT(GPTConfig(**SIZES, activation="swiglu", bias=False))
    relu = GPT(GPTConfig(**SIZES, activation="relu", bias=False))
    assert swiglu.num_parameters() == pytest.approx(relu.num_parameters(), rel=0.02)


@pytest.mark.parametrize("preset", ["classic", "modern"])
def test_flops_agree_with_torchs_counter(preset):
    config = GPTConfig.from_preset(preset, vocab_size=V, block_size=64, n_layer=3, n_embd=64)
    model = GPT(config)
    model.use_fused = False  # the counter sees matrix products
    x = torch.randint(V, (2, 64))
    with FlopCounterMode(display=False) as counter:
        model(x, x)[1].backward()
    assert model.flops_per_token() == pytest.approx(counter.get_total_flops() / x.numel(), rel=0.01)


def test_residual_branches_start_small_or_at_zero():
    config = GPTConfig(vocab_size=V, n_layer=8, n_embd=256)
    model = GPT(config)
    for block in model.blocks:
        assert block.attn.proj.weight.std().item() == pytest.approx(0.02 / 4, rel=0.05)
        assert block.mlp.down.weight.std().item() == pytest.approx(0.02 / 4, rel=0.05)
        assert block.attn.qkv.weight.std().item() == pytest.approx(0.02, rel=0.05)
    zero = GPT(GPTConfig(**SIZES, residual_init="zero"))
    with record(zero, "embed", "pos_embed", "blocks.*.resid_post") as tensors:
        zero(tokens())
    start = tensors["embed"] + tensors["pos_embed"]
    assert torch.equal(tensors[f"blocks.{L - 1}.resid_post"], start)  # every block: the identity


def test_heads_that_copy_add_the_average_of_what_they_look_at():
    model = GPT(GPTConfig(**SIZES, position="rope", residual_init="copy"))
    attn = model.blocks[0].attn
    C = model.config.n_embd
    with torch.no_grad():
        attn.qkv.weight[: 2 * C] = 0  # no preference: everyone looks at all tokens alike
    x = torch.randn(2, 6, C)
    average = x.cumsum(1) / torch.arange(1, 7)[:, None]
    torch.testing.assert_close(attn(x), 2.0 * average, rtol=1e-4, atol=1e-5)
    assert not model.blocks[0].mlp.down.weight.any()


def test_tied_weights_are_one_tensor():
    model = make()
    assert model.lm_head.weight is model.wte.weight
    assert make(tie_weights=False).lm_head.weight is not model.wte.weight


def test_any_length_up_to_block_size_and_no_other():
    model = make()
    for length in (1, 5, T):
        assert model(tokens(length=length))[0].shape == (3, length, V)
    for length in (0, T + 1):
        with pytest.raises(ValueError, match=f"reads 1 to {T} tokens"):
            model(tokens(length=length))


def test_targets_of_minus_one_are_ignored():
    model = make()
    x, y = tokens(), tokens(seed=2)
    y[:, 5:] = -1
    expected = model(x[:, :5], y[:, :5])[1]
    torch.testing.assert_close(model(x, y)[1], expected)


def test_dropout_is_random_in_training_and_absent_in_eval():
    model = make(dropout=0.5)
    assert torch.equal(model(tokens())[0], model(tokens())[0])
    model.train()
    assert not torch.equal(model(tokens())[0], model(tokens())[0])
