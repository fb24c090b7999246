import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt_core.model.config import PRESETS, GPTConfig
from gpt_core.model.settings import ConfigError


def test_presets_are_the_published_choices():
    classic = GPTConfig.from_preset("classic", vocab_size=10)
    assert (classic.norm, classic.position, classic.activation) == ("layernorm", "learned", "gelu")
    assert classic.tie_weights and classic.bias and classic.norm_position == "pre"
    notebook = GPTConfig.from_preset("notebook", vocab_size=10)
    assert (notebook.n_layer, notebook.n_head, notebook.n_embd) == (6, 8, 256)
    assert (notebook.block_size, notebook.dropout, notebook.activation) == (128, 0.1, "relu")
    modern = GPTConfig.from_preset("modern", vocab_size=10)
    assert (modern.norm, modern.position, modern.activation) == ("rmsnorm", "rope", "relu2")
    assert modern.qk_norm and not modern.tie_weights and modern.residual_init == "zero"


@pytest.mark.parametrize("name", PRESETS)
def test_settings_survive_the_way_to_json_and_back(name):
    config = GPTConfig.from_preset(name, vocab_size=77, n_layer=3)
    assert GPTConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_layer": 0}, "n_layer is 0; it must be between 1 and 512."),
        ({"n_layer": 2.0}, "n_layer is 2.0; it must be a whole number."),
        ({"n_layer": True}, "n_layer is True; it must be a whole number."),
        ({"vocab_size": 10**9}, "vocab_size is 1000000000; it must be between 1 and 1,000,000."),
        ({"dropout": 1.0}, "dropout is 1.0; it must be at least 0 and below 1."),
        ({"dropout": float("nan")}, "dropout is nan; it must be at least 0 and below 1."),
        ({"dropout": "much"}, "dropout is 'much'; it must be a number."),
        ({"bias": 1}, "bias is 1; it must be true or false."),
        ({"norm": "groupnorm"}, "choose one of layernorm, rmsnorm, batchnorm, none."),
        ({"activation": "tanh"}, "choose one of gelu, gelu_tanh, relu, relu2, swiglu."),
        ({"n_embd": 30, "n_head": 4}, "the width must be a multiple of the number of heads."),
        ({"n_embd": 12, "n_head": 4, "position": "rope"}, "n_embd / n_head must be even."),
        ({"n_embd": 9, "n_head": 3, "position": "sinusoidal"}, "so it must be even."),
        ({"n_layers": 4}, "Unknown setting 'n_layers'"),
    ],
)
def test_a_wrong_value_gets_one_sentence(settings, words):
    with pytest.raises(ConfigError) as error:
        GPTConfig.from_dict({"vocab_size": 10} | settings)
    message = str(error.value)
    assert words in message
    assert "\n" not in message and message.endswith(".")


def test_missing_vocabulary_and_unknown_preset():
    with pytest.raises(ConfigError, match="vocab_size is missing"):
        GPTConfig.from_preset("classic")
    with pytest.raises(ConfigError, match="choose one of classic, modern, quick, notebook"):
        GPTConfig.from_preset("gpt5", vocab_size=10)
    with pytest.raises(ConfigError, match="JSON object"):
        GPTConfig.from_dict([])


json_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
names = st.sampled_from([*GPTConfig(vocab_size=1).to_dict(), "surprise"])


@given(st.dictionaries(names, json_values, max_size=6))
def test_any_json_gives_a_config_or_a_config_error(settings):
    try:
        config = GPTConfig.from_dict(settings)
    except ConfigError:
        return
    assert config.n_embd == config.n_head * config.head_dim
