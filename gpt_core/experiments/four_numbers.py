"""A model beside smaller or faster ones, by the same four things: bytes, speed, loss and a sample.

Whatever makes a model lean is measured here, and so can be compared with whatever else does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpt_core.evaluation.compared import compare, piece_bits
from gpt_core.evaluation.held_out import Piece
from gpt_core.evaluation.intervals import rounded
from gpt_core.experiments.decode_speed import writer, writer_without_cache
from gpt_core.experiments.stopwatch import one_thread, take_turns, thread_seconds
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.model.gpt import GPT
from gpt_core.training.run import Run

PROMPT, WRITTEN, SAMPLED = 8, 40, 60  # tokens
FEWEST = 4  # tokens that a writer is timed by
ROUNDS = 7


@dataclass(frozen=True)
class Clothes:
    """One way to keep a model: the model itself, and bytes of its weights."""

    model: GPT
    nbytes: int
    cache: bool = True


class FourNumbers:
    """Measures ways to keep a model, each beside the plain one on the same pieces of text.

    ways: how many are going to be measured; seconds: that their speeds and samples may take
    together. A large model writes fewer tokens for it, but never fewer than `FEWEST`; `seconds`
    says then how long it takes.
    """

    def __init__(
        self, run: Run, plain: GPT, pieces: Sequence[Piece], ways: int = 1, seconds: float = 60.0
    ) -> None:
        self.plain, self.pieces, self.tokenizer = plain, pieces, run.tokenizer()
        self.bits = piece_bits(plain, pieces)
        self.ids = pieces[0].ids[:PROMPT]
        self.written = min(WRITTEN, plain.config.block_size - len(self.ids))
        with one_thread():
            each = take_turns([writer(plain, self.ids, FEWEST)], 1).typical(0) / FEWEST
        timed = 2 * (ROUNDS + 1)  # how often either model writes them
        affordable = int((seconds / (ways * each) - SAMPLED) / timed)
        self.written = max(min(FEWEST, self.written), min(self.written, affordable))
        self.seconds = ways * each * (SAMPLED + timed * self.written)

    @property
    def prompt(self) -> str:
        """What all samples continue."""
        return self.tokenizer.decode(list(self.ids))

    def of(self, kind: Clothes, bits: np.ndarray | None = None) -> dict[str, Any]:
        """{"bytes", "speed", "rate", "loss", "rise", "sample"} of one way.

        speed: [median, lowest, highest] of the plain model's seconds ÷ its own, in turns. rate:
        tokens a second of one thread's own time. loss, rise: [value, low, high] in bits per
        character; the rise is above the plain model's. bits: what it needs for each piece, if that
        is known already.
        """
        if bits is None:
            bits = self.bits if kind.model is self.plain else piece_bits(kind.model, self.pieces)
        found = compare(bits, self.bits, self.pieces)
        return {
            **{"bytes": kind.nbytes, **self._speed(kind)},
            **{"loss": rounded(found.bits), "rise": rounded(found.rise)},
            "sample": self._sample(kind),
        }

    def rise_of(self, model: GPT) -> list[float]:
        """[value, low, high] of a model's bits per character above the plain model's."""
        return rounded(compare(piece_bits(model, self.pieces), self.bits, self.pieces).rise)

    def _speed(self, kind: Clothes) -> dict[str, Any]:
        write = writer if kind.cache else writer_without_cache
        both = [
            writer(self.plain, self.ids, self.written),
            write(kind.model, self.ids, self.written),
        ]
        with one_thread():
            times = take_turns(both, ROUNDS, thread_seconds)
        rate = round(self.written / times.typical(1), 1)
        return {"speed": [round(n, 3) for n in times.ratio(1)], "rate": rate}

    def _sample(self, kind: Clothes) -> str:
        drawing = SampleConfig(max_new_tokens=SAMPLED, temperature=0.8, seed=1)
        written = generate(kind.model, self.ids, drawing, use_cache=kind.cache)
        return self.tokenizer.decode([step.token for step in written])
