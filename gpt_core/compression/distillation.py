"""Distillation: a small model learns from a large one's probabilities, not from the text alone.

The text says which token came. The teacher says how likely each of all tokens was: far more for one
place in a text. Hinton, Vinyals & Dean 2015, section 2.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def distillation_loss(
    student: Tensor,
    teacher: Tensor,
    targets: Tensor,
    *,
    share: float = 0.5,
    temperature: float = 1.0,
) -> Tensor:
    """The mean loss in nats per token of logits (…, V) against a teacher's, and the text's tokens.

    share · τ² · KL(teacher ‖ student), both at temperature τ, + (1 − share) · cross-entropy with
    the targets (…). τ² keeps the gradient's size as τ grows. The teacher gets no gradient.
    """
    text = F.cross_entropy(student.flatten(0, -2).float(), targets.flatten())
    taught = (teacher.detach().float() / temperature).log_softmax(-1)
    learned = (student.float() / temperature).log_softmax(-1)
    divergence = (taught.exp() * (taught - learned)).sum(-1).mean()
    return share * temperature**2 * divergence + (1 - share) * text
