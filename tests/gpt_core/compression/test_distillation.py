"""The loss of distillation: by hand, against torch's own divergence, and its gradient."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from gpt_core.compression.distillation import distillation_loss


def logits(*probabilities):
    return torch.tensor([probabilities]).log()


def test_by_hand():
    student, teacher, came = logits(0.25, 0.75), logits(0.5, 0.5), torch.tensor([0])
    divergence = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    text = -math.log(0.25)
    for share in (0.0, 0.3, 1.0):
        found = distillation_loss(student, teacher, came, share=share)
        assert float(found) == pytest.approx(share * divergence + (1 - share) * text, rel=1e-5)


@given(st.floats(0.5, 4), st.floats(0, 1), st.integers(0, 10_000))
def test_against_torch(temperature, share, seed):
    torch.manual_seed(seed)
    student, teacher = torch.randn(2, 3, 5), torch.randn(2, 3, 5)
    targets = torch.randint(5, (2, 3))
    soft = F.kl_div(
        (student / temperature).log_softmax(-1).flatten(0, 1),
        (teacher / temperature).softmax(-1).flatten(0, 1),
        reduction="batchmean",
    )
    hard = F.cross_entropy(student.flatten(0, 1), targets.flatten())
    wanted = share * temperature**2 * soft + (1 - share) * hard
    found = distillation_loss(student, teacher, targets, share=share, temperature=temperature)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_who_agrees_with_the_teacher_has_nothing_to_learn_from_it():
    student = torch.randn(4, 7, requires_grad=True)
    loss = distillation_loss(student, student.detach() + 3.0, torch.zeros(4).long(), share=1.0)
    loss.backward()
    assert abs(loss.item()) < 1e-6 and student.grad.abs().max() < 1e-6


def test_the_teacher_gets_no_gradient():
    student, teacher = (torch.randn(3, 4, requires_grad=True) for _ in range(2))
    distillation_loss(student, teacher, torch.zeros(3).long()).backward()
    assert teacher.grad is None and student.grad.abs().max() > 0
