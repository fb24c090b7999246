"""How the Sample lesson writes: the next token's logits, what is cut, a text that grows."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from gpt_core.generate.compiled import CompiledDecoder
from gpt_core.generate.decoder import Decoder
from gpt_core.generate.sample import (
    SampleConfig,
    Sampled,
    SampleError,
    decoder_of,
    generate,
    stages,
)
from ui.services.caches import shared
from ui.services.models import own_copy
from ui.services.study import Study
from ui.show.tokens import short

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.tokenizers import Tokenizer

LONGEST_TEXT = 400  # tokens; visitors are strangers, and share two cores
SHOWN = 9  # how many of the likeliest tokens get a bar


@shared()
def next_logits(study: Study) -> Tensor:
    """The scores (V,) for the token after the prompt, computed once for all visitors."""
    model = own_copy(study.loaded)
    if model.config.causal:
        return Decoder(model)(list(study.ids)).clone()
    step = next(generate(model, study.ids))
    return step.before.log()  # equal to the scores up to a shift, which softmax ignores


def candidates(
    before: Tensor, after: Tensor, tokenizer: Tokenizer, token: int | None = None
) -> Any:
    """What the bars show of one draw, ready for JSON.

    rows: text, before, after of the likeliest tokens, likeliest first, and of the drawn one.
    rest: how many tokens have no bar, and their probability before and after. kept: how many
    tokens could be drawn. drawn: which row was.
    """
    ids = before.topk(min(SHOWN, len(before))).indices.tolist()
    if token is not None and token not in ids:
        ids[-1] = token
    others = torch.ones_like(before)
    others[ids] = 0.0
    texts = [short(tokenizer.token_text(i)) for i in ids]
    # Rounded to figures, not decimals: only what was cut may become 0.
    shares = [[float(f"{x:.4g}") for x in whole[ids].tolist()] for whole in (before, after)]
    return {
        "rows": list(zip(texts, *shares, strict=True)),
        "rest": [len(before) - len(ids), float(before @ others), float(after @ others)],
        "kept": int((after > 0).sum()),
        "drawn": None if token is None else ids.index(token),
        "rank": None if token is None else int((before > before[token]).sum()) + 1,
    }


_numbers = itertools.count(1)


def _shown(study: Study) -> list[str]:
    return [short(token.text) for token in study.tokens]


@dataclass
class Writing:
    """A text being written, or written. Lives in the visitor's session."""

    name: str  # no two texts have the same
    prompt: list[str]  # the prompt's tokens, as shown
    config: SampleConfig
    tokenizer: Tokenizer
    compiled: bool  # each token by the compiled step, not by PyTorch
    steps: Iterator[Sampled] | None  # None once it has ended
    drawn: list[dict[str, Any]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    bits: list[float] = field(default_factory=list)  # how surprising each token was
    seconds: float = 0.0  # of computing; pauses between chunks don't count
    problem: str = ""

    @classmethod
    def start(cls, study: Study, config: SampleConfig) -> Writing:
        """Begin after the study's prompt; nothing is written yet."""
        model = own_copy(study.loaded)
        decoder = decoder_of(model) if model.config.causal else None
        steps = generate(model, study.ids, config, decoder=decoder)
        name, compiled = f"text {next(_numbers)}", isinstance(decoder, CompiledDecoder)
        return cls(name, _shown(study), config, study.tokenizer, compiled, steps)

    @classmethod
    def blank(cls, study: Study, config: SampleConfig) -> Writing:
        """The prompt alone, before anyone asked for more."""
        return cls(f"only {study.prompt}", _shown(study), config, study.tokenizer, False, None)

    @property
    def vocabulary(self) -> int:
        """How many tokens there are to choose from."""
        return self.tokenizer.vocab_size

    @property
    def live(self) -> bool:
        """Whether more is to come."""
        return self.steps is not None

    def more(self, count: int) -> None:
        """Write up to count tokens more."""
        begin = time.perf_counter()
        drawn: list[Sampled] = []
        try:
            for _ in range(count):
                step = next(self.steps, None) if self.steps else None
                if step is None or len(self.texts) + len(drawn) == LONGEST_TEXT:
                    self.stop()
                    break
                drawn.append(step)
        except SampleError as error:
            self.problem = str(error)
            self.stop()
        self.seconds += time.perf_counter() - begin
        for step in drawn:
            self.drawn.append(candidates(step.before, step.after, self.tokenizer, step.token))
            self.texts.append(short(self.tokenizer.token_text(step.token)))
            self.bits.append(-math.log2(max(step.before[step.token].item(), 1e-9)))

    def stop(self) -> None:
        """Write no more; what there is stays. The cache of keys and values is let go."""
        self.steps = None


def first_difference(texts: Sequence[Writing]) -> int | None:
    """Which of the written tokens is the first that two texts don't share; None for one text."""
    if len(texts) < 2:
        return None
    pairs = enumerate(zip(*(each.texts for each in texts), strict=False))
    return next((place for place, (a, b) in pairs if a != b), None)


@dataclass(frozen=True)
class Cut:
    """What one filter did: its name, how many tokens it left, and the probability it cut."""

    name: str
    left: int
    lost: float


def cuts(logits: Tensor, config: SampleConfig) -> list[Cut]:
    """What each filter in use did, in their order; nothing at temperature 0."""
    if config.temperature == 0:
        return []
    found, previous = [], None
    for name, after in stages(logits, config):
        if previous is not None:
            kept = after > 0
            found.append(Cut(name, int(kept.sum()), float(previous[~kept].sum())))
        previous = after
    return found
