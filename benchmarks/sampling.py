"""Tokens a second at batch 1: our generate against transformers' GPT-2 with its cache.

    python -m benchmarks.sampling

Same shapes, same random weights, greedy, the same 255 tokens out (checked) from a prompt of one
token, so that both fill a context of 256. The vocabulary is a character model's 65. Ours three
times: by PyTorch, by the compiled step, and by the compiled step with int8 weights, whose text is
checked against PyTorch's on the rounded weights. All take turns; transformers and PyTorch each at
the thread count (1 or 2) that was better for it in a first round, the compiled step with one. A
ratio is the median over rounds of ours to theirs in the same round.
Ours is the very `generate` that the app uses: it also yields both distributions of every token.

Then what a token costs in memory, against what one core can read; and what int8 does to the loss of
the bundled model on a text that it has never seen.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from statistics import median

import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from gpt_core.bundled import bundled_run_path
from gpt_core.compression.rounding import nearest
from gpt_core.evaluation.held_out import held_out
from gpt_core.evaluation.paired import paired
from gpt_core.generate import compiled
from gpt_core.generate.compiled import CompiledDecoder
from gpt_core.generate.decoder import Decoder
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.training.run import Run

BLOCK, VOCABULARY, PROMPT = 256, 65, [0]
NEW = BLOCK - len(PROMPT)
SHAPES = {
    "4 layers × 128 wide, 4 heads": {"n_layer": 4, "n_head": 4, "n_embd": 128},
    "6 layers × 384 wide, 6 heads": {"n_layer": 6, "n_head": 6, "n_embd": 384},
}
THREADS = (1, 2)


def twins(shape: dict[str, int]) -> tuple[GPT, GPT2LMHeadModel]:
    """One model twice, with the same random weights: ours, and transformers' GPT-2."""
    torch.manual_seed(0)
    names = {"bos_token_id": None, "eos_token_id": None, "tie_word_embeddings": False}
    theirs = GPT2LMHeadModel(
        GPT2Config(vocab_size=VOCABULARY, n_positions=BLOCK, **shape, **names)
    ).eval()
    ours_too = {"tie_weights": False, "activation": "gelu_tanh"}  # as GPT-2 computes it
    config = GPTConfig(vocab_size=VOCABULARY, block_size=BLOCK, **ours_too, **shape)
    ours = GPT(config).eval()
    pairs = [(ours.wte, "wte"), (ours.wpe, "wpe"), (ours.norm_f, "ln_f")]
    for i, block in enumerate(ours.blocks):
        pairs += [
            (block.norm1, f"h.{i}.ln_1"),
            (block.norm2, f"h.{i}.ln_2"),
            (block.attn.qkv, f"h.{i}.attn.c_attn"),
            (block.attn.proj, f"h.{i}.attn.c_proj"),
            (block.mlp.up, f"h.{i}.mlp.c_fc"),
            (block.mlp.down, f"h.{i}.mlp.c_proj"),
        ]
    with torch.no_grad():
        for mine, name in pairs:
            module = theirs.transformer.get_submodule(name)
            transposed = type(module).__name__ == "Conv1D"  # which keeps its matrix transposed
            mine.weight.copy_(module.weight.T if transposed else module.weight)
            if getattr(mine, "bias", None) is not None:
                mine.bias.copy_(module.bias)
        ours.lm_head.weight.copy_(theirs.lm_head.weight)
    return ours, theirs


def write_with_ours(model: GPT, decoder: Decoder | CompiledDecoder) -> list[int]:
    """The new tokens."""
    config, decoder.length = SampleConfig(max_new_tokens=NEW, temperature=0), 0
    return [step.token for step in generate(model, PROMPT, config, decoder=decoder)]


def write_with_theirs(model: GPT2LMHeadModel) -> list[int]:
    """The new tokens."""
    idx = torch.tensor([PROMPT])
    with torch.inference_mode():
        written = model.generate(
            idx,
            attention_mask=torch.ones_like(idx),
            max_new_tokens=NEW,
            do_sample=False,
            use_cache=True,
            pad_token_id=0,
        )
    return written[0, len(PROMPT) :].tolist()


def rounded(model: GPT) -> GPT:
    """A copy whose matrices are what int8 makes of them, for PyTorch."""
    copy = deepcopy(model)
    with torch.no_grad():
        for layer in copy.modules():
            if isinstance(layer, torch.nn.Linear):
                layer.weight.copy_(nearest(layer.weight, compiled.BYTES).weight())
    return copy


@dataclass(frozen=True)
class Side:
    """One of those who take turns: how it writes, the text it has to write, its thread counts."""

    write: Callable[[], list[int]]
    expected: list[int]
    threads: tuple[int, ...] = (1,)

    def tokens_per_second(self, threads: int) -> float:
        """Time one text; the text has to be the expected one."""
        torch.set_num_threads(threads)
        start = time.perf_counter()
        written = self.write()
        seconds = time.perf_counter() - start
        assert written == self.expected, "two sides wrote different texts"
        return len(written) / seconds


def sides_of(shape: dict[str, int]) -> dict[str, Side]:
    """Transformers, and ours in three ways."""
    ours, theirs = twins(shape)
    torch_, float_, int8 = Decoder(ours), CompiledDecoder(ours), CompiledDecoder(ours, int8=True)
    expected = write_with_theirs(theirs)
    small = rounded(ours)
    return {
        "transformers": Side(lambda: write_with_theirs(theirs), expected, THREADS),
        "PyTorch": Side(lambda: write_with_ours(ours, torch_), expected, THREADS),
        "compiled": Side(lambda: write_with_ours(ours, float_), expected),
        "int8": Side(lambda: write_with_ours(ours, int8), write_with_ours(small, Decoder(small))),
    }


def measure(sides: dict[str, Side], rounds: int) -> dict[str, tuple[list[float], int]]:
    """Per side its speeds, one a round, and the thread count that a first round found better."""
    best = {name: max(side.threads, key=side.tokens_per_second) for name, side in sides.items()}
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            speeds[name].append(side.tokens_per_second(best[name]))
    return {name: (speeds[name], best[name]) for name in sides}


def speed_cells(measured: dict[str, tuple[list[float], int]]) -> Iterable[str]:
    """For the table: tokens a second, and how many times transformers' that is."""
    theirs, _ = measured["transformers"]
    for name, (speeds, threads) in measured.items():
        ratio = median(mine / other for mine, other in zip(speeds, theirs, strict=True))
        times = "" if name == "transformers" else f" = **{ratio:.1f}×**"
        yield f"{median(speeds):,.0f} ({threads} thr.){times}"


def bytes_per_token(shape: dict[str, int], int8: bool) -> float:
    """What has to be read of the matrices for a token, and of keys and values half way."""
    layers, width = shape["n_layer"], shape["n_embd"]
    weights = layers * 12 * width**2 + VOCABULARY * width
    return weights * (1 if int8 else 4) + 4 * layers * BLOCK * width  # 2 · (BLOCK / 2) of each


def core_reads(rounds: int = 9, size: int = 512 << 20) -> float:
    """Bytes a second that one core reads from memory: the best sum of half a gigabyte."""
    torch.set_num_threads(1)
    numbers = torch.ones(size // 4)
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        numbers.sum()
        seconds.append(time.perf_counter() - start)
    return size / min(seconds)


@torch.no_grad()
def losses(model: GPT, pieces: list[tuple[int, ...]], int8: bool) -> list[float]:
    """Nats per token of each piece, read by the compiled step one token at a time."""
    decoder, means = CompiledDecoder(model, int8), []
    for ids in pieces:
        decoder.length = 0
        logits = torch.stack([decoder([token]) for token in ids[:-1]])
        means.append(F.cross_entropy(logits, torch.tensor(ids[1:])).item())
    return means


def print_memory(speeds: dict[str, dict[str, tuple[list[float], int]]]) -> None:
    """What a token costs in memory."""
    core = core_reads()
    print(f"\nOne core reads {core / 1e9:.1f} GB/s of what lies in memory.\n")
    print("| model | weights | MB a token | GB/s | of what a core reads |")
    print("| --- | --- | ---: | ---: | ---: |")
    for name, shape in SHAPES.items():
        for side in ("compiled", "int8"):
            size = bytes_per_token(shape, side == "int8")
            rate = size * median(speeds[name][side][0])
            kind = "int8" if side == "int8" else "float32"
            cells = f"{size / 1e6:.1f} | {rate / 1e9:.1f} | {100 * rate / core:.0f}%"
            print(f"| {name} | {kind} | {cells} |")


def print_loss(count: int = 40) -> None:
    """What int8 does to the bundled model."""
    run = Run.open(bundled_run_path())
    model, text = run.load_model().eval(), held_out(run, count)
    pieces = [piece.ids for piece in text.pieces]
    plain, small = (losses(model, pieces, int8) for int8 in (False, True))
    more = paired(small, plain)
    print(
        f"\nBundled model, {text.what}: {sum(plain) / len(plain):.4f} nats per token in float32, "
        f"{more.mean:+.5f} in int8 (95%: {more.low:+.5f} to {more.high:+.5f})."
    )


def main() -> None:
    """Print the tables that docs/measurements.md quotes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="how often each side takes its turn")
    rounds = parser.parse_args().rounds
    start = time.perf_counter()
    if not compiled.prepare():
        raise SystemExit('Compiling needs numba: pip install ".[fast]"')
    print(f"Compiled, or found in numba's cache, in {time.perf_counter() - start:.1f} s.")
    print(f"Batch 1, greedy, {NEW} new tokens of {VOCABULARY}, median of {rounds} rounds\n")
    print("| model | transformers, tokens/s | ours, PyTorch | compiled | compiled, int8 |")
    print("| --- | ---: | ---: | ---: | ---: |")
    speeds = {}
    for name, shape in SHAPES.items():
        speeds[name] = measure(sides_of(shape), rounds)
        print(f"| {name} | {' | '.join(speed_cells(speeds[name]))} |", flush=True)
    print_memory(speeds)
    print_loss()


if __name__ == "__main__":
    main()
