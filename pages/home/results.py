"""Results of gpt_core on the study's model and prompt, computed once for all visitors."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from ui.services.caches import shared
from ui.services.models import LoadedModel, own_copy
from ui.services.study import Study
from ui.show.tokens import short

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.generate.sample import SampleConfig
    from gpt_core.interpret.machine import Backward, Machine
    from gpt_core.interpret.overview import Overview
    from gpt_core.model.recording import Recording

# Of a text that the model writes; a large model writes as much as it can in this time.
MOST_TOKENS, MOST_SECONDS = 40, 0.5
# Of a pass that the machine shows; all weights of GPT-2's 144 heads on 128 tokens are 9 MB.
MOST_LOOKED_AT = 128


@shared()
def overview_of(study: Study) -> Overview:
    """The story of the prompt's last token."""
    # It brings PyTorch, which the first words needn't wait for.
    from gpt_core.interpret.overview import overview

    return overview(_recorded(study, study.ids))


@dataclass(frozen=True)
class Written:
    """What a model wrote after a prompt.

    ids: its tokens. problem: a sentence that says why it wrote no more, or nothing.
    """

    ids: tuple[int, ...]
    problem: str = ""


@shared()
def written_by(study: Study, seed: int) -> Written:
    """Let the model write."""
    from gpt_core.generate.sample import SampleConfig, SampleError, generate

    settings = SampleConfig(max_new_tokens=MOST_TOKENS, temperature=0.7, min_p=0.2, seed=seed)
    ids: list[int] = []
    end = time.monotonic() + MOST_SECONDS
    try:
        for step in generate(own_copy(study.loaded), study.ids, settings):
            ids.append(step.token)
            # Asked for anything, Streamlit gives this run up where the visitor has edited the text
            # meanwhile: the next one doesn't wait until a large model has written to its end.
            st.session_state.get("anything")
            if time.monotonic() > end:
                break
    except SampleError as error:
        return Written(tuple(ids), str(error))
    return Written(tuple(ids))


@shared()
def probabilities_after(study: Study, token: int) -> Tensor:
    """Of what comes after the prompt and one more token, (V,)."""
    ids = (*study.ids, token)[-study.model.config.block_size :]
    return _recorded(study, ids).logits[-1].softmax(dim=-1)


@dataclass(frozen=True)
class Pass:
    """A pass that the machine shows: of a study, and of the tokens drawn after its prompt."""

    study: Study
    drawn: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """What the model reads."""
        return read_by(self.study, self.drawn)

    @property
    def seen(self) -> Machine:
        """Its numbers."""
        return machine_of(self.study, self.drawn)

    @property
    def columns(self) -> list[str]:
        """The tokens that are shown."""
        text = self.study.tokenizer.token_text
        return [short(text(token)) for token in self.ids[self.seen.first :]]


@shared()
def machine_of(study: Study, drawn: tuple[int, ...]) -> Machine:
    """What the picture of the machine shows, of the prompt and the tokens drawn after it."""
    from gpt_core.interpret.machine import look

    seen = _recorded(study, read_by(study, drawn))
    return look(study.model, seen, lengths=_neuron_lengths(study.loaded))


@shared()
def _neuron_lengths(loaded: LoadedModel) -> Tensor:
    """They take longer than the pass of one more token of a large model."""
    from gpt_core.interpret.machine import neuron_lengths

    return neuron_lengths(loaded.model)


def _recorded(study: Study, ids: tuple[int, ...]) -> Recording:
    """The one pass that all parts of the page read."""
    from gpt_core.interpret import machine, overview
    from ui.services.traces import recorded

    return recorded(study.loaded, ids, *machine.KEPT, *overview.KEPT)


@shared()
def back_of(study: Study, drawn: tuple[int, ...]) -> Backward:
    """The same of the gradient; there must be two tokens at least."""
    from gpt_core.interpret.machine import look_back

    return look_back(study.model, read_by(study, drawn))


def read_by(study: Study, drawn: tuple[int, ...]) -> tuple[int, ...]:
    """The ids that the machine looks at: the end of the prompt and what was drawn."""
    most = min(MOST_LOOKED_AT, study.model.config.block_size)
    return (*study.ids, *drawn)[-most:]


@shared()
def drawn_after(study: Study, settings: SampleConfig, count: int) -> tuple[int, ...]:
    """The first `count` tokens that these settings draw after the prompt. Raises SampleError."""
    from gpt_core.generate.sample import generate

    settings = replace(settings, max_new_tokens=count)
    return tuple(step.token for step in generate(own_copy(study.loaded), study.ids, settings))
