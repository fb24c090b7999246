"""What broke first? The tensors of one forward pass, in the order in which they came about.

Used when a training run diverges, and by the lesson that lets one diverge on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

EXPLODED = 10.0
"""How many times larger than before a tensor must be to count as broken."""


@dataclass(frozen=True)
class Finding:
    """A tensor by its name in `gpt_core.model.observe`, and its size before and after.

    Its size is the root mean square of its numbers.

    broken: it is the first one that isn't finite (after is then inf) or that exploded. Otherwise it
    is the one that grew most.
    """

    name: str
    before: float
    after: float
    broken: bool

    @property
    def times(self) -> float:
        """How many times as large it became."""
        return self.after / self.before if self.before else float("inf")


def first_not_finite(tensors: dict[str, Tensor]) -> str | None:
    """The name of the first tensor with a number that is not finite; None if all are.

    tensors: in forward order, as `record` gives them. A masked score is -inf by design.
    """
    for name, tensor in tensors.items():
        wrong = tensor.isnan() | tensor.isposinf()
        if not name.endswith(".scores"):
            wrong |= tensor.isneginf()
        if wrong.any():
            return name
    return None


def sizes(tensors: dict[str, Tensor]) -> dict[str, float]:
    """The root mean square of each tensor; inf where a number is not finite.

    Masked scores don't count.
    """
    found = {}
    for name, tensor in tensors.items():
        seen = tensor.detach().double()
        if name.endswith(".scores"):
            seen = seen[~seen.isneginf()]
        size = seen.square().mean().sqrt().item()
        found[name] = size if size < float("inf") else float("inf")  # NaN is no size either
    return found


def autopsy(before: dict[str, float], after: dict[str, float]) -> Finding:
    """The first tensor that broke, or if none did, the one that grew most.

    before, after: `sizes` of the same forward pass with other weights. A tensor that was all zeros
    has no size to compare with: it counts only if it isn't finite.
    """
    findings = []
    for name, size in after.items():
        known = before[name]
        infinite = size == float("inf")
        exploded = known > 0 and size > EXPLODED * known
        if infinite or exploded:
            return Finding(name, known, size, broken=True)
        if known > 0:
            findings.append(Finding(name, known, size, broken=False))
    return max(findings, key=lambda finding: finding.times)
