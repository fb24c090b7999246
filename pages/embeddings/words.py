"""What the Embeddings lesson says, with the numbers of the model in view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from gpt_core.evaluation.paired import Difference
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
            f" That is not much: other tokens have {number(mean)} on average (standard deviation "
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
            "So this neighbour is no accident: training moved both the same way, mostly because "
            "both are used alike. Nobody told the model which tokens are."
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


def runs_intro(config: GPTConfig) -> str:
    """A second table, for runs; whether the model in view has one."""
    said = (
        "A row tells what a token is, whatever stands around it. But often the last few tokens "
        "together tell more: after “th” comes “e”. So some models have **a second table**, with "
        "vectors for **runs**: the last 2 tokens, the last 3, and so on. All that end at a token "
        "are added to its vector.\n\n"
        f"There are too many runs for a row each: {config.vocab_size:,} tokens make "
        f"{config.vocab_size**2:,} runs of 2 and {config.vocab_size**3:,} of 3. So the run's "
        "row is **computed**: its token ids are mixed into one large number, which is divided by "
        "the count of rows, and the remainder says which row it is. That is a **hash**. "
    )
    if config.ngrams:
        return said + (
            f"**This model has such a table**, for runs of 2 to {config.ngrams}, with "
            f"{config.ngram_rows:,} rows for each length."
        )
    return said + (
        "**This model has no such table.** Its tokens can show which rows would be looked up."
    )


YES_NO = ("yes", "no")


def runs_question(count: int, length: int, rows: int) -> str:
    """What to predict before any row is shown."""
    return (
        f"Your prompt has **{count} different runs of {length}**. (One ends at each token; the "
        "first ones begin before the text, where nothing stands.) A table has "
        f"**{rows:,} rows** for them. Do two different runs get the same row?"
    )


def judged_runs(guess: str, count: int, rows: int, pairs: Sequence[Sequence[str]]) -> Answer:
    """Whether runs share rows. pairs: the texts of those that do."""
    chance = 1 - math.prod(1 - i / rows for i in range(count)) if count <= rows else 1.0
    told = "No two of them do."
    if pairs:
        told = f"{_named(pairs[0])} do{_more(len(pairs) - 1)}."
    why = (
        f"{told} Were rows drawn at random, it would happen in {100 * chance:.0f} of 100 prompts "
        f"with {count} runs: there are {count * (count - 1) // 2:,} pairs, and each has one chance "
        f"in {rows:,}."
    )
    return Answer((guess == YES_NO[0]) == bool(pairs), why)


def _named(texts: Sequence[str]) -> str:
    """Some texts, the first three by name."""
    first = ", ".join(code(text) for text in texts[:3])
    return first if len(texts) <= 3 else f"{first} and {len(texts) - 3} more"


def _more(others: int) -> str:
    return f", and so do others in {others} more row{'s' if others > 1 else ''}" if others else ""


RUNS_ALT = "The row of each run that ends at the prompt's last tokens; shared rows are coloured"


def of_length(length: int) -> str:
    return f"last {length}"


def collisions(
    different: int, rows: int, told: Sequence[tuple[int, int, Sequence[str]]], shared: int
) -> str:
    """Which runs have one vector in common. told: length, row and texts of some; shared: of all."""
    if not shared:
        return (
            f"Each of the prompt's {different:,} different runs has a row of its own in tables of "
            f"{rows:,} rows. (In a whole text there are far more runs, and some will share.)"
        )
    said = "; ".join(f"row {row} of the last {length}: {_named(t)}" for length, row, t in told)
    more = f"; and {shared - len(told)} more" if shared > len(told) else ""
    return (
        f"**{shared} row{'s are' if shared > 1 else ' is'} shared**: {said}{more}. These runs have "
        "one vector for all, and what one of them teaches it, the others get too. Such a "
        "**collision** does little harm where one run is frequent and the others are rare: the "
        "row is then the frequent one's. And a run's shorter and longer neighbours still tell "
        "them apart."
    )


def added(token: float, runs: Sequence[float]) -> str:
    """How long the vectors at the last token are."""
    each = ", ".join(f"{number(length)} (last {n})" for n, length in enumerate(runs, start=2))
    longest = max(range(len(runs)), key=runs.__getitem__)
    said = (
        f"At the last token, its own vector has length {number(token)}; those of its runs: {each}. "
    )
    if runs[longest] == 0:
        return said + "All are still zero: training has never met these runs."
    if runs[longest] > token:
        return said + f"The run of {longest + 2} adds more here than the token itself."
    return said + "No run adds as much here as the token itself."


def runs_cost(config: GPTConfig, longest: int, rows: int) -> str:
    """Numbers and bytes of a table of runs against the table of tokens."""
    C, tokens = config.n_embd, config.vocab_size * config.n_embd
    table = (longest - 1) * rows * C
    whose = "This model's" if config.ngrams else f"As wide as this model's vectors, {C} numbers, a"
    return (
        f"**What it costs.** {whose} table for runs of 2 to {longest}, {rows:,} rows for each "
        f"length, holds {longest - 1} × {rows:,} × {C} = **{table:,} numbers**: "
        f"{number(4 * table / 1e6, '.3g')} MB, {number(table / tokens, '.3g')} times the table of "
        "tokens. "
        f"Memory, but hardly any arithmetic: a token reads {longest - 1} of its rows and adds "
        "them up."
    )


def runs_bring(
    plain: Sequence[float], runs: Sequence[float], steps: tuple[int, int], gain: Difference
) -> str:
    """What the table brought in a minute: bits per character with and without, a seed each.

    gain: of the paired differences plain − runs.
    """
    said = (
        "**What it brings.** Recorded on 29 November 2026, on two quiet cores: a model of 3 "
        "layers, 96 wide, read Tiny Shakespeare character by character for **a minute**, with and "
        f"without vectors for runs of 2 to 5. Without, it took {steps[0]} steps and came to "
        f"{number(median(plain))} bits per character on text that it had never read; with them "
        f"{steps[1]} steps, which are slower, and **{number(median(runs))}** (medians of "
        f"{len(plain)} seeds). "
    )
    between = f"{number(gain.low)} to {number(gain.high)} bits"
    if gain.sign > 0:
        return said + f"The same seed gained {between} (95% interval), so this is no luck."
    if gain.sign < 0:
        return said + "With the same seed it lost: here the table did harm."
    return said + "Seed by seed, the difference lies within what chance does."


TRY = (
    "Above, slide the rows down to 16. Which of your runs now share a vector? Would you mind?",
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
    "say what a table of runs looks up, what it costs, and why two runs may share a row",
    "say what the embedding table holds and how large it is",
    "read a cosine, and tell a neighbour from an accident",
    "say what a flat picture of vectors hides",
)
READING = (
    "Mikolov et al. 2013, [Linguistic Regularities in Continuous Space Word Representations]"
    "(https://aclanthology.org/N13-1090): directions that mean something",
    "Wattenberg, Viégas & Johnson 2016, [How to Use t-SNE Effectively]"
    "(https://distill.pub/2016/misread-tsne/): what flat pictures of vectors hide",
    "Svenstrup, Hansen & Winther 2017, [Hash Embeddings](https://arxiv.org/abs/1709.03933): rows "
    "that are shared by hashing",
    "Bojanowski et al. 2017, [Enriching Word Vectors with Subword Information]"
    "(https://aclanthology.org/Q17-1010): fastText's vectors for runs of characters",
    "Pagnoni et al. 2024, [Byte Latent Transformer](https://arxiv.org/abs/2412.09871), section "
    "3.2.1: such runs as a GPT's input",
    "Press & Wolf 2017, [Using the Output Embedding to Improve Language Models]"
    "(https://aclanthology.org/E17-2025): one table for reading and predicting",
)
