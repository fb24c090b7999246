"""What the residual-stream lesson says, with the numbers of the prompt in view."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from pages.residual.figures import part_name
from ui.app.lesson import Answer
from ui.show.numbers import counted, number, tidy
from ui.show.tokens import code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpt_core.interpret.attribution import Attribution, Written
    from gpt_core.model.config import GPTConfig

GOAL = "See a model's work as a sum of vectors, and find which part pushes an answer up."
CLOSE = 1e-4
LARGE = 50  # numbers in a vector; larger ones are no usual size
GUESSES = (
    "yes",
    "it does push it up, but another branch pushes harder",
    "no, it pushes it down, or not at all",
)

READING = (
    "Elhage et al. 2021, [A Mathematical Framework for Transformer Circuits]"
    "(https://transformer-circuits.pub/2021/framework/index.html): the residual stream as a place "
    "that parts write to and read from",
    "He et al. 2015, [Deep Residual Learning for Image Recognition]"
    "(https://arxiv.org/abs/1512.03385): where adding instead of replacing began",
    "Sun et al. 2024, [Massive Activations in Large Language Models]"
    "(https://arxiv.org/abs/2402.17762): very large numbers in the streams of large models",
)


def three(value: float) -> str:
    """A length in three digits."""
    return number(value, ".3g")


def sum_in_words(config: GPTConfig, branches: Sequence[Written]) -> str:
    """The concrete sum of vectors, before any formula."""
    added = [each for each in branches if each.name.startswith("blocks")]
    first, last = added[0], added[-1]
    placed = any(each.name == "pos_embed" for each in branches)
    start = "its embedding" + (" plus its position's vector" if placed else "")
    until = "and so on until" if config.n_layer > 1 else "and"
    words = (
        f"It begins as {start}. {part_name(first.name)} then adds a vector of length "
        f"**{three(first.length)}**, {until} {part_name(last.name)} adds one of length "
        f"**{three(last.length)}**: **{len(added)} additions** in "
        f"{counted(config.n_layer, 'layer')}."
    )
    if config.post_norm:
        return words + (
            " This is a **post-norm** model: after each addition a norm rescales the whole "
            "stream, so what was written earlier shrinks or grows with it."
        )
    return words + " Nothing is ever overwritten: a branch can only add."


def formula(config: GPTConfig, C: int) -> str:
    """The stream as a sum, in lines that fit a phone."""
    plus = " + p" if config.position in ("learned", "sinusoidal") else ""
    lines = [
        f"x_\\text{{end}} = e{plus} + \\sum_{{\\ell=0}}^{{{config.n_layer - 1}}} "
        "\\left(\\text{attn}_\\ell + \\text{mlp}_\\ell\\right)"
    ]
    if config.post_norm:
        parts = ("attn", "mlp")
        lines = [f"x \\leftarrow \\text{{norm}}(x + \\text{{{part}}}_\\ell(x))" for part in parts]
    lines.append(f"x \\in \\mathbb{{R}}^{{{C}}}")
    return "\\begin{gathered}" + " \\\\ ".join(lines) + "\\end{gathered}"


def question(branches: Sequence[Written], answer: str) -> str:
    """Length against direction, asked about the longest branch."""
    longest = max(_added(branches), key=lambda each: each.length)
    return (
        f"Of all branches, **{part_name(longest.name)}** writes the longest vector here: "
        f"{three(longest.length)}. Length is not all: what counts for the answer {code(answer)} is "
        "how far a vector reaches **in the answer's direction**. Does the longest also push "
        f"{code(answer)} up the most?"
    )


def reveal(guess: str, branches: Sequence[Written], answer: str) -> Answer:
    """What is so on this prompt, beside what was guessed."""
    added = _added(branches)
    longest = max(added, key=lambda each: each.length)
    strongest = max(added, key=lambda each: each.logit)
    if not any(each.logit for each in added):
        return Answer(None, f"No branch moves the logit of {code(answer)} at all here.")
    if strongest.logit <= 0:
        truth, told = 2, "no branch pushes it up here."
    elif longest is strongest:
        truth, told = 0, "it is the longest **and** pushes hardest."
    else:
        truth = 2 if longest.logit <= 0 else 1
        told = (
            f"**{part_name(strongest.name)}** pushes harder "
            f"({_push(strongest.logit)}) with "
            f"a vector of length {three(strongest.length)}: the cosine to the answer's direction "
            f"is {number(strongest.cosine, '+.2f')} there."
        )
    return Answer(
        guess == GUESSES[truth],
        f"{part_name(longest.name)} adds {_push(longest.logit)} to the logit of "
        f"{code(answer)} (cosine {number(longest.cosine, '+.2f')}); {told}",
    )


def _push(logit: float) -> str:
    """What is added to a logit; a very small push isn't called none."""
    return number(logit, "+.2f" if abs(logit) >= 0.005 else "+.1g")


def direction(config: GPTConfig) -> str:
    """How a logit is read off the stream, and what is held fixed; true of this model."""
    row = (
        "Each token has a row in the table at the model's end; its logit is the product of that "
        "row with the stream's end"
    )
    read = "a part's share is **its length × its cosine × the direction's length**."
    if config.norm == "none":
        return f"{row}. This model has no norms, so {read}"
    fixed = "**held fixed at what it was in the real pass**"
    if config.post_norm:
        return (
            f"{row}. This is a post-norm model: what a part wrote passes through every norm after "
            f"it. Each norm's scale is {fixed}; then the sum is exact, and {read} (The direction "
            "is taken back through the norms that the part still passes, so its length differs.) "
            "What can't be split: a part also changes those scales, for itself and all the others."
        )
    if config.norm == "batchnorm":
        return (
            f"{row}, after the last norm. BatchNorm uses fixed statistics from training, so the "
            f"sum is exact without further ado, and {read}"
        )
    return (
        f"{row}, after the last norm, which divides the vector by its size. This divisor is "
        f"{fixed}: otherwise a logit would be no sum, because each part changes what all are "
        f"divided by. With it, {read}"
    )


def adds_up(shares: Attribution) -> str:
    """The check: sum, logit, difference."""
    difference = abs(shares.total - shares.logit)
    verdict = "They agree to within 10⁻⁴."
    if difference >= CLOSE:
        verdict = "More than 10⁻⁴: the model's own pass is calculated in 32 bits only."
    return (
        f"**Check.** Sum of all {len(shares.parts)} parts (each head and each bias is one): "
        f"**{number(shares.total, '.6f')}** · the "
        f"logit that the model computed: **{number(shares.logit, '.6f')}** · difference: "
        f"**{tidy(difference, 0)}**. {verdict}"
    )


def share_table(shares: Attribution) -> pd.DataFrame:
    """Length, direction and share of every branch."""
    rows = shares.branches
    return pd.DataFrame(
        {
            "length": [number(each.length, ".3f") for each in rows],
            "cosine to the answer": [number(each.cosine, "+.4f") for each in rows],
            "share of the logit": [number(each.logit, "+.4f") for each in rows],
        },
        index=[part_name(each.name) for each in rows],
    )


def _added(branches: Sequence[Written]) -> list[Written]:
    return [each for each in branches if each.name.startswith("blocks")]


def intro(channels: int) -> str:
    return (
        f"Every token travels through the model as one vector of **{channels} numbers**: its "
        "**residual stream**. Attention and the MLP are branches: each reads the stream and adds a "
        "vector to it. The stream's end gives each token of the vocabulary a score for coming "
        "next, its **logit**."
    )


def why_add(config: GPTConfig, start: float, end: float) -> str:
    """Why a branch adds to the stream and doesn't replace it."""
    told = (
        "**Why add and not replace?** A branch then has to compute only a *change*, and what "
        "earlier parts wrote stays there for all later ones. It also helps training: a correction "
        "found at the end reaches every layer straight along the sum, not only through all layers "
        "in between (He et al. 2015)."
    )
    if config.post_norm:
        return told + " In this post-norm model it does pass through the norms that lie on the way."
    return told + (
        f" Here the vector that the token began with, of length {three(start)}, is still a term "
        f"of the sum at the end, which has length {three(end)}."
    )


def unusual_size(config: GPTConfig, branches: Sequence[Written], decay: float | None) -> str | None:
    """Why a branch writes so long a vector; None where it doesn't.

    decay: the weight decay that the model was trained with; None if that isn't known.
    """
    longest = max(_added(branches), key=lambda each: each.length)
    size = longest.length / math.sqrt(config.n_embd)
    if size <= LARGE:
        return None
    told = (
        f"**An unusually large stream.** {part_name(longest.name)} adds a vector of length "
        f"{three(longest.length)} here: its {config.n_embd} numbers have a typical size of "
        f"{number(size, '.0f')}. "
    )
    if config.norm_position == "pre" and config.norm in ("layernorm", "rmsnorm"):
        told += "The last norm divides the size away again, so a long vector costs nothing. "
    if decay is None:
        return told + "How all of it was trained is not known here, so neither is the cause."
    if decay == 0:
        return told + (
            "**Weight decay** would hold it down: it pulls all weights a little towards 0 at every "
            "training step. Usual GPTs are trained with it. This model was not."
        )
    return told + (
        "**Weight decay**, which pulls all weights a little towards 0 at every training step, "
        f"works against it; this model's, {number(decay, 'g')}, was too weak for that."
    )


CAUSE = (
    "The shares show which part added to the logit, not why. To find the cause, change something: "
    "copy a state from another prompt, or push it."
)
CAUSE_LINK = "Lens and patching: change a state and see"

TRY = (
    "Set *minus that of* to the second likeliest token. Which part decides between the two?",
    "Choose an early token. Does the same branch write the longest vector there?",
    "Look at each head's share. Is there a head that pushes the answer *down*?",
)
QUESTIONS = (
    (
        "A branch writes a very long vector, at a right angle to the answer's direction. How much "
        "does it add to the answer's logit?",
        "Nothing: its share is length × cosine × the direction's length, and the cosine is 0.",
    ),
    (
        "Can a later layer delete what an earlier one wrote?",
        "Not by overwriting. But it can add the same vector with the opposite sign, and then the "
        "sum is as if neither had written.",
    ),
    (
        "Why must the last norm's divisor be held fixed before a logit can be split into shares?",
        "The divisor depends on the whole sum. If each part also changed it, the shares would not "
        "add up to the logit.",
    ),
)
ABILITIES = (
    "write the stream's end as a sum of what each part added",
    "split a logit into shares, and check that they add up",
    "tell the length of a vector from what it does to an answer",
)
