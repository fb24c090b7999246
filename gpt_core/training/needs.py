"""What a model needs to be trained and to write: bytes, multiplications, time and electricity.

All of it is arithmetic on a model's shape, to be followed with a pencil; `gpt_core.jobs.
lean_training` measures the same of a model that lies in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gpt_core.model.config import GPTConfig
from gpt_core.model.shapes import shapes_of

FLOAT = 4  # bytes
TOKENS_PER_PARAMETER = 20  # Hoffmann et al. 2022, "Training Compute-Optimal LLMs", table 3


@dataclass(frozen=True)
class Needs:
    """Bytes in float32, and counts.

    parameters: learned numbers. weights, gradients: 4 bytes each. optimizer: Adam's two averages of
    each. activations: what a forward pass over a batch keeps for the backward pass. cache: keys and
    values of one whole context. flops: operations to train on one token.
    """

    parameters: int
    weights: int
    gradients: int
    optimizer: int
    activations: int
    cache: int
    flops: int


def needs_of(config: GPTConfig, batch: tuple[int, int]) -> Needs:
    """What a design needs; batch: pieces of text and tokens in each, (B, T)."""
    parameters, flops = _counts(config)
    size = FLOAT * parameters
    pieces, length = batch
    return Needs(
        parameters=parameters,
        weights=size,
        gradients=size,
        optimizer=2 * size,
        activations=FLOAT * pieces * length * kept_for_a_token(config),
        cache=2 * config.n_layer * config.n_embd * FLOAT * config.block_size,
        flops=flops,
    )


def _counts(config: GPTConfig) -> tuple[int, int]:
    """Parameters, and operations to train on one token. Both grow by as much with every layer."""
    one, two = (shapes_of(replace(config, n_layer=layers)) for layers in (1, 2))
    parameters, flops = one.num_parameters(), one.flops_per_token()
    more = config.n_layer - 1
    parameters += more * (two.num_parameters() - parameters)
    return parameters, flops + more * (two.flops_per_token() - flops)


def kept_for_a_token(config: GPTConfig) -> int:
    """Numbers that a forward pass keeps for each token of a batch: L blocks, then the logits."""
    return config.n_layer * sum(kept_in_a_block(config).values()) + kept_at_the_end(config)


def kept_in_a_block(config: GPTConfig) -> dict[str, int]:
    """Numbers that a block keeps for each token, part by part; attention in the fused kernel.

    A product of matrices keeps its input, a norm what it reads, the activation its input.
    """
    c = config.n_embd
    hidden = 8 * c // 3 if config.activation == "swiglu" else 4 * c
    inner = {"swiglu": 4, "relu": 1}.get(config.activation, 2)  # pre, gate, silu, product; …
    turned = 2 * c if config.position == "rope" or config.qk_norm else 0
    return {
        "what both norms read": 2 * c if config.norm != "none" else 0,
        "what the first products read": 2 * c,
        "queries, keys and values": 3 * c,
        "queries and keys, turned": turned,
        "what the heads found": c,
        "inside the MLP": inner * hidden,
    }


def kept_at_the_end(config: GPTConfig) -> int:
    """Numbers for each token after the last block: what norm and output layer read, and V."""
    return (2 if config.norm_position == "pre" else 1) * config.n_embd + config.vocab_size


def grown(config: GPTConfig, times: int) -> GPTConfig:
    """The same design with blocks of about `times` as many parameters: deeper and wider alike.

    Parameters grow with depth · width², so both grow by the cube root; heads keep their width.
    """
    by = times ** (1 / 3)
    heads = max(1, round(config.n_head * by))
    return replace(
        config,
        n_layer=max(1, round(config.n_layer * by)),
        n_head=heads,
        n_embd=heads * config.head_dim,
    )


@dataclass(frozen=True)
class Machine:
    """Something to train on. flops: operations a second that it reaches. watts: what it draws."""

    name: str
    flops: float
    watts: float
    source: str


# Dense bfloat16 peak of 989 teraflops, of which large training runs reach 40% or so.
H100 = Machine("one H100", 0.4 * 989e12, 700, "NVIDIA's H100 data sheet; Grattafiori et al. 2024")


@dataclass(frozen=True)
class Training:
    """tokens to learn from, operations in all, seconds, and kilowatt hours."""

    tokens: float
    flops: float
    seconds: float
    kwh: float


def training_of(needs: Needs, machine: Machine) -> Training:
    """Training on 20 tokens for each parameter, without a break."""
    tokens = TOKENS_PER_PARAMETER * needs.parameters
    flops = float(tokens) * needs.flops
    seconds = flops / machine.flops
    return Training(tokens, flops, seconds, seconds * machine.watts / 3.6e6)
