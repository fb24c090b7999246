"""What the first page says."""

from __future__ import annotations

import math

from ui.show.tokens import code


def row_of_last(width: int, token: str) -> str:
    return (
        f"Each id picks a row of a learned table: **{width} numbers** that stand for that token. "
        f"Here are those of the last one, {token}. No single number means anything by itself; "
        "tokens that are used alike have rows that point the same way."
    )


def position(position: int, width: int) -> str:
    return (
        f"A second table adds **where** the token stands: position {position} has {width} numbers "
        "of its own, and the two rows are added."
    )


ROTARY = (
    "This model doesn't add positions to the vectors. It turns queries and keys by an "
    "angle that depends on the position (RoPE), inside attention."
)


def stream(token: str, entering: float, part: str, layer: str, added: float, leaving: float) -> str:
    return (
        "Read it from the bottom up. The grey line is the stream. Each branch **reads** it (●) "
        "and **adds** (⊕) a vector of its own; the thicker the way back, the longer that "
        "vector.\n\n"
        f"For {code(token)} the vector enters layer 0 with length {entering:.2f}. The most is "
        f"added by the {part} of layer {layer}: {added:.2f}. After the last layer its length is "
        f"{leaving:.2f}. Layers are counted from 0.\n\n"
        "**Every part is a link** to the lesson that takes it apart."
    )


def guessed(first: str, share: float, rank: int, vocabulary: int) -> str:
    return f"{first} has {share:.2f}%: number {rank:,} of {vocabulary:,} on its list."


def surprise(bits: float, vocabulary: int) -> str:
    return (
        f"How well does it know *your* text? On average it needed **{bits:.2f} bits** for each of "
        f"your tokens. Pure guessing among {vocabulary:,} would need {math.log2(vocabulary):.2f}."
    )


INTRO = (
    "A GPT does one thing: it reads some text and says, for every token that it knows, how likely "
    "that token is to come **next**. Everything else on these pages is how it gets there. "
    "Edit the prompt in the sidebar: every number below is computed again, by a real model, as "
    "you type."
)


def tokens(pieces: int) -> str:
    return (
        "The model never sees letters. A **tokenizer** cuts the text into pieces from a fixed "
        f"list and writes each piece's number. This model's list has {pieces:,} pieces. A dashed "
        "outline marks a piece that is not on the list."
    )


BLOCKS = (
    "From here on each token carries its vector through the blocks: the **residual stream**. A "
    "block never replaces the vector. **Attention** looks at earlier tokens and *adds* what it "
    "found; the **MLP** works on the token alone and *adds* what it made of it."
)


def probabilities(width: int, vocabulary: int) -> str:
    return (
        f"One more learned table turns the last token's {width} numbers into {vocabulary:,} "
        "scores, one for each token. Softmax makes them positive and lets them add up to 100%."
    )


def training(parameters: int) -> str:
    return (
        f"From training. This model has **{parameters:,}** numbers, all random at the start. It "
        "read a text, guessed each next token, and was corrected, thousands of times. The "
        "**Training** lesson shows the correcting. The text comes first:"
    )


TRY = (
    "Type a name from the cast and a colon, `MABEL:`. What does the model expect after it?",
    "Delete the last character of the prompt, then put another. Watch the last chart.",
    "Write something that no sitcom would say. How many bits does it need now?",
)

NOTEBOOKS = (
    "Two notebooks for Jupyter hold the same in code: the whole model line by line, and each "
    "concept on numbers that you can check. They run beside the project's folders, on a laptop."
)
