"""What the Multi-head lesson says. Every finding is read from the numbers, none is written down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui.app.lesson import Answer
from ui.show.numbers import near_even, number, percent, tidy
from ui.show.tokens import code

if TYPE_CHECKING:
    from gpt_core.interpret.output_projection import OutputStep
    from gpt_core.model.config import GPTConfig

GOAL = "Say why a layer has several heads, and how their results become one vector."
FEWER, SAME, MORE = "fewer", "just as many", "more"
MOST_LISTED = 6
TASK = (
    "Move the sliders. Is there a token where one head's numbers are far larger than the others'?"
)
AGAIN = (
    "One matrix, the **output projection** `W_O`, mixes the numbers of all heads into one vector, "
    "**attn_out**. That is what the layer's attention adds to the token's vector."
)
WHY_SUM = (
    "Each head has columns of `W_O` of its own. So there are two ways to read the formula, with "
    "the same result: lay the heads side by side and multiply once, or let each head multiply its "
    "own columns and **add** the results."
)


def to_try(config: GPTConfig) -> tuple[str, ...]:
    """What to do on the page; of a single head there is nothing to compare."""
    if config.n_head == 1:
        return (
            "Walk through the tokens and the layers. Where does the head add most?",
            "Train a model with four heads (Training), choose it, and come back. Do its heads give "
            "most of their attention to the same tokens?",
        )
    return (
        "Walk through the tokens and the layers. Is it always the same head that adds most?",
        "Find a token for which two heads give most of their attention to the same token. Do they "
        "write the same numbers?",
        "Open **Attention** and switch off the head that adds the longest vector here. Does the "
        "prediction change much?",
    )


QUESTIONS = (
    (
        "A layer has 4 heads, each 32 numbers wide. How long is the vector that `W_O` reads, and "
        "how long is the one that it writes?",
        "It reads 4 × 32 = 128 numbers, and writes as many as a token's vector has: 128, too.",
    ),
    (
        "One head has the weights 70% and 30% for two tokens. Can it take the subject from the "
        "first with 100% and the verb from the second with 100%?",
        "No. One head has one set of weights for each token, and it mixes whole value vectors by "
        "them. Two heads can do it: each has weights of its own.",
    ),
    (
        "You set the z of head 2 to zero. Which part of attn_out changes?",
        "All its numbers may change: the part that head 2 adds is gone, the parts of the other "
        "heads stay as they are.",
    ),
)
ABILITIES = (
    "say what a second head can do that one wide head can't",
    "compute one number of attn_out from the z of all heads",
    "split what a layer's attention writes into a part for each head",
)
READING = (
    "Vaswani et al. 2017, [Attention Is All You Need](https://arxiv.org/abs/1706.03762), section "
    "3.2.2: several heads, and one matrix after them",
    "Elhage et al. 2021, [A Mathematical Framework for Transformer Circuits]"
    "(https://transformer-circuits.pub/2021/framework/index.html): heads as parts that add",
)


def step(config: GPTConfig, layer: int, position: int, token: str) -> str:
    """Where the numbers in the picture come from."""
    H, D, C = config.n_head, config.head_dim, config.n_embd
    who = f"each of the {H} heads of" if H > 1 else "the only head of"
    return (
        f"At position {position}, the token {code(token)}, {who} layer {layer} has mixed the value "
        f"vectors of the tokens it looks at. The result is the head's **z**: {D} numbers. "
        + (f"Side by side they are {H} × {D} = **{C}** numbers:" if H > 1 else "")
    )


def question(config: GPTConfig) -> str:
    """What to predict."""
    H, C = config.n_head, config.n_embd
    if H == 1:
        return (
            f"This model has one head a layer, {C} numbers wide. Split it in two heads, each half "
            f"as wide. Do the two need {FEWER} weights for their queries, keys and values, "
            f"{SAME}, or {MORE}?"
        )
    return (
        f"Put **one** head that is {C} numbers wide in place of the {H} heads. Does it need "
        f"{FEWER} weights for its queries, keys and values than the {H} heads together, {SAME}, "
        f"or {MORE}?"
    )


def answer(guess: str, config: GPTConfig) -> Answer:
    """The reveal: the weights of narrow heads and of a wide one, counted."""
    C, H = config.n_embd, max(2, config.n_head)
    D = number(C / H, ".4g")
    return Answer(
        guess == SAME,
        f"A narrow head has three matrices of {C} × {D} numbers, and there are {H} such heads: "
        f"{H} × 3 × {C} × {D} = {3 * C * C:,}. The wide one has 3 × {C} × {C} = {3 * C * C:,}. "
        + ("(Biases are left out; their number is the same, too.) " if config.bias else "")
        + "Several heads cost no more weights. What they add is more *patterns*: "
        f"{H} sets of attention weights for each token instead of one.",
    )


@dataclass(frozen=True)
class Most:
    """What one head gives most to: the token at a place, its text, its share."""

    place: int
    text: str
    share: float


def one_set_each(token: str, most: Sequence[Most], visible: int, longer: bool = True) -> str:
    """Where each head gives most of its attention, of so many tokens that it may see.

    longer: whether the prompt has more tokens than one.
    """
    listed = "; ".join(
        f"head {head}: {code(each.text)} ({percent(each.share)})"
        for head, each in enumerate(most[:MOST_LISTED])
    )
    more = f"; and {len(most) - MOST_LISTED} more" if len(most) > MOST_LISTED else ""
    said = "One head has **one set of weights** for each token. "
    if visible == 1:
        return said + (
            f"{code(token)} sees only itself, so all weight goes there. "
            + ("Choose a later token above." if longer else "Write a longer prompt.")
        )
    even = f"an even share would be {percent(1 / visible)}"
    chosen = [not near_even(each.share, visible) for each in most]
    if len(most) == 1:
        return said + (
            f"For {code(token)} this model's only head gives most to {code(most[0].text)} "
            f"({percent(most[0].share)}{'' if chosen[0] else f'; {even}'}). "
            "Whatever else this token needs has to come through the same weights."
        )
    said += f"Where each head gives most for {code(token)}: {listed}{more}. "
    if not any(chosen):
        return said + f"That is hardly a choice: {even}. Choose another token above."
    if not all(chosen):
        said += f"(For comparison: {even}.) "
    elif len({each.place for each in most}) == 1:
        return said + "Here all heads agree. Choose another token above: do they always?"
    return said + "Different heads can take different things from different tokens."


def formula(config: GPTConfig) -> str:
    """The output projection, in LaTeX with its shapes."""
    H, D, C = config.n_head, config.head_dim, config.n_embd
    bias = rf" + \underset{{({C})}}{{b}}" if config.bias else ""
    beside = r" \,\Vert\, "
    first, last = ["z_0"], [f"z_{{{H - 1}}}"] if H > 1 else []
    zs = beside.join(first + ([r"\dots"] if H > 2 else []) + last)
    return (
        rf"\underset{{({C})}}{{\text{{attn\_out}}}} = \underset{{({C}\times {C})}}{{W_O}}\;"
        rf"\underset{{({H}\cdot {D})}}{{({zs})}}{bias}"
    )


def by_hand(channel: int) -> str:
    """Which number the table is about."""
    return f"The largest of them, **number {channel}** of attn_out, as a sum over the heads:"


def one_number(step: OutputStep, channel: int) -> dict[str, list[str]]:
    """Columns of a table: one number of attn_out as the sum of what the heads add to it."""
    names = [f"head {head}" for head in range(len(step.z))] + ["bias b", "sum", "the model's own"]
    D = step.z.shape[1]
    columns = [f"{h * D} … {(h + 1) * D - 1}" for h in range(len(step.z))]
    added = [*step.parts[:, channel].tolist(), step.bias[channel].item()]
    numbers = [*added, sum(added), step.attn_out[channel].item()]
    form = _enough(numbers)
    return {
        "part": names,
        "columns of W_O": [*columns, "", "", ""],
        "adds": [number(value, form) for value in numbers],
    }


def _enough(values: Sequence[float]) -> str:
    """As many decimals as show three digits of the largest, and three at least."""
    largest = max(abs(value) for value in values)
    return f"+.{max(3, 2 - math.floor(math.log10(largest))) if largest else 3}f"


def check(step: OutputStep) -> str:
    """Whether it is what the model computed."""
    return (
        f"Check: over all {len(step.attn_out)} numbers, `W_O` times the numbers side by side, and "
        "also the sum of the heads' parts, differ from the model's own attn_out by at most "
        f"**{tidy(step.error, 0)}**."
    )


def who_writes(step: OutputStep) -> str:
    """How much each head adds here."""
    lengths = step.parts.norm(dim=1).tolist()
    order = sorted(range(len(lengths)), key=lambda head: -lengths[head])
    listed = ", ".join(
        f"head {head}: {number(lengths[head], '.3g')}" for head in order[:MOST_LISTED]
    )
    more = f", and {len(order) - MOST_LISTED} more" if len(order) > MOST_LISTED else ""
    said = f"The lengths of the vectors that the heads add here: {listed}{more}."
    if len(order) == 1:
        said = f"The vector that the head adds here has length {number(lengths[0], '.3g')}."
    return (
        f"{said} A long vector need "
        "not be a useful one. What a head is worth can be measured: see **Head importance**."
    )


Z_ALT = "The numbers z of all heads, side by side"
OUT_ALT = "The numbers of attn_out at this position"
BY_HAND = "One number by hand"
