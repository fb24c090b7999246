"""How the Sample lesson writes: its settings, the next token's logits, a text that grows."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st
import torch

from gpt_core.generate.decoder import Decoder
from gpt_core.generate.sample import SampleConfig, Sampled, SampleError, generate, stages
from gpt_core.model.gpt import GPT
from ui.app import widgets
from ui.app.study_bar import LINE_BREAK
from ui.services.caches import MODELS, shared
from ui.services.study import Study
from ui.show.tokens import short

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.tokenizers import Tokenizer
    from ui.services.models import LoadedModel

LONGEST_TEXT = 400  # tokens; visitors are strangers, and share two cores
SHOWN = 9  # how many of the likeliest tokens get a bar


def settings() -> SampleConfig:
    """Draw the widgets; all of them are in the URL. What is switched off is None."""
    left, right = st.columns(2)  # each pair in a row of its own, which a telephone stacks in order
    temperature = widgets.slider(
        "Temperature",
        0.0,
        2.0,
        0.7,
        0.05,
        key="temperature",
        container=left,
        help="The scores are divided by it. Below 1: bolder. Above 1: more even. 0: always the "
        "likeliest token.",
    )
    top_k = widgets.number_input(
        "Top-k",
        0,
        1000,
        0,
        key="top_k",
        container=right,
        help="Keep only the k likeliest tokens. 0 keeps all.",
    )
    left, right = st.columns(2)
    top_p = widgets.slider(
        "Top-p",
        0.05,
        1.0,
        1.0,
        0.05,
        key="top_p",
        container=left,
        help="Keep the fewest likeliest tokens that together reach probability p. 1 keeps all.",
    )
    min_p = widgets.slider(
        "Min-p",
        0.0,
        1.0,
        0.2,
        0.01,
        key="min_p",
        container=right,
        help="Keep tokens at least this many times as likely as the likeliest. 0 keeps all.",
    )
    left, right = st.columns(2)
    length = widgets.slider(
        "Tokens to write", 20, LONGEST_TEXT, 300, 20, key="length", container=left
    )
    seed = widgets.number_input(
        "Seed",
        0,
        2**31 - 1,
        1337,
        key="seed",
        container=right,
        help="Where the random numbers start. The same seed gives the same text.",
    )
    return SampleConfig(
        max_new_tokens=int(length),
        temperature=temperature,
        top_k=int(top_k) or None,
        top_p=top_p if top_p < 1 else None,
        min_p=min_p or None,
        seed=int(seed),
    )


def spoken(config: SampleConfig) -> str:
    """The settings in use, in words."""
    if config.temperature == 0:
        return "temperature 0, always the likeliest token"
    parts = [f"temperature {config.temperature:g}"]
    named = {"top-k": config.top_k, "top-p": config.top_p, "min-p": config.min_p}
    parts += [f"{name} {value:g}" for name, value in named.items() if value is not None]
    return ", ".join([*parts, f"seed {config.seed}"])


def prompt_box(study: Study, longest: int) -> None:
    """The prompt under study in a larger box; what is typed here is the sidebar's prompt, too."""
    # The sidebar's widget owns the prompt. This box is filled from it on every run.
    st.session_state["start_text"] = study.prompt
    st.text_area(
        "The text to go on from",
        key="start_text",
        max_chars=longest,
        height=122,
        on_change=_take_prompt,
        help="This is the prompt under study: the sidebar and all other lessons follow.",
    )


def _take_prompt() -> None:
    # A prompt of no tokens has no next token. A line break is the nearest to a blank page.
    typed = st.session_state["start_text"] or "\n"
    st.session_state["prompt"] = typed.replace("\n", LINE_BREAK)
    st.rerun()  # the whole page, the sidebar's box with it


@shared(MODELS)
def own_copy(loaded: LoadedModel) -> GPT:
    """The model again, for sampling alone.

    Other lessons put hooks on the model that all visitors share, and a hooked model is sampled by
    the slow path, with whatever the hooks change. Nobody hooks this one.
    """
    copy = GPT(loaded.model.config)
    copy.load_state_dict(loaded.model.state_dict())
    return copy.eval().requires_grad_(False)


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
    steps: Iterator[Sampled] | None  # None once it has ended
    drawn: list[dict[str, Any]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    bits: list[float] = field(default_factory=list)  # how surprising each token was
    seconds: float = 0.0  # of computing; pauses between chunks don't count
    problem: str = ""

    @classmethod
    def start(cls, study: Study, config: SampleConfig) -> Writing:
        """Begin after the study's prompt; nothing is written yet."""
        steps = generate(own_copy(study.loaded), study.ids, config)
        return cls(f"text {next(_numbers)}", _shown(study), config, study.tokenizer, steps)

    @classmethod
    def blank(cls, study: Study, config: SampleConfig) -> Writing:
        """The prompt alone, before anyone asked for more."""
        return cls(f"only {study.prompt}", _shown(study), config, study.tokenizer, None)

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
