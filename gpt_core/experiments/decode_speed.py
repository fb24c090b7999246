"""How long the next token takes: with and without a KV cache, by its place, and by bytes.

A step at batch 1 multiplies a few vectors by every weight of the model. So it takes at least as
long as reading all weights from memory once. A small model doesn't come near: it spends its time on
calling one operation after another (dispatch).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.compression.layers import with_codes
from gpt_core.compression.rounding import GRIDS, as_stored, nbytes, round_model
from gpt_core.experiments.stopwatch import Times, bandwidth, one_thread, take_turns
from gpt_core.generate.decoder import Decoder
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.weights import weights

LARGE = {"n_layer": 3, "n_head": 8, "n_embd": 1024, "vocab_size": 2048, "block_size": 64}


def writer(model: GPT, prompt: Sequence[int], count: int) -> Callable[[], list[int]]:
    """A function that writes `count` tokens after the prompt, always the likeliest, by a cache."""
    decoder = Decoder(model)

    def write() -> list[int]:
        decoder.length = 0
        written = [int(decoder(list(prompt)).argmax())]
        for _ in range(count - 1):
            written.append(int(decoder(written[-1:]).argmax()))
        return written

    return write


def writer_without_cache(model: GPT, prompt: Sequence[int], count: int) -> Callable[[], list[int]]:
    """The same tokens, the whole text being read again for each."""

    @torch.no_grad()
    def write() -> list[int]:
        text = list(prompt)
        for _ in range(count):
            text.append(int(model(torch.tensor([text], device=model.device))[0][0, -1].argmax()))
        return text[len(prompt) :]

    return write


@torch.no_grad()
def cache_times(model: GPT, position: int, rounds: int = 5) -> Times:
    """Seconds for the next token at a position (1 to block_size): with a cache, and without.

    A cache of position − 1 tokens is there already in the first case.
    """
    decoder, ids = Decoder(model), [i % model.config.vocab_size for i in range(position)]
    if position > 1:
        decoder.read(ids[:-1])
    idx = torch.tensor([ids])

    def cached() -> None:
        decoder.length = position - 1
        decoder(ids[-1:])

    def again() -> None:
        model(idx)[0][0, -1]

    with one_thread():
        return take_turns([cached, again], rounds)


def cache_bytes(config: GPTConfig, tokens: int = 1, key_heads: int | None = None) -> int:
    """Bytes that keys and values of so many tokens take in float32: 2 · L · H · D · 4 each.

    key_heads: how many heads have keys and values of their own. With fewer than n_head, several
    heads share one pair (grouped-query attention, Ainslie et al. 2023).
    """
    heads = config.n_head if key_heads is None else key_heads
    return 2 * config.n_layer * heads * config.head_dim * 4 * tokens


def read_for_a_token(tensors: dict[str, Tensor], config: GPTConfig) -> int:
    """Bytes of weights that a step at batch 1 reads: all, but of a table of vectors one row.

    tensors: as a file keeps them. A tied table is read whole, by the output layer.
    """
    tables = {"wpe.weight", "ngrams.table.weight"} | (
        set() if config.tie_weights else {"wte.weight"}
    )
    rest = {n: t for n, t in tensors.items() if n.removesuffix(".scale") not in tables}
    return nbytes(rest)


@dataclass(frozen=True)
class Wait:
    """What a step at batch 1 waits for.

    name: how weights are kept. nbytes: of weights that it reads. seconds: a step takes. floor:
    seconds that reading them from memory takes.
    """

    name: str
    nbytes: int
    seconds: float
    floor: float


def waits(model: GPT, rate: float, steps: int = 16, rounds: int = 5) -> list[Wait]:
    """The same model in float32, in 8 and in 4 bits. rate: bytes a second, see `bandwidth`."""
    kinds: dict[str, tuple[GPT, dict[str, Tensor]]] = {"float32": (model, weights(model))}
    for name in ("int8 per channel", "int4 in groups"):
        codes = round_model(model, GRIDS[name])
        kinds[name] = with_codes(model, codes), as_stored(model, codes)
    steps = min(steps, model.config.block_size - 1)
    writers = [writer(other, [0], steps) for other, _ in kinds.values()]
    with one_thread():
        times = take_turns(writers, rounds)
    found = []
    for place, (name, (_, tensors)) in enumerate(kinds.items()):
        size = read_for_a_token(tensors, model.config)
        found.append(Wait(name, size, times.typical(place) / steps, size / rate))
    return found


def large_model() -> GPT:
    """A model of random weights that no processor's cache has room for: 40 million parameters."""
    torch.manual_seed(0)
    return GPT(GPTConfig(**LARGE)).eval().requires_grad_(False)  # type: ignore[arg-type]


def measured_bandwidth() -> float:
    """Bytes a second, by one thread."""
    with one_thread():
        return bandwidth()
