"""What the Sample lesson says, with the numbers of the prompt in view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gpt_core.generate.sample import SampleConfig, distribution
from pages.sample.sampling import Cut, Writing, spoken
from ui.app.lesson import Answer
from ui.show.numbers import counted
from ui.show.tokens import code

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.tokenizers import Tokenizer

NUCLEUS = 0.9
GUESSES = ("1 token", "2 to 5", "6 to 15", "more than 15")

TRY = (
    "**Temperature 0, twice.** Press Write two times. Why is the text the same, whatever "
    "the seed? How long does it take until the text repeats itself?",
    "**Temperature 2, then top-k 3.** First see what a text looks like when unlikely tokens "
    "get their turn. Then cut all but three at every step: is it still nonsense?",
    "**Find the accident.** Look for the darkest token of the text and choose it. How "
    "likely was it? Did the text recover after it?",
    "**Sure or not?** Write half a name into the prompt, such as `NADI`, then a whole line. "
    "When does top-p 0.9 keep one token, and when many?",
)

READING = (
    "Fan, Lewis & Dauphin 2018, [Hierarchical Neural Story "
    "Generation](https://arxiv.org/abs/1805.04833), section 5.1: top-k.",
    "Holtzman et al. 2020, [The Curious Case of Neural Text "
    "Degeneration](https://arxiv.org/abs/1904.09751): why the likeliest text is dull, and "
    "top-p.",
    "Nguyen et al. 2024, [Turning Up the Heat](https://arxiv.org/abs/2407.01082): min-p.",
    "Pope et al. 2022, [Efficiently Scaling Transformer "
    "Inference](https://arxiv.org/abs/2211.05102): what the cache of keys and values costs "
    "and saves.",
)

INTRO = (
    "A GPT doesn't write. It says how likely each token is to come next. Something else has to "
    "**choose** one; then the token is appended, and the model is asked again. How to choose is up "
    "to you, and it makes the difference between a parrot and a poet."
)

CACHE = """
Every new token needs the **keys** and **values** of all tokens before it, in every layer. Those
never change: in this model a token can't see what comes later. So they are kept (the **KV
cache**), and each step computes one token instead of the whole text. When the window of {block}
tokens is full, it restarts from its last three quarters.
"""


def kept(config: SampleConfig, cut: Sequence[Cut], after: Tensor) -> str:
    """One line under the bars: how many tokens are left, and what was cut."""
    total, left = len(after), int((after > 0).sum())
    if config.temperature == 0:
        return "Temperature 0: the likeliest token takes everything, and the seed plays no part."
    if not cut:
        return f"No filter is on: all {total} tokens can be drawn."
    parts = [f"{c.name} leaves {c.left} (cuts {100 * c.lost:.1f}%)" for c in cut]
    return f"Of {total} tokens, {'; '.join(parts)}. {counted(left, 'token')} can be drawn."


def temperature(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """The division by T, done with the two best tokens."""
    (first, second), ids = (pair.tolist() for pair in logits.topk(2))
    a, b = (code(tokenizer.token_text(i)) for i in ids)
    gap = first - second
    plain = math.exp(gap)
    said = (
        f"The best two tokens are {a} with score {first:.2f} and {b} with {second:.2f}: a gap of "
        f"{gap:.2f}. At T = 1 that makes {a} e^{gap:.2f} = {plain:.2f} times as likely."
    )
    T = config.temperature
    if T == 0:
        return f"{said} At T = 0 nothing is drawn: {a} simply wins."
    if T == 1:
        half = min(gap / 0.5, 50)
        return f"{said} At T = 0.5 the gap would double: {math.exp(half):,.2f} times as likely."
    return (
        f"{said} Divided by T = {T:g} the gap becomes {gap / T:.2f}: "
        f"{math.exp(min(gap / T, 50)):,.2f} times as likely."
    )


def top_k(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """What top-k does here, or would do."""
    k = config.top_k or min(5, len(logits))
    left, lost, names = _alone(logits, SampleConfig(top_k=k), tokenizer)
    return (
        f"Keep the k likeliest tokens, however likely they are. {_would(config.top_k)} k = {k} "
        f"keeps {counted(left, 'token')} ({names}) and throws {100 * lost:.1f}% of the probability "
        "away."
    )


def top_p(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """What top-p does here, or would do."""
    p = config.top_p or NUCLEUS
    left, _, names = _alone(logits, SampleConfig(top_p=p), tokenizer)
    return (
        "Go down the list until the probabilities add up to p, and keep those: few when the model "
        f"is sure, many when it isn't. {_would(config.top_p)} p = {p:g} keeps "
        f"{counted(left, 'token')} ({names})."
    )


def min_p(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """What min-p does here, or would do."""
    m = config.min_p or 0.1
    best = float(logits.softmax(0).max())
    left, _, names = _alone(logits, SampleConfig(min_p=m), tokenizer)
    return (
        "Keep tokens that are at least m times as likely as the best one; the bar rises and falls "
        f"with the best. {_would(config.min_p)} m = {m:g}: the best has {100 * best:.1f}%, so the "
        f"bar is {100 * m * best:.2f}%, and {counted(left, 'token')} pass ({names})."
    )


def _would(setting: float | None) -> str:
    return "At T = 1," if setting else "It is off now; at T = 1,"


def _alone(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> tuple[int, float, str]:
    """How many tokens one filter leaves, the probability it cuts, and the names of the first."""
    before, after = distribution(logits, config)
    left = after > 0
    count = int(left.sum())
    first = after.topk(min(count, 6)).indices.tolist()
    names = " ".join(code(tokenizer.token_text(i)) for i in first)
    return count, float(before[~left].sum()), names + (" …" if count > 6 else "")


def nucleus_answer(guess: str, logits: Tensor) -> Answer:
    """How many tokens top-p keeps for this prompt, against the guess."""
    before, after = distribution(logits, SampleConfig(top_p=NUCLEUS))
    count, best = int((after > 0).sum()), 100 * float(before.max())
    right = GUESSES[0 if count == 1 else 1 if count <= 5 else 2 if count <= 15 else 3]
    return Answer(
        guess == right,
        f"**{counted(count, 'token')}** stay in. The likeliest one alone has {best:.1f}%. Change "
        "the end of the prompt and the number changes: that is the point of top-p. Top-k would "
        "keep the same number everywhere.",
    )


def written(writing: Writing) -> str:
    """What can be said of a text once it has ended."""
    count = len(writing.texts)
    if not count:
        return ""
    bits = sum(writing.bits) / count
    speed = count / writing.seconds if writing.seconds else 0.0
    return (
        f"{count} tokens, written with {spoken(writing.config)}. On average the model was "
        f"surprised by {bits:.2f} bits a token. Computed in {writing.seconds:.2f} s: "
        f"{speed:,.0f} tokens a second, slowed down so that you can watch."
    )


def unknown(characters: Sequence[str]) -> str:
    """One sentence about what the model has never seen."""
    shown = " ".join(code(c) for c in characters[:6])
    more = " and more" if len(characters) > 6 else ""
    return f"The model has never seen {shown}{more}; it reads a mark for “unknown” instead."
