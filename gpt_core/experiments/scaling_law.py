"""How the loss falls with parameters and with characters read: a power law with two terms.

    bits(N, D) = E + A / Nᵃ + B / Dᵇ

Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models", section 3.3. E is what no
model of any size can predict, the second term what a small model lacks, the third what a short
training lacks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EXPONENTS = np.linspace(0.05, 1.2, 24)  # for a and for b
FINER = np.linspace(-0.04, 0.04, 9)  # around the best of them
_UNIT_N, _UNIT_D = 1e5, 1e5  # so that A and B are bits at so many parameters and characters


@dataclass(frozen=True)
class Law:
    """The fitted numbers; A, B in bits at 100,000 parameters and 100,000 characters."""

    E: float
    A: float
    a: float
    B: float
    b: float

    def bits(self, parameters: np.ndarray | float, read: np.ndarray | float) -> np.ndarray:
        """Bits per character that it expects."""
        lacks = self.A * (np.asarray(parameters) / _UNIT_N) ** -self.a
        return self.E + lacks + self.B * (np.asarray(read) / _UNIT_D) ** -self.b


def fit(
    parameters: np.ndarray, read: np.ndarray, bits: np.ndarray, weights: np.ndarray | None = None
) -> Law:
    """The law with the smallest squared errors; all arrays (runs,). weights: how often each counts.

    The best of all pairs of exponents, and then the best of finer ones around it. Raises ValueError
    where no law without negative terms fits.
    """
    weights = np.ones_like(bits) if weights is None else weights
    runs = parameters, read, bits, weights
    coarse = _best(*runs, EXPONENTS, EXPONENTS)
    return _best(*runs, coarse.a + FINER, coarse.b + FINER)


def _best(
    parameters: np.ndarray, read: np.ndarray, bits: np.ndarray, weights: np.ndarray,
    of_size: np.ndarray, of_length: np.ndarray,
) -> Law:  # fmt: skip
    """The best law with such exponents a (of_size) and b (of_length).

    With a and b fixed the law is linear in E, A and B; none of the three may be negative.
    """
    best, found = np.inf, None
    size = (parameters / _UNIT_N)[:, None] ** -of_size  # (runs, exponents)
    length = (read / _UNIT_D)[:, None] ** -of_length
    for i, a in enumerate(of_size):
        columns = np.stack(
            [np.ones_like(length), np.broadcast_to(size[:, i, None], length.shape), length], axis=-1
        )  # (runs, exponents of D, 3)
        gram = np.einsum("r,rei,rej->eij", weights, columns, columns)
        right = np.einsum("r,rei,r->ei", weights, columns, bits)
        solved = np.linalg.solve(gram + 1e-12 * np.eye(3), right[..., None])[..., 0]
        errors = weights[:, None] * (np.einsum("rei,ei->re", columns, solved) - bits[:, None]) ** 2
        total = np.where((solved >= 0).all(axis=1), errors.sum(axis=0), np.inf)
        if total.min() < best:
            best, at = total.min(), int(total.argmin())
            E, A, B = map(float, solved[at])
            found = Law(E, A, float(a), B, float(of_length[at]))
    if found is None:
        raise ValueError("No law without negative terms fits these runs.")
    return found


def bootstrap(
    parameters: np.ndarray, read: np.ndarray, bits: np.ndarray, repeats: int, seed: int
) -> list[Law]:
    """The law fitted again to runs (runs,) drawn with replacement: how far it can be trusted."""
    draw, count = np.random.default_rng(seed), len(bits)
    laws = []
    for _ in range(repeats):
        weights = np.bincount(draw.integers(count, size=count), minlength=count).astype(float)
        try:
            laws.append(fit(parameters, read, bits, weights))
        except ValueError:
            continue
    return laws
