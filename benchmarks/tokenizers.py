"""Byte-pair encoding in Python against Hugging Face's tokenizers (Rust) and tiktoken (Rust).

    python -m benchmarks.tokenizers --text tinyshakespeare.txt

Training: 4,000 merges, and 200 beside the naive way, which counts all pairs again for each merge.
Encoding: the whole text by the 4,000 merges, with nothing cached at the start of a round. All take
turns; a figure is the best of its rounds (other work on the machine can only make a round slower),
and a ratio is of these. The naive way runs once. Hugging Face trains on as many threads as it
likes, Python on one; one text is encoded on one thread by all.
Checked: given our merges, Hugging Face and tiktoken make the same ids as we do; and the naive way
learns the same merges.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import regex
import tiktoken
from tokenizers import Tokenizer as HuggingFace
from tokenizers import models, pre_tokenizers, trainers

from corpus import from_file
from gpt_core.tokenizers import BPETokenizer, Merge
from gpt_core.tokenizers.gpt2 import SPELLING

MERGES, FEW = 4_000, 200
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def train_theirs(text: str, merges: int) -> HuggingFace:
    """Hugging Face's trainer with GPT-2's cuts and the same number of merges."""
    tokenizer = HuggingFace(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=256 + merges,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def train_naively(text: str, merges: int) -> list[Merge]:
    """Sennrich et al. 2016, algorithm 1, to the letter: all pairs are counted for each merge."""
    chunks = [list(chunk.encode()) for chunk in regex.findall(PATTERN, text)]
    learned: list[Merge] = []
    for new in range(256, 256 + merges):
        counts: Counter[tuple[int, int]] = Counter()
        for ids in chunks:
            counts.update(zip(ids, ids[1:], strict=False))
        left, right = min(counts, key=lambda pair: (-counts[pair], pair))
        learned.append(Merge(left, right, new, counts[left, right]))
        for ids in chunks:
            i = 0
            while i < len(ids) - 1:
                if ids[i] == left and ids[i + 1] == right:
                    ids[i : i + 2] = [new]
                i += 1
    return learned


def hugging_face_with(ours: BPETokenizer) -> HuggingFace:
    """Hugging Face's encoder with our merges; its ids are ours."""
    spelled = ["".join(SPELLING[b] for b in ours.token_bytes(i)) for i in range(ours.vocab_size)]
    merges = [(spelled[m.left], spelled[m.right]) for m in ours.merges]
    tokenizer = HuggingFace(models.BPE({text: i for i, text in enumerate(spelled)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


def tiktoken_with(ours: BPETokenizer) -> tiktoken.Encoding:
    """tiktoken's encoder with our merges; its ids are ours."""
    ranks = {ours.token_bytes(i): i for i in range(ours.vocab_size)}
    return tiktoken.Encoding("ours", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})


def best_seconds(
    rounds: int, **sides: tuple[Callable[[], Any], Callable[[Any], Any]]
) -> dict[str, float]:
    """The shortest time of each side; sides take turns. A side is (prepare, run); run is timed."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, (prepare, run) in sides.items():
            prepared = prepare()
            start = time.perf_counter()
            run(prepared)
            best[name] = min(best.get(name, float("inf")), time.perf_counter() - start)
    return best


def training_times(text: str, merges: int, rounds: int) -> dict[str, float]:
    """Seconds to learn so many merges."""

    def nothing() -> None:
        return None

    return best_seconds(
        rounds,
        ours=(nothing, lambda _: BPETokenizer.train(text, 256 + merges)),
        hugging_face=(nothing, lambda _: train_theirs(text, merges)),
    )


def encoding_times(text: str, ours: BPETokenizer, rounds: int) -> dict[str, float]:
    """Seconds to encode the text, each round with a new tokenizer; the ids have to be equal."""
    ids = ours.encode(text)
    assert hugging_face_with(ours).encode(text).ids == ids, "Hugging Face's ids differ"
    assert tiktoken_with(ours).encode_ordinary(text) == ids, "tiktoken's ids differ"
    return best_seconds(
        rounds,
        ours=(lambda: BPETokenizer(ours.merges), lambda t: t.encode(text)),
        hugging_face=(lambda: hugging_face_with(ours), lambda t: t.encode(text).ids),
        tiktoken=(lambda: tiktoken_with(ours), lambda t: t.encode_ordinary(text)),
    )


def naive_time(text: str) -> float:
    """Seconds of the naive way for FEW merges; it has to learn what we do."""
    start = time.perf_counter()
    merges = train_naively(text, FEW)
    seconds = time.perf_counter() - start
    assert merges == BPETokenizer.train(text, 256 + FEW).merges, "the naive way learned others"
    return seconds


def row(name: str, times: dict[str, float], naive: str = "", megabytes: float = 0.0) -> str:
    """One line of the table; megabytes: speeds in MB/s instead of seconds."""

    def cell(side: str) -> str:
        if side not in times:
            return ""
        return f"{megabytes / times[side]:.2f} MB/s" if megabytes else f"{times[side]:.2f} s"

    ratio = times["ours"] / times["hugging_face"]
    told = f"{1 / ratio:.2f}× its speed" if megabytes else f"{ratio:.2f}× its time"
    sides = " | ".join(cell(side) for side in ("ours", "hugging_face", "tiktoken"))
    return f"| {name} | {sides} | {naive} | **{told}** |"


def main() -> None:
    """Print the table that docs/measurements.md quotes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--text", type=Path, required=True, help="a text file")
    parser.add_argument("--rounds", type=int, default=7, help="how often each side takes its turn")
    parser.add_argument("--no-naive", action="store_true", help="leave the naive way out")
    args = parser.parse_args()
    text = from_file(args.text).text
    print(f"{args.text.name}, {len(text):,} characters, best of {args.rounds} rounds\n")
    print("| | ours, Python | Hugging Face, Rust | tiktoken, Rust | naive recount | against HF |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    print(row(f"train {MERGES:,} merges", training_times(text, MERGES, args.rounds)), flush=True)
    naive = "" if args.no_naive else f"{naive_time(text):.1f} s"
    print(row(f"train {FEW} merges", training_times(text, FEW, args.rounds), naive), flush=True)
    ours = BPETokenizer.train(text, 256 + MERGES)
    times = encoding_times(text, ours, args.rounds)
    print(row("encode the text", times, megabytes=len(text.encode()) / 1e6))
    print("\nIds: equal to Hugging Face's and tiktoken's, given the same merges.")
    if naive:
        print(f"Merges: the first {FEW} equal to the naive recount's.")


if __name__ == "__main__":
    main()
