"""From scores to text: choose the next token, append it, repeat.

    logits → ÷ temperature → softmax → top-k, top-p, min-p → draw one → append → again

Every step is yielded with the whole distribution it was drawn from, so that a page can show it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from gpt_core.generate.compiled import CompiledDecoder, can_decode
from gpt_core.generate.decoder import Decoder
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import find_hook_points
from gpt_core.model.settings import setting


class SampleError(ValueError):
    """Text can't be sampled this way; the message says what to change."""


@dataclass(frozen=True)
class SampleConfig:
    """How the next token is chosen; None switches a filter off. stop: texts after which to stop.

    Sources: top_k Fan et al. 2018, section 5.4; top_p (nucleus sampling) Holtzman et al. 2020,
    section 3.1; min_p Nguyen et al. 2024, section 3.

    Raises SampleError, with a sentence that says what is allowed, for any wrong value.
    """

    max_new_tokens: int = setting(200, "how many tokens to write at most")
    temperature: float = setting(
        1.0,
        "what the logits are divided by: below 1 the likely get likelier, above 1 all come closer "
        "together, 0 always the likeliest token",
    )
    top_k: int | None = setting(None, "keep only the k likeliest tokens")
    top_p: float | None = setting(
        None, "keep the fewest likeliest tokens that together reach probability p"
    )
    min_p: float | None = setting(
        None, "keep tokens at least this many times as likely as the likeliest"
    )
    seed: int = setting(1337, "where the random numbers start: the same seed gives the same text")
    stop: tuple[str, ...] = setting((), "end after any of these texts")

    def __post_init__(self) -> None:
        _check_whole("max_new_tokens", self.max_new_tokens, 1, 1_000_000)
        _check_whole("seed", self.seed, 0, 2**63 - 1)
        if self.temperature != 0:
            _check_number("temperature", self.temperature, 0.01, 100, "0 (always the likeliest) or")
        if self.top_k is not None:
            _check_whole("top_k", self.top_k, 1, 1_000_000)
        if self.top_p is not None:
            _check_number("top_p", self.top_p, 1e-6, 1)
        if self.min_p is not None:
            _check_number("min_p", self.min_p, 0, 1)
        texts = isinstance(self.stop, tuple) and all(isinstance(s, str) and s for s in self.stop)
        if not texts:
            raise SampleError(f"stop is {self.stop!r}; it must be a tuple of texts, none empty.")


class Decodes(Protocol):
    """What `stop` needs of a tokenizer."""

    def decode(self, ids: Sequence[int]) -> str:
        """Token ids to text."""
        ...


@dataclass
class Sampled:
    """One new token, and where it came from: the logits (V,) and how one was chosen.

    The probabilities are worked out when they are first asked for.
    """

    token: int
    logits: Tensor
    config: SampleConfig

    @cached_property
    def before(self) -> Tensor:
        """Probabilities (V,) as the model gave them."""
        return distribution(self.logits, self.config)[0]

    @cached_property
    def after(self) -> Tensor:
        """Probabilities (V,) that the token was drawn from: after temperature and filters."""
        return distribution(self.logits, self.config)[1]


def generate(
    model: GPT,
    tokens: Sequence[int],
    config: SampleConfig | None = None,
    tokenizer: Decodes | None = None,
    use_cache: bool = True,
    decoder: Decoder | CompiledDecoder | None = None,
) -> Iterator[Sampled]:
    """Continue a text, one token at a time.

    model: in eval mode. tokens: the ids of the prompt, at least one; only the last block_size are
    read. tokenizer: needed for config.stop; the token that completes a stop text is the last one.
    use_cache: keep keys and values of earlier tokens (the same text, several times faster).
    decoder: what keeps them, for this model; by default what `decoder_of` gives.

    A full window restarts from its last three quarters: moving on by one token would change every
    position, and nothing in the cache could be kept.

    A model whose tensors are being recorded or changed (see observe), or that isn't causal, runs
    whole for every token, so that hooks are seen and later tokens can change earlier ones.

    Raises SampleError for an empty prompt, a token the model doesn't have, a model in training
    mode, or stop texts without a tokenizer; and, while sampling, for scores that aren't numbers.
    """
    config = config or SampleConfig()
    size = model.config.vocab_size
    if not tokens:
        raise SampleError("There is nothing to continue; give at least one token.")
    if not all(0 <= token < size for token in tokens):
        raise SampleError(f"The prompt has tokens outside the model's 0 to {size - 1}.")
    if model.training:
        raise SampleError("The model is in training mode; call model.eval() before sampling.")
    if config.stop and tokenizer is None:
        raise SampleError("Stop texts need the tokenizer, to know what the tokens say.")
    if use_cache and decoder is None and model.config.causal:
        decoder = decoder_of(model)
    return _generate(model, list(tokens), config, tokenizer, decoder if use_cache else None)


def decoder_of(model: GPT) -> Decoder | CompiledDecoder:
    """The quickest decoder of a causal model: compiled, where that is prepared and knows it."""
    return CompiledDecoder(model) if can_decode(model) else Decoder(model)


def _generate(
    model: GPT,
    tokens: list[int],
    config: SampleConfig,
    tokenizer: Decodes | None,
    decoder: Decoder | CompiledDecoder | None,
) -> Iterator[Sampled]:
    """The loop of generate, whose arguments are checked."""
    generator = torch.Generator().manual_seed(config.seed)
    block_size = model.config.block_size
    hooks = [
        point._forward_hooks for point in find_hook_points(model).values()
    ]  # looked at every token
    window = tokens[-block_size:]
    written: list[int] = []
    for _ in range(config.max_new_tokens):
        if len(window) > block_size:
            window = window[block_size // 4 - block_size :]
            if decoder:
                decoder.length = 0
        if decoder and not any(hooks):
            logits = decoder(window[decoder.length :])
        else:
            logits = _whole(model, window)
        step = choose(logits.float().cpu(), config, generator)
        yield step
        window.append(step.token)
        written.append(step.token)
        if config.stop and tokenizer is not None and stopped(written, config.stop, tokenizer):
            return


def distribution(logits: Tensor, config: SampleConfig) -> tuple[Tensor, Tensor]:
    """Probabilities of the next token, before and after temperature and filters.

    logits (V,) → before (V,), the softmax of the plain logits, and after (V,), what is drawn from.
    """
    before = torch.softmax(logits, 0)
    if config.temperature == 0:
        after = torch.zeros_like(before)
        after[int(logits.argmax())] = 1.0
        return before, after
    *_, (_, after) = stages(logits, config)
    return before, after


def stages(logits: Tensor, config: SampleConfig) -> Iterator[tuple[str, Tensor]]:
    """The probabilities (V,) after temperature (above 0), then after each filter in use.

    Top-k, top-p and min-p come in this order, each on what the one before it left.
    """
    # The largest score may be moved to 0: softmax sees only differences. A low temperature
    # can't overflow then.
    after = torch.softmax((logits - logits.max()) / config.temperature, 0)
    yield "temperature", after
    if config.top_k is not None:
        after = keep_top_k(after, config.top_k)
        yield "top-k", after
    if config.top_p is not None:
        after = keep_top_p(after, config.top_p)
        yield "top-p", after
    if config.min_p is not None:
        yield "min-p", keep_min_p(after, config.min_p)


def keep_top_k(probabilities: Tensor, k: int) -> Tensor:
    """Only the k likeliest tokens, (V,) → (V,), shared out to sum to 1 again; ties all stay."""
    smallest_kept = probabilities.topk(min(k, len(probabilities))).values[-1]
    return _renormalise(probabilities, probabilities >= smallest_kept)


def keep_top_p(probabilities: Tensor, p: float) -> Tensor:
    """The smallest set of likeliest tokens that together reach probability p, (V,) → (V,)."""
    ranked, order = probabilities.sort(descending=True, stable=True)
    likelier = ranked.cumsum(0) - ranked  # probability of all tokens ranked above this one
    keep = torch.zeros_like(probabilities, dtype=torch.bool)
    keep[order] = (likelier < p) | (p == 1)  # rounding mustn't cut the tail when p is 1
    return _renormalise(probabilities, keep)


def keep_min_p(probabilities: Tensor, min_p: float) -> Tensor:
    """Tokens at least min_p times as likely as the likeliest, (V,) → (V,)."""
    return _renormalise(probabilities, probabilities >= min_p * probabilities.max())


def stopped(written: list[int], stop: Sequence[str], tokenizer: Decodes) -> bool:
    """Whether the new text now contains a stop text, which may span several tokens."""
    # A character has at most 4 bytes and a token at least one, so this tail is long enough.
    tail = tokenizer.decode(written[-4 * max(map(len, stop)) :])
    return any(text in tail for text in stop)


def cut_at_stop(text: str, stop: Sequence[str]) -> str:
    """The text up to the first stop text."""
    return text[: min((text.index(s) for s in stop if s in text), default=len(text))]


def _renormalise(probabilities: Tensor, keep: Tensor) -> Tensor:
    """Zero what isn't kept, and share its probability out among the rest."""
    kept = probabilities * keep
    return kept / kept.sum()


def choose(logits: Tensor, config: SampleConfig, generator: torch.Generator) -> Sampled:
    """Take the likeliest token, or draw one."""
    score, best = logits.max(0)
    if not math.isfinite(score):  # nan counts as the largest
        raise SampleError("The model's scores are not numbers; its training has diverged.")
    step = Sampled(int(best), logits, config)
    if config.temperature:
        step.token = int(torch.multinomial(step.after, 1, generator=generator))
    return step


@torch.no_grad()
def _whole(model: GPT, window: list[int]) -> Tensor:
    """The logits (V,) of the next token from a forward over the whole window."""
    idx = torch.tensor([window], device=model.device)
    return model(idx)[0][0, -1]


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise SampleError(f"{name} is {value!r}; it must be a whole number from {low} to {high}.")


def _check_number(name: str, value: object, low: float, high: float, also: str = "") -> None:
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return  # nan would not be inside
    also = also and f"{also} "
    raise SampleError(f"{name} is {value!r}; it must be {also}a number from {low} to {high}.")
