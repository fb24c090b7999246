"""Does what a model gives 70% come true in 7 of 10 cases?

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017): reliability
diagrams and the expected calibration error in section 2, temperature scaling in section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gpt_core.evaluation.intervals import Estimate, wilson

BINS = 10
COLDEST, HOTTEST = 0.05, 20.0
_ROUNDS, _CLOSE = 50, 1e-6


@dataclass(frozen=True)
class Bin:
    """Predictions whose probability lay in low < p ≤ high.

    count: how many. confidence: their mean probability. right: the share that came true, with its
    95% interval as if the predictions were independent of each other.
    """

    low: float
    high: float
    count: int
    confidence: float
    right: Estimate


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> list[Bin]:
    """Sort predictions by their probability into bins of equal width; empty ones are left out.

    confidence (N,): the probability of the likeliest token. right (N,): whether it came.
    """
    number = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    found = []
    for each in np.unique(number):
        here = number == each
        share = wilson(int(right[here].sum()), int(here.sum()))
        mean = float(confidence[here].mean())
        found.append(Bin(each / bins, (each + 1) / bins, int(here.sum()), mean, share))
    return found


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Σ count/N · |share that came true − mean probability|: 0 where all probabilities hold."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.right.value - each.confidence) for each in bins) / total


@torch.no_grad()
def best_temperature(logits: Tensor, targets: Tensor) -> float:
    """The temperature T at which softmax(logits / T) has the smallest loss, 0.05 to 20.

    logits (N, V), targets (N,). The loss is convex in β = 1/T, so Newton's method finds the
    minimum: its slope is the mean of E_β[z] − z_target, its curvature the mean of Var_β[z]. A step
    that would leave the range halves the way to its end instead.
    """
    z = logits - logits.amax(dim=-1, keepdim=True)
    aim = z.gather(1, targets[:, None])[:, 0].double().mean()
    beta, lowest, highest = 1.0, 1 / HOTTEST, 1 / COLDEST
    for _ in range(_ROUNDS):
        p = (beta * z).softmax(dim=-1)
        mean = (p * z).sum(dim=-1)
        slope = (mean.double().mean() - aim).item()
        curvature = ((p * z * z).sum(dim=-1) - mean * mean).double().mean().item()
        lowest, highest = (beta, highest) if slope < 0 else (lowest, beta)
        step = beta - slope / curvature if curvature > 0 else beta
        if not lowest < step < highest:
            step = (lowest + highest) / 2
        moved, beta = abs(step - beta), step
        if moved < _CLOSE * beta:
            break
    return 1 / beta
