"""Training on a teacher's probabilities: the same loop, another loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt_core.compression.distillation import distillation_loss
from gpt_core.model.gpt import GPT
from gpt_core.training.config import TrainConfig
from gpt_core.training.data import TokenData
from gpt_core.training.trainer import Trainer


class Taught(Trainer):
    """A Trainer whose model learns from a teacher and the text; see `distillation_loss`.

    teacher: in eval mode, of the same vocabulary, with room for the model's context. Losses that
    are reported are those on the text alone.
    """

    def __init__(
        self,
        model: GPT,
        tokens: TokenData,
        config: TrainConfig,
        teacher: GPT,
        share: float = 0.5,
        temperature: float = 1.0,
    ) -> None:
        super().__init__(model, tokens, config)
        self.teacher, self.taught, self.temperature = teacher, share, temperature

    def _loss(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The mean loss on the text, and the one whose gradient is taken."""
        logits = self.forward(x)[0]
        with torch.no_grad():
            said = self.teacher(x)[0]
        learned = distillation_loss(
            logits, said, y, share=self.taught, temperature=self.temperature
        )
        return F.cross_entropy(logits.detach().flatten(0, 1).float(), y.flatten()), learned
