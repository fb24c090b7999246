"""What the end of Home says: the ladder of parts, the parameters, larger models."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

from gpt_core.evaluation.paired import paired
from gpt_core.model.parameters import Share
from ui.show.numbers import number

LADDER = (
    "Each model below has one part more than the one before it. All of them read the same text, "
    "letter by letter, and learn for the same time. **Bits per character** say how surprised a "
    "model is by text that it did not learn from: less is better."
)
PARTS = {
    "bigram": "sees the last character only",
    "+ averaging": "sees the mean of all characters so far (and of where each stands), and loses "
    "which was the last",
    "+ attention": "weighs the earlier characters, by one head",
    "+ several heads": "weighs them in four ways at once",
    "+ MLP": "works on each token's result",
    "+ residual stream and norms": "adds what a part finds instead of replacing the vector",
    "+ depth": "has four layers instead of one",
}
LESSONS = {
    "bigram": "surprise",
    "+ averaging": "averaging",
    "+ attention": "attention",
    "+ several heads": "heads",
    "+ MLP": "mlp",
    "+ residual stream and norms": "residual",
    "+ depth": "training",
}
BARS = "Bits per character of each model on the ladder, as bars"
PARAMETERS = (
    "A model is its **parameters**: the numbers that training sets. This table says where those of "
    "the chosen model sit. “Each” counts one layer."
)
TIED = "The output layer uses the table of token embeddings once more, so it has none of its own."
BRIDGE = (
    "Larger models have the same parts, more of them, and more text. The first row is the model "
    "that you are looking at."
)
AFTER = """
**What comes after.** A model that has only read text, as all models here, continues text. It does
not answer questions. Three steps more make an assistant of it:

1. **Fine-tuning on examples.** People write questions with good answers, and the model is trained
   on these, with the same loss as before.
2. **Learning from preferences.** The model writes two answers, people (or another model) say which
   is better, and the weights are moved towards what was preferred.
3. **Learning from checkable tasks.** In mathematics and programming a program can tell whether an
   answer is right; answers that are right are made likelier.

None of these changes the parts. They move the same parameters.
"""
NOT_TOLD = "not published"


def step(before: Sequence[float], now: Sequence[float]) -> str:
    """What a part changed, in bits: the seeds are paired, and their spread decides."""
    if len(now) < 3:
        alone = number(mean(now) - mean(before), "+.2f")
        return f"{alone} (too few seeds: the noise is not known)"
    change = paired(now, before)
    if not change.sign:
        return f"no difference beyond the noise of the seeds (at most {number(change.most, '.2f')})"
    which = "better" if change.sign < 0 else "worse"
    half = (change.high - change.low) / 2
    return f"{which} by {number(abs(change.mean), '.3f')}\u00a0±\u00a0{number(half, '.3f')}"


def depth(value: dict[str, Any]) -> str:
    """About the last rung, where it costs more than it gains; nothing where it gains."""
    before, deep = value["rungs"][-2:]
    if mean(deep["bits"]) <= mean(before["bits"]):
        return ""
    return (
        "More is not better in itself. Each step of the deeper model takes about four times as "
        f"long, so in {value['seconds']} s it has learned from far less text. Whether depth pays "
        "with more time, this ladder does not show."
    )


def measured(value: dict[str, Any]) -> str:
    """How the ladder's numbers were made."""
    seeds = len(value["rungs"][0]["bits"])
    return (
        f"{value['seconds']} s of processor time for each model, {seeds} seeds. Measured on "
        f"{value['pieces']} pieces of {value['context']} characters, the same for all; a mean over "
        f"them has a standard error of at most {number(value['error'], '.2f')} bits, and because "
        "the pieces are the same, differences are known better than that. ± is a 95% interval of "
        "the paired difference to the model before."
    )


def total(shares: Sequence[Share]) -> str:
    """The table adds up."""
    return f"Together: **{sum(share.total for share in shares):,}** parameters."


def largest(shares: Sequence[Share]) -> str:
    """Where most of them sit."""
    most = max(shares, key=lambda share: share.total)
    whole = sum(share.total for share in shares)
    said = f"The largest share, {most.total / whole:.0%}, is that of **{most.part}**."
    for share in shares:
        if rest := share.total - share.each * share.times:
            said += f" The last norm, after all layers, adds {rest:,} to those of the layers."
    return said


def times(count: float, own: float) -> str:
    """How many times as large a model is."""
    ratio = count / own
    return "1" if ratio == 1 else f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
