"""Every choice that makes one GPT differ from another, in one place."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

Norm = Literal["layernorm", "rmsnorm", "batchnorm", "none"]
NormPosition = Literal["pre", "post"]
Position = Literal["learned", "sinusoidal", "rope", "none"]
Activation = Literal["gelu", "gelu_tanh", "relu", "relu2", "swiglu"]
ResidualInit = Literal["scaled", "zero", "copy"]


class ConfigError(ValueError):
    """A setting that no GPT can be built from; the message says what is allowed."""


# The largest value of each size. They keep a typing slip from asking for terabytes.
_LARGEST = {
    "vocab_size": 1_000_000,
    "block_size": 131_072,
    "n_layer": 512,
    "n_head": 512,
    "n_embd": 65_536,
}


@dataclass(frozen=True)
class GPTConfig:
    """The shape and the design of a GPT.

    vocab_size: number of different tokens, V.
    block_size: the longest context, in tokens; T never exceeds it.
    n_layer: number of transformer blocks.
    n_head: attention heads per block, H.
    n_embd: width of the residual stream, C; each head is C / H wide.
    dropout: probability of zeroing an activation while training.
    bias: whether linear layers and LayerNorm have an additive bias.
    norm: which normalization; norm_position: before ("pre") or after ("post") each branch.
    position: how the model learns where a token stands.
    activation: the nonlinearity of the feed-forward layer.
    tie_weights: the output layer reuses the token embedding (Press & Wolf 2017).
    qk_norm: queries and keys are RMS-normalised per head (Henry et al. 2020).
    causal: a position sees only itself and what came before.
    residual_init: the last layer of each branch starts small ("scaled", GPT-2 section 2.3) or
        at zero ("zero", so that every block starts as the identity); "copy" is "zero" with heads
        that hand on what they look at from the first step.

    Raises ConfigError, with a sentence that says what is allowed, for any wrong value.
    """

    vocab_size: int
    block_size: int = 128
    n_layer: int = 4
    n_head: int = 4
    n_embd: int = 128
    dropout: float = 0.0
    bias: bool = True
    norm: Norm = "layernorm"
    norm_position: NormPosition = "pre"
    position: Position = "learned"
    activation: Activation = "gelu"
    tie_weights: bool = True
    qk_norm: bool = False
    causal: bool = True
    residual_init: ResidualInit = "scaled"

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            check_setting(name, getattr(self, name), kind)
            if name in _LARGEST:
                check_range(name, getattr(self, name), 1, _LARGEST[name])
        if not 0.0 <= self.dropout < 1.0:
            raise ConfigError(f"dropout is {self.dropout}; it must be at least 0 and below 1.")
        if self.n_embd % self.n_head:
            raise ConfigError(
                f"n_embd is {self.n_embd} and n_head is {self.n_head}; the width must be a "
                f"multiple of the number of heads."
            )
        if self.position == "rope" and self.head_dim % 2:
            raise ConfigError(
                f"Each head is {self.head_dim} wide; rotary positions (rope) turn pairs of "
                f"numbers, so n_embd / n_head must be even."
            )
        if self.position == "sinusoidal" and self.n_embd % 2:
            raise ConfigError(
                f"n_embd is {self.n_embd}; sinusoidal positions come in pairs of sine and "
                f"cosine, so it must be even."
            )

    @property
    def head_dim(self) -> int:
        """Width of one attention head, D = C / H."""
        return self.n_embd // self.n_head

    @classmethod
    def from_preset(cls, name: str, **overrides: Any) -> GPTConfig:
        """Build a preset by name; overrides replace single settings. Raises ConfigError."""
        if name not in PRESETS:
            raise ConfigError(f"There is no preset {name!r}; choose one of {', '.join(PRESETS)}.")
        return cls.from_dict(PRESETS[name] | overrides)

    def to_dict(self) -> dict[str, Any]:
        """All settings as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> GPTConfig:
        """The inverse of to_dict. Raises ConfigError for unknown or missing settings."""
        if not isinstance(settings, dict):
            raise ConfigError("A model's settings must be a JSON object of names and values.")
        check_names(settings, [field.name for field in fields(cls)])
        if "vocab_size" not in settings:
            raise ConfigError("vocab_size is missing; it is the number of different tokens.")
        return cls(**settings)


PRESETS: dict[str, dict[str, Any]] = {
    # GPT-2's choices (Radford et al. 2019, section 2.3).
    "classic": {
        "norm": "layernorm",
        "position": "learned",
        "activation": "gelu",
        "tie_weights": True,
        "bias": True,
    },
    # What small language models are built from today: RoPE (Su et al. 2021), RMSNorm (Zhang &
    # Sennrich 2019), squared ReLU (So et al. 2021), query-key norm, branches that start at zero.
    "modern": {
        "norm": "rmsnorm",
        "position": "rope",
        "activation": "relu2",
        "tie_weights": False,
        "bias": False,
        "qk_norm": True,
        "residual_init": "zero",
    },
    # The "GPT From Scratch" notebooks' own choices.
    "notebook": {
        "n_layer": 6,
        "n_head": 8,
        "n_embd": 256,
        "block_size": 128,
        "norm": "layernorm",
        "position": "learned",
        "activation": "relu",
        "tie_weights": False,
        "dropout": 0.1,
        "bias": True,
    },
}


def check_setting(name: str, value: Any, kind: Any) -> None:
    """Raise ConfigError unless value is of the annotated kind: a Literal, bool, int or float."""
    choices = get_args(kind)
    if choices:
        if value not in choices:
            raise ConfigError(f"{name} is {value!r}; choose one of {', '.join(choices)}.")
    elif kind is bool:
        if not isinstance(value, bool):
            raise ConfigError(f"{name} is {value!r}; it must be true or false.")
    elif kind is int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ConfigError(f"{name} is {value!r}; it must be a whole number.")
    elif not isinstance(value, int | float) or isinstance(value, bool):
        raise ConfigError(f"{name} is {value!r}; it must be a number.")


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise ConfigError unless low ≤ value ≤ high."""
    if not low <= value <= high:
        raise ConfigError(f"{name} is {value}; it must be between {low:,} and {high:,}.")


def check_names(settings: dict[str, Any], known: list[str]) -> None:
    """Raise ConfigError for a setting that doesn't exist."""
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ConfigError(f"Unknown setting {unknown[0]!r}; known are {', '.join(known)}.")
