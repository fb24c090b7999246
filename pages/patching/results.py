"""What the lesson on the lens, on patching and on steering computes."""

from __future__ import annotations

from torch import Tensor

from gpt_core.interpret import patching
from gpt_core.interpret.logit_lens import Lens, logit_lens
from gpt_core.interpret.patching import Contrast, contrast, patch, patch_each, suggest_swap
from gpt_core.interpret.steering import steer
from gpt_core.model.recording import Recording
from ui.services.caches import PASSES, shared
from ui.services.study import Study
from ui.services.traces import recorded

Ids = tuple[int, ...]


def stream_of(study: Study, ids: Ids | None = None) -> Recording:
    """One forward pass over the prompt or other ids, with all states that can be copied."""
    return recorded(study.loaded, ids or study.ids, *patching.KEPT)


@shared(PASSES)
def lens_of(study: Study, reuse: bool) -> Lens:
    """The prompt through the logit lens."""
    return logit_lens(study.model, stream_of(study).stream, reuse)


@shared()
def suggestion_of(study: Study, most: int) -> tuple[int, int]:
    """A token of the prompt to replace, and by what."""
    return suggest_swap(study.model, stream_of(study), most)


class Pair:
    """The study's prompt A, and another one, B, to take states from.

    into, source: the runs on the two. Raises ValueError when there is nothing to compare; see
    `contrast`.
    """

    def __init__(self, study: Study, other: Ids) -> None:
        self.study, self.other = study, other
        self.key = study.fingerprint, study.ids, other
        self.into: Recording = stream_of(study)
        self.source: Recording = stream_of(study, other)
        self.measure: Contrast = contrast(self.into, self.source)


@shared()
def grid_of(pair: Pair, state: str) -> list[list[float]]:
    """How much of the answer each layer and position moves."""
    model = pair.study.model
    return [
        patch_each(model, pair.into, pair.source, state, layer, pair.measure)
        for layer in range(model.config.n_layer)
    ]


@shared()
def patched(pair: Pair, state: str, layer: int, position: int) -> Tensor:
    """The logits with one state copied."""
    return patch(pair.study.model, pair.into, pair.source, state, layer, [position])


@shared()
def steered(pair: Pair, depth: int, alphas: tuple[float, ...]) -> Tensor:
    """Next-token probabilities with each multiple of the difference added, (A, V)."""
    return steer(pair.study.model, pair.into, pair.source, depth, alphas).softmax(dim=-1)
