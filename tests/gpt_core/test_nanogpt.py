"""nanoGPT checkpoints against nanoGPT's model, written anew from its published shapes."""

import json
import math

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file, save_model
from torch import nn

from gpt_core.cli.main import main
from gpt_core.huggingface import CheckpointError
from gpt_core.nanogpt import is_nanogpt, load_nanogpt
from gpt_core.training.run import Run

SIZES = {"n_layer": 2, "n_head": 4, "n_embd": 32, "block_size": 24, "vocab_size": 50_304}


class Norm(nn.Module):
    """LayerNorm with a bias that may be left out."""

    def __init__(self, width, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class Layer(nn.Module):
    """Attention and an MLP with exact GELU, each on a normed copy of what it adds to."""

    def __init__(self, n_embd, n_head, bias):
        super().__init__()
        self.heads = n_head
        self.ln_1, self.ln_2 = Norm(n_embd, bias), Norm(n_embd, bias)
        self.attn, self.mlp = nn.Module(), nn.Module()
        self.attn.c_attn = nn.Linear(n_embd, 3 * n_embd, bias=bias)
        self.attn.c_proj = nn.Linear(n_embd, n_embd, bias=bias)
        self.mlp.c_fc = nn.Linear(n_embd, 4 * n_embd, bias=bias)
        self.mlp.c_proj = nn.Linear(4 * n_embd, n_embd, bias=bias)

    def forward(self, x):
        (batch, length, width), deep = x.shape, x.shape[2] // self.heads
        parts = self.attn.c_attn(self.ln_1(x)).split(width, dim=2)
        q, k, v = (p.view(batch, length, self.heads, deep).transpose(1, 2) for p in parts)
        ahead = torch.ones(length, length).triu(1).bool()
        seen = (q @ k.mT / math.sqrt(deep)).masked_fill(ahead, -math.inf).softmax(dim=-1) @ v
        x = x + self.attn.c_proj(seen.transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp.c_proj(F.gelu(self.mlp.c_fc(self.ln_2(x))))


class Nano(nn.Module):
    """Tables of tokens and places, layers, a last norm, and the token table again."""

    def __init__(self, *, n_layer, n_head, n_embd, block_size, vocab_size, bias):
        super().__init__()
        self.transformer = nn.Module()
        self.transformer.wte = nn.Embedding(vocab_size, n_embd)
        self.transformer.wpe = nn.Embedding(block_size, n_embd)
        self.transformer.h = nn.ModuleList(Layer(n_embd, n_head, bias) for _ in range(n_layer))
        self.transformer.ln_f = Norm(n_embd, bias)
        self.lm_head = nn.Linear(n_embd, vocab_size, bias=False)
        self.lm_head.weight = self.transformer.wte.weight

    def forward(self, idx):
        parts = self.transformer
        x = parts.wte(idx) + parts.wpe(torch.arange(idx.shape[1]))
        for layer in parts.h:
            x = layer(x)
        return self.lm_head(parts.ln_f(x))


def nano(bias=False, **sizes):
    """A seeded one, with weights large enough to matter, and its model_args."""
    torch.manual_seed(0)
    args = SIZES | {"bias": bias} | sizes
    model = Nano(**args).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model, args | {"dropout": 0.0}


def saved(folder, tensors, args=None):
    folder.mkdir(exist_ok=True)
    whole = {n: t.detach().clone().contiguous() for n, t in tensors.items()}
    save_file(whole, folder / "model.safetensors")
    if args is not None:
        (folder / "config.json").write_text(json.dumps(args))
    return folder


def assert_equal_logits(ours, other):
    idx = torch.randint(0, other.lm_head.weight.shape[0], (3, 24))
    with torch.no_grad():
        expected = other(idx)
        assert expected.std() > 0.5  # or being equal would mean little
        assert (ours(idx)[0] - expected).abs().max() < 1e-4


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("prefix", ["", "_orig_mod.", "module.", "module._orig_mod."])
def test_its_logits(tmp_path, bias, prefix):
    other, args = nano(bias)
    tensors = {prefix + name: t for name, t in other.state_dict().items()}
    folder = saved(tmp_path / "nano", tensors, args)
    assert is_nanogpt(folder) and is_nanogpt(folder / "model.safetensors")
    ours, tokenizer = load_nanogpt(folder)
    assert_equal_logits(ours, other)
    assert not ours.training and ours.config.bias == bias and ours.config.tie_weights
    assert tokenizer.vocab_size == 50_304 and tokenizer.encode("Hello world") == [15496, 995]


@pytest.mark.parametrize("kept", ["transformer.wte.weight", "lm_head.weight"])
def test_tied_numbers_may_be_kept_once(tmp_path, kept):
    other, args = nano()
    tied = {"transformer.wte.weight", "lm_head.weight"}
    tensors = {n: t for n, t in other.state_dict().items() if n == kept or n not in tied}
    assert_equal_logits(load_nanogpt(saved(tmp_path / "nano", tensors, args))[0], other)


def test_saved_as_safetensors_recommends_and_named_by_its_file(tmp_path):
    other, _ = nano()
    save_model(other, str(tmp_path / "ckpt.safetensors"))
    assert_equal_logits(load_nanogpt(tmp_path / "ckpt.safetensors", n_head=4)[0], other)


def test_an_output_layer_of_its_own_and_an_old_mask(tmp_path):
    other, args = nano()
    other.lm_head.weight = nn.Parameter(torch.randn_like(other.lm_head.weight))
    tensors = other.state_dict() | {"transformer.h.0.attn.bias": torch.ones(1, 1, 24, 24)}
    ours, _ = load_nanogpt(saved(tmp_path / "nano", tensors, args))
    assert not ours.config.tie_weights
    assert_equal_logits(ours, other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_head": None}, "add --n-head N"),
        ({"n_head": 5}, "multiple of the number of heads"),
        ({"n_head": "four"}, "whole number"),
        ({"n_layer": 3}, "config.json says n_layer 3, and the weights say 2"),
        ({"bias": True}, "config.json says bias True"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change, message):
    other, args = nano()
    args = {n: v for n, v in (args | change).items() if v is not None}
    with pytest.raises(CheckpointError, match=message):
        load_nanogpt(saved(tmp_path / "nano", other.state_dict(), args))


@pytest.mark.parametrize("name", ["transformer.wpe.weight", "transformer.h.1.ln_2.weight"])
def test_a_missing_tensor_is_named(tmp_path, name):
    other, args = nano()
    tensors = {n: t for n, t in other.state_dict().items() if n != name}
    with pytest.raises(CheckpointError, match=name.removeprefix("transformer.")):
        load_nanogpt(saved(tmp_path / "nano", tensors, args))


def test_characters_need_a_tokenizer(tmp_path):
    other, args = nano(vocab_size=65)
    with pytest.raises(CheckpointError, match=r"The model has 65 tokens and its tokenizer 50,257"):
        load_nanogpt(saved(tmp_path / "nano", other.state_dict(), args))


def test_as_typed(tmp_path, capsys):
    other, args = nano()
    folder = saved(tmp_path / "nano", other.state_dict())
    file, out = str(folder / "model.safetensors"), tmp_path / "runs" / "nano"
    assert main(["import", file, "--out", str(out)]) == 2
    assert "add --n-head N" in capsys.readouterr().err and not out.exists()
    assert main(["import", file, "--out", str(out), "--n-head", "4"]) == 0
    assert_equal_logits(Run.open(out).load_model(), other)
    (tmp_path / "ckpt.pt").write_bytes(b"a pickle")
    assert main(["import", str(tmp_path / "ckpt.pt"), "--out", str(tmp_path / "x")]) == 2
    assert "a pickle, which is never read" in capsys.readouterr().err
    assert main(["import", str(tmp_path), "--out", str(tmp_path / "x"), "--n-head", "4"]) == 2
    assert "--n-head can't take effect" in capsys.readouterr().err
