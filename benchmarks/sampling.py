"""Tokens a second at batch 1: our generate against transformers' GPT-2 with its cache.

    python -m benchmarks.sampling

Same shapes, same random weights, greedy, the same 255 tokens out (checked) from a prompt of one
token, so that both fill a context of 256. The vocabulary is a character model's 65. Both sides
take turns, each at the thread count (1 or 2) that was better for it in a first round; the ratio is
the median over rounds of ours to theirs in the same round.
Ours is the very `generate` that the app uses: it also yields both distributions of every token.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT

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


def write_with_ours(model: GPT) -> list[int]:
    """The new tokens."""
    config = SampleConfig(max_new_tokens=NEW, temperature=0)
    return [step.token for step in generate(model, PROMPT, config)]


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


def tokens_per_second(write: Callable[[], list[int]], expected: list[int], threads: int) -> float:
    """Time one text; the text has to be the expected one."""
    torch.set_num_threads(threads)
    start = time.perf_counter()
    written = write()
    seconds = time.perf_counter() - start
    assert written == expected, "the two sides wrote different texts"
    return len(written) / seconds


def measure(shape: dict[str, int], rounds: int) -> dict[str, tuple[list[float], int]]:
    """Per side its speeds, one a round, and the thread count that a first round found better."""
    ours, theirs = twins(shape)
    sides = {
        "transformers": lambda: write_with_theirs(theirs),
        "ours": lambda: write_with_ours(ours),
    }
    expected = write_with_theirs(theirs)  # and warm
    best = {
        side: max(THREADS, key=lambda n, w=write: tokens_per_second(w, expected, n))
        for side, write in sides.items()
    }
    speeds: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, write in sides.items():
            speeds[side].append(tokens_per_second(write, expected, best[side]))
    return {side: (speeds[side], best[side]) for side in sides}


def main() -> None:
    """Print the table that docs/measurements.md quotes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="how often each side takes its turn")
    rounds = parser.parse_args().rounds
    print(
        f"Batch 1, greedy, {NEW} new tokens, vocabulary {VOCABULARY}, median of {rounds} rounds\n"
    )
    print("| model | transformers, tokens/s | ours, tokens/s | ratio |")
    print("| --- | ---: | ---: | ---: |")
    for name, shape in SHAPES.items():
        measured = measure(shape, rounds)
        cells = [f"{median(speeds):,.0f} ({threads} thr.)" for speeds, threads in measured.values()]
        theirs, ours = (speeds for speeds, _ in measured.values())
        ratio = median(mine / other for mine, other in zip(ours, theirs, strict=True))
        print(f"| {name} | {cells[0]} | {cells[1]} | **{ratio:.1f}×** |", flush=True)


if __name__ == "__main__":
    main()
