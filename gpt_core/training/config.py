"""Every choice that makes one training run differ from another, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from gpt_core.model.settings import ConfigError, Settings, setting


@dataclass(frozen=True)
class TrainConfig(Settings):
    """How a model is trained; each setting says below what it is.

        schedule, warmup_steps, min_lr_ratio, cooldown: see `gpt_core.training.optim.lr_factor`.
    batch_size counts all processes and accumulated parts together; grad_accum changes no result.
    document_starts: seven of eight pieces of text begin where a document does (with the two blank
    lines before it), so that the model sees what it is about; else pieces begin anywhere.
    deal: pieces are drawn without replacement, for which fewer steps are needed (Recht & Ré 2012;
    Mishchenko, Khaled & Richtárik 2020, "Random reshuffling"); see `gpt_core.training.data`.
    tune, lora_rank, lora_alpha: for a run that goes on from trained weights; see
    `gpt_core.adapters.ways`. "last" trains the last block and the norm after it.
    rare_token_weight: how many times a rare token that a text depends on counts in the loss that is
    learned from (of the sitcom: its days, numbers, towns; a scene falls apart where one is
    forgotten); it falls to 1 with the learning rate. Reported losses count every token once.
        precision: "auto" computes in bfloat16 where the processor is faster with it.

        Raises ConfigError, with a sentence that says what is allowed, for any wrong value.
    """

    WHAT: ClassVar[str] = "settings of a training run"

    steps: int = setting(2000, "how often the weights are updated", between=(1, 1_000_000))
    batch_size: int = setting(12, "pieces of text in one step", between=(1, 65_536))
    learning_rate: float = setting(
        1e-3,
        "how far a step moves the weights at most (with muon: in the blocks)",
        between=(0.0, 100.0),
    )
    embedding_lr: float = setting(
        0.1, "with muon: learning rate of the embeddings", between=(0.0, 100.0)
    )
    head_lr: float = setting(
        0.02, "with muon: learning rate of the output layer, biases and norms", between=(0.0, 100.0)
    )
    ngram_lr: float = setting(
        0.1, "with ngrams: learning rate of the vectors of runs", between=(0.0, 100.0)
    )
    min_lr_ratio: float = setting(
        0.1, "where the schedule ends, as a share of the peak", between=(0.0, 1.0)
    )
    warmup_steps: int = setting(
        100, "steps in which the learning rate rises to its peak", between=(0, 1_000_000)
    )
    schedule: Literal["cosine", "linear", "constant"] = setting(
        "cosine", "how the learning rate falls after that"
    )
    cooldown: float = setting(
        1.0, "with linear: the last share of the steps in which it falls", between=(0.0, 1.0)
    )
    optimizer: Literal["adamw", "muon"] = setting(
        "adamw", "adamw, or muon for the matrices inside the blocks"
    )
    weight_decay: float = setting(
        0.1, "how strongly weights are pulled to zero", between=(0.0, 100.0)
    )
    beta1: float = setting(0.9, "Adam's memory of the gradient", between=(0.0, 0.9999))
    beta2: float = setting(0.99, "Adam's memory of the gradient's square", between=(0.0, 0.99999))
    momentum: float = setting(0.9, "Muon's memory of the gradient", between=(0.0, 0.9999))
    newton_schulz: int = setting(
        5, "Muon's iterations: more is closer to an orthogonal step", between=(1, 20)
    )
    grad_clip: float = setting(
        1.0, "largest norm of all gradients together; 0 never clips", between=(0.0, 1e9)
    )
    grad_accum: int = setting(
        1, "compute each batch in this many parts, to save memory", between=(1, 65_536)
    )
    document_starts: bool = setting(
        False, "begin most pieces of text where a document begins, after two blank lines"
    )
    deal: bool = setting(
        False, "let no piece of the text come again before all others have been there"
    )
    rare_token_weight: float = setting(
        1.0,
        "how many times the sitcom's days, numbers, towns count in the loss at first",
        between=(0.0, 1000.0),
    )
    eval_interval: int = setting(100, "steps between evaluations", between=(1, 1_000_000))
    eval_batches: int = setting(
        10, "batches of each split in an evaluation; 0 for the whole split", between=(0, 100_000)
    )
    sample_interval: int = setting(
        200, "steps between samples of text; 0 for none", between=(0, 1_000_000)
    )
    snapshot_interval: int = setting(
        100, "steps between kept copies of the weights; 0 for none", between=(0, 1_000_000)
    )
    checkpoint_interval: int = setting(
        100, "steps between saves that a killed run can go on from", between=(1, 1_000_000)
    )
    seed: int = setting(
        1337, "decides the initial weights, the batches and dropout", between=(0, 2**31 - 1)
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto", "number format of matrix products"
    )
    tune: Literal["all", "last", "lora"] = setting(
        "all", "with --from: what is trained: all weights, the last block, or LoRA's adapters"
    )
    lora_rank: int = setting(8, "with lora: rank of the change of a matrix", between=(1, 4096))
    lora_alpha: float = setting(
        16.0, "with lora: scale of the change, times the rank", between=(0.001, 65_536.0)
    )
    compile: bool = setting(False, "build a faster model first with torch.compile (up to a minute)")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size % self.grad_accum:
            raise ConfigError(
                f"batch_size is {self.batch_size} and grad_accum is {self.grad_accum}; the batch "
                f"must split into equal parts."
            )
        if self.deal and self.document_starts:
            raise ConfigError(
                "deal and document_starts exclude each other: pieces side by side don't begin "
                "where documents do."
            )


_MODERN: dict[str, Any] = {
    "steps": 350,
    "optimizer": "muon",
    "learning_rate": 0.05,
    "embedding_lr": 0.1,
    "head_lr": 0.008,
    "momentum": 0.85,
    "newton_schulz": 3,
    "weight_decay": 0.0,
    "schedule": "linear",
    "min_lr_ratio": 0.0,
    "warmup_steps": 0,
    "grad_clip": 0.0,
    "eval_interval": 25,
    "sample_interval": 50,
    "snapshot_interval": 25,
    "checkpoint_interval": 50,
}

PRESETS: dict[str, dict[str, Any]] = {
    # nanoGPT's settings for a CPU (Karpathy, README, "baby GPT").
    "classic": {},
    # Muon and short runs: the recipe that benchmarks/training.py measures.
    "modern": _MODERN,
    # A class's: few steps, and few pauses in which it is measured and kept.
    "quick": _MODERN
    | {
        "steps": 100,
        "eval_interval": 50,
        "eval_batches": 4,
        "sample_interval": 100,
        "snapshot_interval": 50,
        "checkpoint_interval": 100,
    },
    # The "GPT From Scratch" notebooks' own settings.
    "notebook": {
        "steps": 5000,
        "batch_size": 64,
        "learning_rate": 3e-4,
        "schedule": "constant",
        "warmup_steps": 0,
        "weight_decay": 0.01,
        "beta2": 0.999,
        "grad_clip": 0.0,
    },
}
TrainConfig.PRESETS = PRESETS

# Of a run that goes on from a trained model: few steps that are small enough not to tear down what
# is there. Each way's learning rate is that of a model 128 wide.
TUNING: dict[str, Any] = {
    "steps": 300,
    "weight_decay": 0.0,
    "schedule": "linear",
    "min_lr_ratio": 0.0,
    "warmup_steps": 10,
    "eval_interval": 25,
    "sample_interval": 50,
    "snapshot_interval": 25,
    "checkpoint_interval": 50,
}
TUNING_RATES: dict[str, float] = {"all": 1e-3, "last": 3e-3, "lora": 1e-2}


def tuning_config(width: int, **settings: Any) -> TrainConfig:
    """The settings of a run that goes on from a model so wide; settings: what differs.

    Adam's best rate falls about as the width grows (Yang et al. 2021, "Tensor Programs V", table
    3), so the rates of a model 128 wide are scaled. Raises ConfigError.
    """
    rate = TUNING_RATES.get(settings.get("tune", "all"), 0.0) * 128 / width
    return TrainConfig.from_dict(TUNING | {"learning_rate": float(f"{rate:.1e}")} | settings)
