"""Every choice that makes one GPT differ from another, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from gpt_core.model.settings import ConfigError, Settings, setting

Norm = Literal["layernorm", "rmsnorm", "batchnorm", "none"]
NormPosition = Literal["pre", "post"]
Position = Literal["learned", "sinusoidal", "rope", "none"]
Activation = Literal["gelu", "gelu_tanh", "relu", "relu2", "swiglu"]
ResidualInit = Literal["scaled", "zero", "copy"]


@dataclass(frozen=True)
class GPTConfig(Settings):
    """The shape and the design of a GPT; each setting says below what it is.

    In shapes: V is vocab_size, T is at most block_size, H is n_head, C is n_embd, and each head is
    D = C / H wide. tie_weights: Press & Wolf 2017. qk_norm: per head (Henry et al. 2020).
    ngrams: see `gpt_core.model.ngrams`.
    residual_init: "scaled" is GPT-2's (section 2.3); "zero" starts every block as the identity;
    "copy" is "zero" with heads that hand on what they look at from the first step.

    Raises ConfigError, with a sentence that says what is allowed, for any wrong value.
    """

    WHAT: ClassVar[str] = "settings of a model"

    vocab_size: int = field(
        metadata={"about": "number of different tokens", "between": (1, 1_000_000)}
    )
    block_size: int = setting(
        128, "context length, in tokens: how far back the model sees", between=(1, 131_072)
    )
    n_layer: int = setting(4, "how many transformer blocks stand in a row", between=(1, 512))
    n_head: int = setting(
        4, "attention heads in each block; must divide the width", between=(1, 512)
    )
    n_embd: int = setting(128, "width: how many numbers describe each token", between=(1, 65_536))
    dropout: float = setting(
        0.0, "share of activations zeroed while training; helps when the text is small"
    )
    bias: bool = setting(True, "whether linear layers and LayerNorm have an additive bias")
    norm: Norm = setting("layernorm", "normalization inside the blocks")
    norm_position: NormPosition = setting(
        "pre", "normalise before each branch (pre) or after (post)"
    )
    position: Position = setting("learned", "how the model learns where a token stands")
    activation: Activation = setting("gelu", "nonlinearity of the feed-forward layers")
    tie_weights: bool = setting(True, "whether the output layer reuses the token embedding")
    qk_norm: bool = setting(False, "whether queries and keys are normalised")
    causal: bool = setting(True, "whether a token sees only what came before it")
    ngrams: int = setting(
        0, "runs of 2 up to so many tokens have vectors of their own; 0 for none", between=(0, 16)
    )
    ngram_rows: int = setting(
        16_384, "with ngrams: vectors for the runs of one length", between=(1, 1_000_000)
    )
    ngram_dropout: float = setting(0.2, "with ngrams: share of these vectors zeroed in training")
    residual_init: ResidualInit = setting(
        "scaled", "start of each branch's last layer: small, zero, or heads that copy"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("dropout", "ngram_dropout"):
            share = getattr(self, name)
            if not 0.0 <= share < 1.0:
                raise ConfigError(f"{name} is {share}; it must be at least 0 and below 1.")
        if self.ngrams == 1:
            raise ConfigError("ngrams is 1; a run has 2 tokens or more, and 0 is for none.")
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

    @property
    def post_norm(self) -> bool:
        """Whether norms stand in the stream, after each branch has been added."""
        return self.norm != "none" and self.norm_position == "post"

    @classmethod
    def from_dict(cls, settings: Any) -> Self:
        """The inverse of to_dict. Raises ConfigError for unknown or missing settings."""
        if isinstance(settings, dict) and "vocab_size" not in settings:
            raise ConfigError("vocab_size is missing; it is the number of different tokens.")
        return super().from_dict(settings)


# What small language models are built from today: RoPE (Su et al. 2021), RMSNorm (Zhang & Sennrich
# 2019), squared ReLU (So et al. 2021), query-key norm, branches that start at zero.
_MODERN: dict[str, Any] = {
    "norm": "rmsnorm",
    "position": "rope",
    "activation": "relu2",
    "tie_weights": False,
    "bias": False,
    "qk_norm": True,
    "residual_init": "zero",
}

PRESETS: dict[str, dict[str, Any]] = {
    # GPT-2's choices (Radford et al. 2019, section 2.3).
    "classic": {
        "norm": "layernorm",
        "position": "learned",
        "activation": "gelu",
        "tie_weights": True,
        "bias": True,
    },
    "modern": _MODERN,
    # A small "modern" with vectors for runs of characters: words in seconds.
    "quick": _MODERN
    | {
        "n_layer": 2,
        "n_head": 2,
        "n_embd": 64,
        "block_size": 64,
        "ngrams": 5,
        "ngram_rows": 4096,
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
GPTConfig.PRESETS = PRESETS
