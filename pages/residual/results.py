"""What the residual-stream lesson computes."""

from __future__ import annotations

from gpt_core.interpret import attribution
from gpt_core.interpret.attribution import Attribution, attribute
from gpt_core.model.recording import Recording
from ui.services.caches import shared
from ui.services.study import Study
from ui.services.traces import recorded


def stream_of(study: Study) -> Recording:
    """One forward pass over the prompt, with all that was written into the stream."""
    return recorded(
        study.loaded, study.ids, *attribution.KEPT, "blocks.*.resid_pre", "blocks.*.resid_post"
    )


@shared()
def attribution_of(
    study: Study, position: int, answer: int, against: int | None, average: bool
) -> Attribution:
    """Each part's share of a logit."""
    return attribute(study.model, stream_of(study), position, answer, against, average)
