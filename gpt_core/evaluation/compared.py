"""What a change of a model costs: bits on held-out text, beside those of the model as it was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gpt_core.evaluation.held_out import Piece
from gpt_core.evaluation.intervals import Estimate, ratio
from gpt_core.evaluation.sitcom_scenes import model_nats
from gpt_core.model.gpt import GPT


def piece_bits(model: GPT, pieces: Sequence[Piece]) -> np.ndarray:
    """−log₂ of what a model in eval mode gives each piece but its first token, (S,)."""
    return model_nats(model, [np.array(piece.ids) for piece in pieces], given=1) / math.log(2)


@dataclass(frozen=True)
class Comparison:
    """Bits per character, each with its 95% interval: of a model, and above the plain one's.

    The rise is that of the same pieces, so that how hard they are makes no difference.
    """

    bits: Estimate
    rise: Estimate

    @property
    def sign(self) -> int:
        """1 or −1 where the whole interval of the rise lies on that side of 0, else 0."""
        return (self.rise.low > 0) - (self.rise.high < 0)


def compare(bits: np.ndarray, plain: np.ndarray, pieces: Sequence[Piece]) -> Comparison:
    """Compare what two models need for the same pieces, (S,) each; see `piece_bits`."""
    characters = [piece.characters for piece in pieces]
    return Comparison(ratio(bits, characters), ratio(bits - plain, characters))
