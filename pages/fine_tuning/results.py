"""What the Fine-tuning lesson computes or reads of recorded numbers."""

from __future__ import annotations

from typing import Any

import torch

from gpt_core.interpret.weight_change import WeightChange, weight_changes
from gpt_core.model.weights import weights
from gpt_core.training.run_files import RunError
from ui.services.caches import shared
from ui.services.models import LoadedModel


def changes_of(told: list[dict[str, Any]]) -> list[WeightChange]:
    """The changes as a job tells them."""
    return [WeightChange(**c | {"values": torch.tensor(c["values"])}) for c in told]


@shared(wait="Comparing the weights …")
def own_changes(loaded: LoadedModel) -> list[WeightChange] | None:
    """What a run that went on from another model has changed; None where that one's weights are
    missing or damaged."""
    try:
        start = loaded.run.new_model()
    except RunError:
        return None
    return weight_changes(weights(start), weights(loaded.model))
