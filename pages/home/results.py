"""Results of gpt_core on the study's model and prompt, computed once for all visitors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.services.caches import shared
from ui.services.study import Study

if TYPE_CHECKING:
    from gpt_core.interpret.overview import Overview


@shared()
def overview_of(study: Study) -> Overview:
    """The story of the prompt's last token."""
    from gpt_core.interpret.overview import (
        overview,  # brings PyTorch, which the first words needn't wait for
    )

    return overview(study.model, study.ids)
