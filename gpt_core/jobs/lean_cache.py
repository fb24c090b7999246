"""Time per token against its position, with and without a KV cache, measured here and now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gpt_core.experiments.decode_speed import cache_bytes, cache_times
from gpt_core.jobs import JobError, Progress
from gpt_core.training.run import Run

PLACES = 10
MOST_FLOPS = 1e12
ROUNDS = 7


def lean_cache(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """No settings. One thread, batch 1.

    Result: {"positions", "cached", "again": milliseconds for the token at each position, "bytes":
    of the cache for one token, "full": for a whole context}. Partial results grow by position.
    """
    model = run.load_model()
    if not model.config.causal:
        raise JobError("This model looks ahead: what it read before changes, so nothing is kept.")
    block_size = model.config.block_size
    # A long context of a large model would take minutes without a cache: as far as there is time.
    work = model.flops_per_token() / 3 * (ROUNDS + 1)
    furthest = max(1, min(block_size, int(2 * MOST_FLOPS / work / PLACES)))
    positions = sorted({max(1, round(furthest * i / PLACES)) for i in range(1, PLACES + 1)} | {1})
    value: dict[str, Any] = {"positions": [], "cached": [], "again": []}
    value |= {"bytes": cache_bytes(model.config), "full": cache_bytes(model.config, block_size)}
    for done, position in enumerate(positions, 1):
        times = cache_times(model, position, ROUNDS)
        value["positions"].append(position)
        for name, thing in (("cached", 0), ("again", 1)):
            value[name].append(round(1000 * times.typical(thing), 4))
        yield Progress(done, len(positions), value)
