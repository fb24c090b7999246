"""Scenes of the sitcom that a model writes, and what can be counted about them.

A scene is written from the separator that every scene of the text begins after, up to the next
separator. What is counted needs no taste: does it pass the checker, are its words words, does it
stand in the training text, and how many bits does the model need for scenes that it never saw.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from random import Random

import numpy as np
import torch
import torch.nn.functional as F

from corpus.sitcom import SEPARATOR, check
from corpus.statistics import WORD
from gpt_core.evaluation.intervals import Estimate, ratio, wilson
from gpt_core.evaluation.ngram import Ngram
from gpt_core.generate.sample import SampleConfig, choose, cut_at_stop, generate, stopped
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import Tokenizer
from gpt_core.training.text_source import separator_ids

# Logits computed at once when scoring, at most: 64 MB.
MOST_LOGITS = 1 << 24

# From a prompt's ids and how to draw, the ids that follow, until a stop text or the limit.
Continue = Callable[[list[int], SampleConfig], Iterator[int]]


# Writing ---------------------------------------------------------------------------------------


def by_model(model: GPT, tokenizer: Tokenizer) -> Continue:
    """How a GPT in eval mode continues a text."""
    return lambda ids, config: (step.token for step in generate(model, ids, config, tokenizer))


def by_ngram(ngram: Ngram, tokenizer: Tokenizer) -> Continue:
    """How an n-gram model continues a text: the same temperature, filters and seed."""

    def go_on(ids: list[int], config: SampleConfig) -> Iterator[int]:
        generator = torch.Generator().manual_seed(config.seed)
        whole, written = list(ids), []
        for _ in range(config.max_new_tokens):
            logits = torch.from_numpy(np.log(ngram.distribution(whole)))
            written.append(choose(logits, config, generator).token)
            whole.append(written[-1])
            yield written[-1]
            if config.stop and stopped(written, config.stop, tokenizer):
                return

    return go_on


def write_scenes(
    go_on: Continue, tokenizer: Tokenizer, count: int, config: SampleConfig
) -> Iterator[str]:
    """Yield `count` scenes, newlines at their ends stripped; one that never ends is cut there.

    Scene number i depends on config.seed and i alone. config.max_new_tokens is the limit of each;
    config.stop is the separator, whatever it says.
    """
    start = separator_ids(tokenizer)
    for i in range(count):
        seed = Random(f"scene {config.seed} {i}").getrandbits(62)
        ids = list(go_on(start, replace(config, seed=seed, stop=(SEPARATOR,))))
        yield cut_at_stop(tokenizer.decode(ids), (SEPARATOR,)).strip("\n")


# Scoring ---------------------------------------------------------------------------------------


def scene_ids(scenes: Iterable[str], tokenizer: Tokenizer) -> tuple[list[np.ndarray], int]:
    """Each scene's ids between two separators, and how many of them are the first separator's."""
    around = separator_ids(tokenizer)
    ids = [np.array([*around, *tokenizer.encode(scene), *around]) for scene in scenes]
    return ids, len(around)


@torch.no_grad()
def model_nats(model: GPT, sequences: Sequence[np.ndarray], given: int) -> np.ndarray:
    """-log p of each sequence (S,), in nats, from its token number `given` on.

    model: in eval mode. A sequence longer than the context is read in windows of which each but
    the first has at least half of its context from before.
    """
    block_size, device = model.config.block_size, model.device
    windows = [
        (i, ids[first:end], max(new, given) - first)
        for i, ids in enumerate(sequences)
        for first, end, new in _windows(len(ids), block_size)
        if end > given
    ]
    total = np.zeros(len(sequences))
    rows = max(1, MOST_LOGITS // (block_size * model.config.vocab_size))
    for at in range(0, len(windows), rows):
        some = windows[at : at + rows]
        idx = torch.zeros(len(some), max(len(ids) for _, ids, _ in some), dtype=torch.long)
        targets = torch.full_like(idx, -100)  # what cross_entropy leaves out
        for row, (_, ids, new) in enumerate(some):
            idx[row, : len(ids)] = torch.from_numpy(ids.astype(np.int64))
            targets[row, new : len(ids)] = idx[row, new : len(ids)]
        logits = model(idx[:, :-1].to(device))[0].float().transpose(1, 2)  # (B, V, T)
        nats = F.cross_entropy(logits, targets[:, 1:].to(device), reduction="none").sum(1)
        np.add.at(total, [i for i, _, _ in some], nats.double().cpu().numpy())
    return total


def ngram_nats(ngram: Ngram, sequences: Sequence[np.ndarray], given: int) -> np.ndarray:
    """The same of an n-gram model."""
    return np.array([-ngram.logprob(ids, given).sum() for ids in sequences])


def _windows(length: int, block_size: int) -> Iterator[tuple[int, int, int]]:
    """Cut a sequence: windows first … end - 1, whose tokens from `new` on are new."""
    end = min(length, block_size + 1)
    yield 0, end, 1
    while end < length:
        new = end
        end = min(length, new + max(1, block_size // 2))
        yield end - block_size - 1, end, new


# Counting --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What the training text has: its words in lower case, and the SHA-256 of every scene."""

    words: frozenset[str]
    scenes: frozenset[bytes]

    @classmethod
    def of(cls, scenes: Iterable[str]) -> Known:
        """Read scenes, without newlines at their ends."""
        words: set[str] = set()
        digests: set[bytes] = set()
        for scene in scenes:
            words.update(WORD.findall(scene.lower()))
            digests.add(_digest(scene))
        return cls(frozenset(words), frozenset(digests))


@dataclass(frozen=True)
class Measures:
    """Counts over scenes.

    passed, verbatim, repeated: shares of scenes that pass the checker, stand word for word in the
    training text, equal an earlier one of these scenes. words: share of words that the training
    text has. broken: number of scenes that break each rule.
    """

    scenes: int
    passed: Estimate
    words: Estimate
    verbatim: Estimate
    repeated: Estimate
    broken: dict[str, int]


def measure(scenes: Sequence[str], known: Known) -> Measures:
    """Count all about at least one scene."""
    verdicts = [check(scene) for scene in scenes]
    words = [WORD.findall(scene.lower()) for scene in scenes]
    real = [sum(word in known.words for word in of_scene) for of_scene in words]
    count = len(scenes)
    return Measures(
        scenes=count,
        passed=wilson(sum(verdict.passed for verdict in verdicts), count),
        words=ratio(real, [len(of_scene) for of_scene in words]),
        verbatim=wilson(sum(_digest(scene) in known.scenes for scene in scenes), count),
        repeated=wilson(count - len(set(scenes)), count),
        broken=dict(Counter(rule for v in verdicts for rule in {f.rule for f in v.faults})),
    )


def bits_of(nats: np.ndarray, scenes: Sequence[str]) -> Estimate:
    """Bits per character of scenes, from -log p (S,) of each with the separator after it."""
    return ratio(nats / math.log(2), [len(scene) + len(SEPARATOR) for scene in scenes])


def _digest(scene: str) -> bytes:
    return sha256(scene.encode("utf-8", "surrogatepass")).digest()
