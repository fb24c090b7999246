"""Where a model's learned numbers sit: a table that adds up, and the same for published models."""

from __future__ import annotations

from dataclasses import dataclass

from gpt_core.model.config import GPTConfig
from gpt_core.model.shapes import shapes_of

# Parts of a model by the beginning of their parameters' names, in the order of a pass.
PARTS = {
    "token embeddings": ("wte.",),
    "embeddings of runs of tokens": ("ngrams.",),
    "position embeddings": ("wpe.",),
    "attention: queries, keys, values": ("attn.qkv.",),
    "attention: output projection": ("attn.proj.",),
    "MLP: up": ("mlp.up.", "mlp.gate."),
    "MLP: down": ("mlp.down.",),
    "norms": ("norm1.", "norm2.", "attn.q_norm.", "attn.k_norm.", "norm_f."),
    "output layer": ("lm_head.",),
}


@dataclass(frozen=True)
class Share:
    """A part's parameters.

    shape: of its matrix, or of each of its matrices. each: how many in one layer, or in all where
    the part stands outside of the layers. times: how many layers have it. total: each × times, for
    norms also that of the last one.
    """

    part: str
    shape: str
    each: int
    times: int
    total: int


def parameter_table(config: GPTConfig) -> list[Share]:
    """All parameters of a design by part; the totals sum to `GPT.num_parameters()`.

    A tied output layer has none of its own. Parts without parameters are left out.
    """
    found: dict[str, list[tuple[str, tuple[int, ...], int]]] = {part: [] for part in PARTS}
    for name, parameter in shapes_of(config).named_parameters():
        found[_part_of(name)].append((name, tuple(parameter.shape), parameter.numel()))
    return [_share(part, rows, config.n_layer) for part, rows in found.items() if rows]


def _part_of(name: str) -> str:
    inside = name.split(".", 2)[2] if name.startswith("blocks.") else name
    return next(part for part, beginnings in PARTS.items() if inside.startswith(beginnings))


def _share(part: str, rows: list[tuple[str, tuple[int, ...], int]], layers: int) -> Share:
    total = sum(count for _, _, count in rows)
    first = [row for row in rows if row[0].startswith("blocks.0.")]
    shapes = [
        " × ".join(f"{size:,}" for size in shape)
        for _, shape, _ in first or rows
        if len(shape) == 2
    ]
    shape = shapes[0] if shapes else f"{rows[0][1][0]}"
    if len(shapes) > 1:
        shape = f"{len(shapes)} of {shape}"
    if not first:
        return Share(part, shape, total, 1, total)
    return Share(part, shape, sum(count for _, _, count in first), layers, total)


@dataclass(frozen=True)
class Published:
    """A published model's sizes. tokens: of text that it was trained on; None: not published.

    source: where the numbers stand.
    """

    name: str
    year: int
    parameters: float
    layers: int
    heads: int
    width: int
    context: int
    vocabulary: int
    tokens: float | None
    source: str


PUBLISHED = (
    Published(
        "GPT-2 (small)", 2019, 124_439_808, 12, 12, 768, 1024, 50_257, None,
        "Radford et al. 2019, table 2; counted from the published weights",
    ),
    Published(
        "GPT-3", 2020, 175e9, 96, 96, 12_288, 2048, 50_257, 300e9,
        "Brown et al. 2020, table 2.1",
    ),
    Published(
        "Llama 3.1 405B", 2024, 405e9, 126, 128, 16_384, 131_072, 128_256, 15.6e12,
        "Grattafiori et al. 2024, table 3 and section 3.2",
    ),
)  # fmt: skip
