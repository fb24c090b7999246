"""What it costs to watch a model: two ratios, as the table that docs/measurements.md quotes.

    python -m benchmarks.observe

Recording: a forward pass inside `record(model)`, which keeps every named tensor, over a plain one.
Hook points: a plain forward pass over that of a copy without any, whose hook points are replaced by
nothing at all. Both at 128 tokens, one thread, in turns; the median of the ratios of neighbours.
Measured is the processor time of the thread that computes, so that what else goes on in the
machine hardly counts.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gpt_core.bundled import bundled_run_path
from gpt_core.memory import keep_freed_memory
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import HookPoint, record
from gpt_core.training.run import Run

LENGTH = 128


def _nothing(x: Tensor) -> Tensor:
    return x


_nothing.hooked = False  # type: ignore[attr-defined]


def without_hook_points(model: GPT) -> GPT:
    """A copy of the model with every hook point gone."""
    bare = copy.deepcopy(model)
    for module in list(bare.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, HookPoint):
                delattr(module, name)
                module.__dict__[name] = _nothing
    return bare


def seconds_of(run: Callable[[], object]) -> float:
    """Processor seconds of one call in this thread."""
    started = time.thread_time()
    run()
    return time.thread_time() - started


def ratio(
    slow: Callable[[], object], quick: Callable[[], object], pairs: int
) -> tuple[float, float, float]:
    """Medians: how many times longer, and the milliseconds of each."""
    for run in (slow, quick) * 3:
        run()
    times = []
    for i in range(pairs):  # each goes first every other time
        if i % 2:
            times.append((seconds_of(slow), seconds_of(quick)))
        else:
            times.append((seconds_of(quick), seconds_of(slow))[::-1])
    return (
        statistics.median(a / b for a, b in times),
        *(1000 * statistics.median(side) for side in zip(*times, strict=True)),
    )


def models() -> dict[str, nn.Module]:
    """The bundled model, and one of 6 layers, 6 heads, 384 wide (random weights)."""
    torch.manual_seed(0)
    large = GPTConfig.from_preset("modern", vocab_size=2048, n_layer=6, n_head=6, n_embd=384)
    return {
        "bundled, 4 × 128": Run.open(bundled_run_path()).load_model().eval(),
        "6 × 384": GPT(large).eval(),
    }


@torch.no_grad()
def measure(model: GPT, pairs: int) -> str:
    """One row of the table."""
    idx = torch.randint(model.config.vocab_size, (1, LENGTH))
    bare = without_hook_points(model)

    def recorded() -> None:
        with record(model):
            model(idx)

    watching, watched, plain = ratio(recorded, lambda: model(idx), pairs)
    having, _, without = ratio(lambda: model(idx), lambda: bare(idx), pairs)
    return (
        f"{plain:.2f} ms | {watched:.2f} ms | **{watching:.2f}** | {without:.2f} ms | "
        f"**{having:.3f}**"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200, help="forward passes of each kind")
    pairs = parser.parse_args().pairs
    torch.set_num_threads(1)
    keep_freed_memory()  # as the app does
    print("| model | plain | recorded | times | without hook points | plain over that |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, model in models().items():
        print(f"| {name} | {measure(model, pairs)} |")


if __name__ == "__main__":
    main()
