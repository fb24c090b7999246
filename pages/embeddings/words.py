"""What the Embeddings lesson says, with the numbers of the model in view."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gpt_core.model.config import GPTConfig
from ui.app.lesson import Answer
from ui.show.numbers import number, ordinal
from ui.show.tokens import code

GOAL = "Say what a token is inside a model: a list of numbers, and what its neighbours tell."


def intro(config: GPTConfig) -> str:
    """What a model makes of a token first."""
    return (
        f"A model can't calculate with letters. So each of its {config.vocab_size:,} tokens has a "
        f"**vector**, a list of {config.n_embd} learned numbers: its **embedding**. Below, each "
        "token is a point, and yours are marked."
    )


def question(token: str) -> str:
    """What to predict before the neighbours are shown."""
    return (
        f"Which of these tokens of your prompt has a vector that points most nearly the same way "
        f"as {code(token)}'s?"
    )


def judged(
    token: str, chosen: str, cosines: Sequence[tuple[str, float]], mean: float, spread: float
) -> Answer:
    """Whether no other option has a larger cosine with the token.

    cosines: of the options. mean, spread: of the cosines of all other tokens with this one.
    """
    values = dict(cosines)
    best = max(values, key=values.__getitem__)
    why = f"{code(best)} has the largest cosine with {code(token)}: {number(values[best])}."
    if best != chosen:
        why += f" {code(chosen)} has {number(values[chosen])}."
    if values[best] < mean + 2 * spread:
        why += (
            f" That is not much: any token has {number(mean)} on average (standard deviation "
            f"{number(spread)}). Standing side by side in a text does not make two vectors alike."
        )
    return Answer(values[chosen] == values[best], why)


def row_of(token: str, row: int, numbers: str, width: int, length: float) -> str:
    """A token's row of the table."""
    return (
        f"Token **{code(token)}** is row {row} of the table: {numbers}, … ({width} numbers, length "
        f"{length:.2f})."
    )


def not_held(typed: str) -> str:
    """Nothing was found."""
    return f"No token of this model holds {code(typed)}. Try fewer letters."


MAP_ALT = "Token vectors as points in a plane, the chosen token and its neighbours marked"


def every(tokens: int, step: int) -> str:
    """Which tokens are drawn."""
    return f" Of {tokens:,} tokens, every {ordinal(step)} token is drawn."


def flat(across: float, up: float, drawn: str) -> str:
    """What a plane can't show."""
    return (
        "Of all the ways in which these vectors differ (their variance), this flat picture holds "
        f"**{across + up:.0f}%**: {across:.1f}% across and {up:.1f}% up. The rest is hidden, so "
        "two points may lie together here and be far apart. Hover for the token; click one to "
        f"choose it.{drawn}"
    )


ALONE = "This vocabulary has no other token."


def cosine(mean: float, spread: float) -> str:
    """What the bars measure, and against what."""
    return (
        "Cosine of the angle: 1 is the same direction, 0 a right angle. This token's cosine with "
        f"other tokens is {number(mean)} on average (standard deviation {number(spread)})."
    )


def stands_out(nearest: str, value: float, mean: float, spread: float, others: int) -> str:
    """Whether the nearest token is nearer than the best of as many random directions would be."""
    if others < 2 or spread <= 0:
        return ""
    above, chance = (value - mean) / spread, math.sqrt(2 * math.log(others))
    told = (
        f"The nearest, {code(nearest)}, lies {above:.1f} standard deviations above the mean. Of "
        f"{others:,} random directions the best would reach about {chance:.1f}. "
    )
    if above > chance + 1:
        return told + (
            "So this neighbour is no accident: tokens that are used alike came to point the same "
            "way, though nobody told the model which those are."
        )
    return told + "So these neighbours may be an accident. Try a more frequent token."


TIED = "**Tied**: the same table also scores the next token, so it has no second one."


def untied(both: int, count: int) -> str:
    """How the two tables' neighbours agree."""
    return (
        f"**Untied**: close here are tokens that get their scores for similar reasons. {both} of "
        f"{count} are in both lists."
    )


def lookup(config: GPTConfig) -> str:
    """How the table is used."""
    V, C = config.vocab_size, config.n_embd
    return (
        f"All vectors together are a table of {V:,} × {C} = **{V * C:,} numbers** (`wte`). Reading "
        "a text means looking up its rows: no arithmetic at all. At first the numbers are random. "
        "Training moves each row, and rows that get moved for the same reasons end up alike.\n\n"
        "A vector has a **direction** and a **length**. The cosine compares directions alone: it "
        "is the dot product (multiply number by number, add up), divided by both lengths. Where a "
        "token *stands* is not in its row. That comes in the lesson on positions."
    )


TRY = (
    "Search for a name, a day, a colour. Are the neighbours what you would have said?",
    "Choose a token that is only a piece of a word. Who are its neighbours, and why?",
    "Compare a frequent token with a rare one. Whose neighbours make more sense?",
)
QUESTIONS = (
    (
        "Two tokens have vectors (3, 4) and (6, 8). What is their cosine?",
        "1: they point the same way. The second is twice as long, and the cosine doesn't see that.",
    ),
    (
        "Two points lie on top of each other in the picture. Are their vectors nearly the same?",
        "Not necessarily. The picture shows two directions; they may differ in all others. The "
        "cosine uses all numbers.",
    ),
    (
        "The same word occurs twice in a text. Do its two embeddings differ?",
        "No. Both times the same row is looked up. What stands around the word comes in later, by "
        "attention.",
    ),
)
ABILITIES = (
    "say what the embedding table holds and how large it is",
    "read a cosine, and tell a neighbour from an accident",
    "say what a flat picture of vectors hides",
)
READING = (
    "Mikolov et al. 2013, [Linguistic Regularities in Continuous Space Word Representations]"
    "(https://aclanthology.org/N13-1090): directions that mean something",
    "Wattenberg, Viégas & Johnson 2016, [How to Use t-SNE Effectively]"
    "(https://distill.pub/2016/misread-tsne/): what flat pictures of vectors hide",
    "Press & Wolf 2017, [Using the Output Embedding to Improve Language Models]"
    "(https://aclanthology.org/E17-2025): one table for reading and predicting",
)
